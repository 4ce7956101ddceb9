//! The exported functions and the table of all others.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex};

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;
use sightline_standin::machine;

use crate::caps;
use crate::lists::{is_h264, list, presets, profiles};
use crate::plan::{self, PRESETS, Plan};
use crate::resources::{Buffer, NV12, Output, Registered};
use crate::session::{Request, Session, lock};
use crate::status::{Nv, given, number};
use crate::version::{self, Structure};

const FORCE_INTRA: u32 = 1;
const FORCE_IDR: u32 = 2;
const WITH_SETS: u32 = 4;
const END_OF_STREAM: u32 = 8;
const CUDA_DEVICE: u32 = 1;
const LARGEST_OUTPUT: usize = u32::MAX as usize;

macro_rules! calls {
    ($(fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block)*) => {$(
        // SAFETY: clients reach it through the table and keep the contract of the interface's documents.
        #[allow(unused_unsafe, clippy::redundant_closure_call)]
        unsafe extern "C" fn $name($($arg: $ty),*) -> u32 {
            // SAFETY: bodies touch the client's structures alone, on the promise above.
            let answer: Result<(), Nv> = unsafe { (move || { $body })() };
            let code = answer.map_or_else(|code| code.0, |()| 0);
            if code != 0 {
                machine().counters.refused.add(1);
            }
            code
        }
    )*};
}

