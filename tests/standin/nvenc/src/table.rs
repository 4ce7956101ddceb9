//! The two exported functions, and the table of all others.

use std::ffi::{c_char, c_void};

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;
use sightline_standin::machine;

use crate::calls::calls;
use crate::pictures::{
    create_input, create_output, destroy, destroy_input, destroy_output, encode, initialize, lock_input, lock_output,
    map, reconfigure, register, sequence, set_streams, unlock_input, unlock_output, unmap, unregister,
};
use crate::queries::{
    capability, codec_count, codecs, format_count, formats, open, preset, preset_count, preset_list, profile_count,
    profile_list,
};
use crate::status::Nv;
use crate::version::{self, Structure};

calls! {
    fn unimplemented() { Err(Nv::UNIMPLEMENTED) }
}

extern "C" fn last_error(_encoder: u64) -> *const c_char {
    c"the stand-in driver keeps no texts of errors".as_ptr()
}

// SAFETY: the name is the driver's own, which this library stands in for; the client gives room for a number.
#[unsafe(no_mangle)]
unsafe extern "C" fn NvEncodeAPIGetMaxSupportedVersion(out: *mut u32) -> u32 {
    if out.is_null() {
        return Nv::INVALID_PTR.0;
    }
    // SAFETY: not null, and the client's promise.
    unsafe { out.write(version::newest(machine().faults().old_driver)) };
    0
}

// SAFETY: the name is the driver's own, which this library stands in for; the client gives a table of its version.
#[unsafe(no_mangle)]
unsafe extern "C" fn NvEncodeAPICreateInstance(table: *mut api::NV_ENCODE_API_FUNCTION_LIST) -> u32 {
    if table.is_null() {
        return Nv::INVALID_PTR.0;
    }
    // SAFETY: not null, and the client's promise; every entry is a pointer to a function with the entry's own arguments.
    unsafe {
        let of = version::api_of((*table).version);
        let known = version::is_served(of, machine().faults().old_driver);
        if !known || version::check(of, Structure::Table, (*table).version).is_err() {
            return Nv::INVALID_VERSION.0;
        }
        let first = (&raw mut (*table).nvEncOpenEncodeSession).cast::<*const c_void>();
        // From the first entry to the last one of this version.
        let entries = (&raw mut (*table).reserved2).cast::<*const c_void>().offset_from(first);
        for entry in 0..entries {
            first.offset(entry).write(unimplemented as *const c_void);
        }
        macro_rules! entries {
            ($($entry:ident = $function:ident;)*) => {
                $((&raw mut (*table).$entry).cast::<*const c_void>().write($function as *const c_void);)*
            };
        }
        entries! {
            nvEncOpenEncodeSessionEx = open;
            nvEncGetEncodeGUIDCount = codec_count;
            nvEncGetEncodeGUIDs = codecs;
            nvEncGetEncodeProfileGUIDCount = profile_count;
            nvEncGetEncodeProfileGUIDs = profile_list;
            nvEncGetInputFormatCount = format_count;
            nvEncGetInputFormats = formats;
            nvEncGetEncodeCaps = capability;
            nvEncGetEncodePresetCount = preset_count;
            nvEncGetEncodePresetGUIDs = preset_list;
            nvEncGetEncodePresetConfigEx = preset;
            nvEncInitializeEncoder = initialize;
            nvEncReconfigureEncoder = reconfigure;
            nvEncSetIOCudaStreams = set_streams;
            nvEncCreateInputBuffer = create_input;
            nvEncDestroyInputBuffer = destroy_input;
            nvEncLockInputBuffer = lock_input;
            nvEncUnlockInputBuffer = unlock_input;
            nvEncCreateBitstreamBuffer = create_output;
            nvEncDestroyBitstreamBuffer = destroy_output;
            nvEncRegisterResource = register;
            nvEncUnregisterResource = unregister;
            nvEncMapInputResource = map;
            nvEncUnmapInputResource = unmap;
            nvEncEncodePicture = encode;
            nvEncLockBitstream = lock_output;
            nvEncUnlockBitstream = unlock_output;
            nvEncGetSequenceParams = sequence;
            nvEncGetLastErrorString = last_error;
            nvEncDestroyEncoder = destroy;
        }
    }
    0
}
