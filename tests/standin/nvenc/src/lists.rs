//! Lists that clients ask for.

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

use crate::status::Nv;

/// As many of `all` as the client has room for, and how many that is.
///
/// # Safety
/// Both pointers are null or the client's, the first with room for `room` items.
pub(crate) unsafe fn list<T: Copy>(all: &[T], out: *mut T, room: u32, count: *mut u32) -> Result<(), Nv> {
    let fits = all.len().min(usize::try_from(room).unwrap_or(0));
    if out.is_null() || count.is_null() {
        return Err(Nv::INVALID_PTR);
    }
    // SAFETY: the client promises room for `room` items.
    unsafe {
        out.copy_from_nonoverlapping(all.as_ptr(), fits);
        count.write(u32::try_from(fits).unwrap_or(0));
    }
    Ok(())
}

/// The presets P1 to P7.
pub(crate) fn presets() -> Vec<api::GUID> {
    vec![
        api::NV_ENC_PRESET_P1_GUID,
        api::NV_ENC_PRESET_P2_GUID,
        api::NV_ENC_PRESET_P3_GUID,
        api::NV_ENC_PRESET_P4_GUID,
        api::NV_ENC_PRESET_P5_GUID,
        api::NV_ENC_PRESET_P6_GUID,
        api::NV_ENC_PRESET_P7_GUID,
    ]
}