calls! {
    fn open(how: *mut api::NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS, out: *mut u64) {
        let (how, out) = (given(how)?, given(out)?);
        let of = (*how).apiVersion;
        if !version::is_served(of, machine().faults.old_driver) {
            return Err(Nv::INVALID_VERSION);
        }
        version::check(of, Structure::Plain, (*how).version)?;
        if number(&raw const (*how).deviceType) != CUDA_DEVICE {
            return Err(Nv::UNSUPPORTED_DEVICE);
        }
        out.write(Session::open((*how).device as u64, of)?);
        Ok(())
    }
    fn codec_count(encoder: u64, count: *mut u32) {
        Session::usable(encoder)?;
        given(count)?.write(1);
        Ok(())
    }
    fn codecs(encoder: u64, out: *mut api::GUID, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        list(&[api::NV_ENC_CODEC_H264_GUID], out, room, count)
    }
    fn profile_count(encoder: u64, codec: api::GUID, count: *mut u32) {
        Session::usable(encoder)?;
        is_h264(codec)?;
        given(count)?.write(4);
        Ok(())
    }
    fn profile_list(encoder: u64, codec: api::GUID, out: *mut api::GUID, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        is_h264(codec)?;
        list(&profiles(), out, room, count)
    }
    fn preset_count(encoder: u64, codec: api::GUID, count: *mut u32) {
        Session::usable(encoder)?;
        is_h264(codec)?;
        given(count)?.write(7);
        Ok(())
    }
    fn preset_list(encoder: u64, codec: api::GUID, out: *mut api::GUID, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        is_h264(codec)?;
        list(&presets(), out, room, count)
    }
    fn format_count(encoder: u64, codec: api::GUID, count: *mut u32) {
        Session::usable(encoder)?;
        is_h264(codec)?;
        given(count)?.write(1);
        Ok(())
    }
    fn formats(encoder: u64, codec: api::GUID, out: *mut u32, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        is_h264(codec)?;
        list(&[NV12], out, room, count)
    }
    fn capability(encoder: u64, codec: api::GUID, how: *mut api::NV_ENC_CAPS_PARAM, out: *mut i32) {
        let session = Session::usable(encoder)?;
        is_h264(codec)?;
        version::check(session.api, Structure::Plain, (*given(how)?).version)?;
        given(out)?.write(caps::of(number(&raw const (*how).capsToQuery)).ok_or(Nv::INVALID_PARAM)?);
        Ok(())
    }
    fn preset(encoder: u64, codec: api::GUID, id: api::GUID, tuning: u32, out: *mut api::NV_ENC_PRESET_CONFIG) {
        let session = Session::usable(encoder)?;
        is_h264(codec)?;
        let out = given(out)?;
        version::check(session.api, Structure::Preset, (*out).version)?;
        version::check(session.api, Structure::Config, (*out).presetCfg.version)?;
        if !PRESETS.contains(&id.Data1) {
            return Err(Nv::UNSUPPORTED_PARAM);
        }
        if !(1..=4).contains(&tuning) {
            return Err(Nv::INVALID_PARAM);
        }
        plan::fill_preset(tuning, &raw mut (*out).presetCfg);
        Ok(())
    }
    fn initialize(encoder: u64, how: *mut api::NV_ENC_INITIALIZE_PARAMS) {
        let session = Session::usable(encoder)?;
        session.initialize(Plan::read(session.api, given(how)?)?)
    }
    fn reconfigure(encoder: u64, how: *mut api::NV_ENC_RECONFIGURE_PARAMS) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Reconfigure, (*how).version)?;
        let next = Plan::read(session.api, &raw const (*how).reInitEncodeParams)?;
        session.reconfigure(next, number(&raw const (*how)._bitfield_1) & 3 != 0)
    }
    fn set_streams(encoder: u64, input: *mut u64, output: *mut u64) {
        let session = Session::usable(encoder)?;
        session.is_initialized()?;
        given(output)?;
        session.set_stream(*given(input)?)
    }
    fn create_input(encoder: u64, how: *mut api::NV_ENC_CREATE_INPUT_BUFFER) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Plain, (*how).version)?;
        let buffer = Buffer::new((*how).width, (*how).height, number(&raw const (*how).bufferFmt))?;
        let resources = &mut session.state().resources;
        let handle = resources.handle();
        resources.buffers.insert(handle, Arc::new(buffer));
        (*how).inputBuffer = handle as *mut c_void;
        Ok(())
    }
    fn destroy_input(encoder: u64, buffer: u64) {
        let session = Session::usable(encoder)?;
        session.state().resources.buffers.remove(&buffer).map(drop).ok_or(Nv::INVALID_PTR)
    }
    fn lock_input(encoder: u64, how: *mut api::NV_ENC_LOCK_INPUT_BUFFER) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Plain, (*how).version)?;
        let state = session.state();
        let buffer = state.resources.buffers.get(&((*how).inputBuffer as u64)).ok_or(Nv::INVALID_PTR)?;
        (*how).bufferDataPtr = lock(&buffer.bytes).as_mut_ptr().cast();
        (*how).pitch = u32::try_from(buffer.pitch).unwrap_or(0);
        Ok(())
    }
    fn unlock_input(encoder: u64, buffer: u64) {
        let session = Session::usable(encoder)?;
        let state = session.state();
        let buffer = state.resources.buffers.get(&buffer).ok_or(Nv::INVALID_PTR)?;
        machine().counters.host_to_device.add(lock(&buffer.bytes).len() as u64);
        Ok(())
    }
    fn create_output(encoder: u64, how: *mut api::NV_ENC_CREATE_BITSTREAM_BUFFER) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Plain, (*how).version)?;
        let resources = &mut session.state().resources;
        let handle = resources.handle();
        resources.outputs.insert(handle, Arc::new(Mutex::new(Output::default())));
        (*how).bitstreamBuffer = handle as *mut c_void;
        Ok(())
    }
    fn destroy_output(encoder: u64, output: u64) {
        let session = Session::usable(encoder)?;
        session.state().resources.outputs.remove(&output).map(drop).ok_or(Nv::INVALID_PTR)
    }
    fn register(encoder: u64, how: *mut api::NV_ENC_REGISTER_RESOURCE) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Register, (*how).version)?;
        let (kind, format) = (number(&raw const (*how).resourceType), number(&raw const (*how).bufferFormat));
        let size = ((*how).width, (*how).height);
        let one = Registered::new(kind, format, (*how).resourceToRegister as u64, size, (*how).pitch)?;
        let resources = &mut session.state().resources;
        let handle = resources.handle();
        resources.registered.insert(handle, one);
        (*how).registeredResource = handle as *mut c_void;
        Ok(())
    }
    fn unregister(encoder: u64, resource: u64) {
        let session = Session::usable(encoder)?;
        let resources = &mut session.state().resources;
        if resources.registered.get(&resource).ok_or(Nv::NOT_REGISTERED)?.mapped.is_some() {
            return Err(Nv::INVALID_CALL);
        }
        resources.registered.remove(&resource);
        Ok(())
    }
    fn map(encoder: u64, how: *mut api::NV_ENC_MAP_INPUT_RESOURCE) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Map, (*how).version)?;
        let ticket = session.default_stream()?;
        let resources = &mut session.state().resources;
        let handle = resources.handle();
        let one = resources.registered.get_mut(&((*how).registeredResource as u64)).ok_or(Nv::NOT_REGISTERED)?;
        if one.mapped.is_some() || machine().memory.find(one.address, one.size()).is_none() {
            return Err(Nv::MAP_FAILED);
        }
        one.mapped = Some((handle, ticket));
        (*how).mappedResource = handle as *mut c_void;
        (&raw mut (*how).mappedBufferFmt).cast::<u32>().write(NV12);
        Ok(())
    }
    fn unmap(encoder: u64, mapped: u64) {
        let session = Session::usable(encoder)?;
        let resources = &mut session.state().resources;
        let one = resources.registered.values_mut().find(|one| one.mapped.as_ref().is_some_and(|(handle, _)| *handle == mapped));
        one.ok_or(Nv::NOT_MAPPED)?.mapped = None;
        Ok(())
    }
    fn encode(encoder: u64, picture: *mut api::NV_ENC_PIC_PARAMS) {
        let session = Session::usable(encoder)?;
        let picture = given(picture)?;
        version::check(session.api, Structure::Picture, (*picture).version)?;
        let flags = (*picture).encodePicFlags;
        if flags & END_OF_STREAM != 0 {
            return session.flush();
        }
        if number(&raw const (*picture).bufferFmt) != NV12 || number(&raw const (*picture).pictureStruct) != 1 {
            return Err(Nv::UNSUPPORTED_PARAM);
        }
        session.encode(&Request {
            input: (*picture).inputBuffer as u64,
            output: (*picture).outputBitstream as u64,
            key: flags & (FORCE_IDR | FORCE_INTRA) != 0,
            with_sets: flags & WITH_SETS != 0,
            time: (*picture).inputTimeStamp,
            duration: (*picture).inputDuration,
        })
    }
    fn lock_output(encoder: u64, how: *mut api::NV_ENC_LOCK_BITSTREAM) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Lock, (*how).version)?;
        let output = session.state().resources.output((*how).outputBitstream as u64)?;
        let ticket = {
            let output = lock(&output);
            if !output.busy || output.locked {
                return Err(Nv::INVALID_CALL);
            }
            output.ticket.clone().ok_or(Nv::INVALID_CALL)?
        };
        ticket.wait();
        Session::usable(encoder)?;
        let mut output = lock(&output);
        if output.failed || output.bytes.len() > LARGEST_OUTPUT {
            return Err(Nv::GENERIC);
        }
        output.locked = true;
        (*how).bitstreamBufferPtr = output.bytes.as_mut_ptr().cast();
        (*how).bitstreamSizeInBytes = u32::try_from(output.bytes.len()).unwrap_or(0);
        (*how).outputTimeStamp = output.time;
        (*how).outputDuration = output.duration;
        (*how).frameIdx = output.number;
        (*how).hwEncodeStatus = 2;
        (*how).numSlices = 1;
        (*how).frameAvgQP = 0;
        (&raw mut (*how).pictureType).cast::<u32>().write(if output.key { 3 } else { 0 });
        (&raw mut (*how).pictureStruct).cast::<u32>().write(1);
        Ok(())
    }
    fn unlock_output(encoder: u64, output: u64) {
        let session = Session::usable(encoder)?;
        let output = session.state().resources.output(output)?;
        let mut output = lock(&output);
        if !output.locked {
            return Err(Nv::INVALID_CALL);
        }
        *output = Output::default();
        Ok(())
    }
    fn sequence(encoder: u64, how: *mut api::NV_ENC_SEQUENCE_PARAM_PAYLOAD) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Plain, (*how).version)?;
        let sets = session.sets()?;
        if (*how).spsppsBuffer.is_null() || (*how).outSPSPPSPayloadSize.is_null() {
            return Err(Nv::INVALID_PTR);
        }
        if sets.len() > usize::try_from((*how).inBufferSize).unwrap_or(0) {
            return Err(Nv::NOT_ENOUGH_BUFFER);
        }
        (*how).spsppsBuffer.cast::<u8>().copy_from_nonoverlapping(sets.as_ptr(), sets.len());
        (*how).outSPSPPSPayloadSize.write(u32::try_from(sets.len()).unwrap_or(0));
        Ok(())
    }
    fn destroy(encoder: u64) { Session::close(encoder) }
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
    unsafe { out.write(version::newest(machine().faults.old_driver)) };
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
        let known = version::is_served(of, machine().faults.old_driver);
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
