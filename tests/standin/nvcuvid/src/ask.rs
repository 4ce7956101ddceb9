//! What clients ask of a decoder: what it can do, and whether it does what they want.

use nvidia_video_codec_sdk::sys::cuviddec::{CUVIDDECODECAPS, CUVIDDECODECREATEINFO};
use sightline_standin::fault::Refused;
use sightline_standin::memory::ALIGN;
use sightline_standin::{Cu, abi, machine};

use crate::codec::Codec;
use crate::convert::Layout;

const LARGEST: u64 = 8192;

/// Whether pictures of that kind can be decoded, as far as no fault is asked for.
fn decodes(codec: Codec, chroma: u32, depth: u32) -> bool {
    let faults = machine().faults();
    let refused = |one: &Refused| match one {
        Refused::H264 => codec == Codec::H264,
        Refused::Hevc => codec == Codec::Hevc,
        Refused::Hevc10 => codec == Codec::Hevc && depth > 8,
    };
    codec.decodes(chroma, depth) && !faults.no_nvdec && !faults.refused.iter().any(refused)
}

/// The numbers of the structure, read without a look at its enumerations: a client may hold values that these do not know.
///
/// # Safety
/// A 32 bit field of a client's structure.
pub(crate) unsafe fn number<T>(field: *const T) -> u32 {
    // SAFETY: each enumeration of the interface is a 32 bit number in the client's structure.
    unsafe { field.cast::<u32>().read() }
}

/// Checks what is asked for.
///
/// # Safety
/// The client's structure.
pub(crate) unsafe fn layout(info: *const CUVIDDECODECREATEINFO) -> Result<(Codec, Layout), Cu> {
    // SAFETY: the caller's structure; enumerations are read as numbers.
    let (codec, chroma, output, deinterlace, info) = unsafe {
        let codec = Codec::from_number(number(&raw const (*info).CodecType)).ok_or(Cu::NOT_SUPPORTED)?;
        let chroma = number(&raw const (*info).ChromaFormat);
        (codec, chroma, number(&raw const (*info).OutputFormat), number(&raw const (*info).DeinterlaceMode), info)
    };
    // SAFETY: plain numbers of the client's structure.
    let (width, height, depth, target, area, rect, surfaces) = unsafe {
        let (area, rect) = ((*info).display_area, (*info).target_rect);
        (
            (*info).ulWidth,
            (*info).ulHeight,
            (*info).bitDepthMinus8 + 8,
            ((*info).ulTargetWidth, (*info).ulTargetHeight),
            [area.left, area.top, area.right, area.bottom].map(i64::from),
            [rect.left, rect.top, rect.right, rect.bottom].map(i64::from),
            ((*info).ulNumDecodeSurfaces, (*info).ulNumOutputSurfaces),
        )
    };
    if !(48..=LARGEST).contains(&width) || !(16..=LARGEST).contains(&height) {
        return Err(Cu::NOT_SUPPORTED);
    }
    let depth = u32::try_from(depth).map_err(|_| Cu::INVALID_VALUE)?;
    if !decodes(codec, chroma, depth) || output != u32::from(depth > 8) {
        return Err(Cu::NOT_SUPPORTED);
    }
    if surfaces.0 == 0 || surfaces.0 > 64 || surfaces.1 == 0 || surfaces.1 > 64 || deinterlace > 2 {
        return Err(Cu::INVALID_VALUE);
    }
    if target.0 == 0 || target.1 == 0 || target.0 % 2 != 0 || target.1 % 2 != 0 {
        return Err(Cu::INVALID_VALUE);
    }
    let (wide, high) = (width.cast_signed(), height.cast_signed());
    let shown = if area == [0; 4] { [0, 0, wide, high] } else { area };
    if shown[0] < 0
        || shown[1] < 0
        || shown[2] > wide
        || shown[3] > high
        || shown[0] >= shown[2]
        || shown[1] >= shown[3]
    {
        return Err(Cu::INVALID_VALUE);
    }
    let even = |from: i64, to: i64| (to - from + 1) & !1;
    let (to_width, to_height) = (target.0.cast_signed(), target.1.cast_signed());
    // A device scales here; nobody of ours asks it to, since kernels do.
    let plain = even(shown[0], shown[2]) == to_width && even(shown[1], shown[3]) == to_height;
    if !plain || rect != [0; 4] && rect != [0, 0, to_width, to_height] {
        return Err(Cu::NOT_SUPPORTED);
    }
    let size = |value: i64| usize::try_from(value).unwrap_or(0);
    let bytes = if depth > 8 { 2 } else { 1 };
    let pitch = (size(to_width) * bytes).next_multiple_of(usize::try_from(ALIGN).unwrap_or(512));
    let layout = Layout {
        left: size(shown[0]),
        top: size(shown[1]),
        width: size(to_width),
        height: size(to_height),
        pitch,
        deep: depth > 8,
    };
    Ok((codec, layout))
}

abi! {
    fn cuvidGetDecoderCaps(caps: *mut CUVIDDECODECAPS) {
        machine().current()?;
        if caps.is_null() {
            return Err(Cu::INVALID_VALUE);
        }
        let codec = Codec::from_number(number(&raw const (*caps).eCodecType));
        let (chroma, depth) = (number(&raw const (*caps).eChromaFormat), (*caps).nBitDepthMinus8.saturating_add(8));
        let decodes = codec.is_some_and(|codec| decodes(codec, chroma, depth));
        (*caps).bIsSupported = u8::from(decodes);
        (*caps).nNumNVDECs = u8::from(decodes);
        (*caps).nOutputFormatMask = match (decodes, depth) { (false, _) => 0, (true, 8) => 1, (true, _) => 2 };
        let largest = if decodes { u32::try_from(LARGEST).unwrap_or(0) } else { 0 };
        (*caps).nMaxWidth = largest;
        (*caps).nMaxHeight = largest;
        (*caps).nMaxMBCount = largest * largest / 256;
        (*caps).nMinWidth = if decodes { 48 } else { 0 };
        (*caps).nMinHeight = if decodes { 16 } else { 0 };
        (*caps).bIsHistogramSupported = 0;
        (*caps).nCounterBitDepth = 0;
        (*caps).nMaxHistogramBins = 0;
        Ok(())
    }
}
