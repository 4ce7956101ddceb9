//! Functions of the table that settle an encoder, keep its inputs and outputs, and encode.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;
use sightline_standin::machine;

use crate::calls::calls;
use crate::plan::Plan;
use crate::resources::{Buffer, Layout, Mapping, Output, Registered};
use crate::session::{Request, Session, lock};
use crate::status::{Nv, given, number};
use crate::version::{self, Structure};

const FORCE_INTRA: u32 = 1;
const FORCE_IDR: u32 = 2;
const WITH_SETS: u32 = 4;
const END_OF_STREAM: u32 = 8;
const LARGEST_OUTPUT: usize = u32::MAX as usize;

calls! {
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
        machine().counters.encoder_buffers_live.add(1);
        (*how).inputBuffer = handle as *mut c_void;
        Ok(())
    }
    fn destroy_input(encoder: u64, buffer: u64) {
        let session = Session::usable(encoder)?;
        session.state().resources.buffers.remove(&buffer).ok_or(Nv::INVALID_PTR)?;
        machine().counters.encoder_buffers_live.take(1);
        Ok(())
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
        machine().counters.encoder_buffers_live.add(1);
        (*how).bitstreamBuffer = handle as *mut c_void;
        Ok(())
    }
    fn destroy_output(encoder: u64, output: u64) {
        let session = Session::usable(encoder)?;
        session.state().resources.outputs.remove(&output).ok_or(Nv::INVALID_PTR)?;
        machine().counters.encoder_buffers_live.take(1);
        Ok(())
    }
    fn register(encoder: u64, how: *mut api::NV_ENC_REGISTER_RESOURCE) {
        let session = Session::usable(encoder)?;
        let how = given(how)?;
        version::check(session.api, Structure::Register, (*how).version)?;
        let what = (number(&raw const (*how).resourceType), number(&raw const (*how).bufferFormat));
        let size = ((*how).width, (*how).height);
        let one = Registered::new(what, (*how).resourceToRegister as u64, size, (*how).pitch, session.device.ordinal)?;
        let resources = &mut session.state().resources;
        let handle = resources.handle();
        resources.registered.insert(handle, one);
        machine().counters.inputs_registered.add(1);
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
        machine().counters.inputs_registered.take(1);
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
        one.mapped = Some(Mapping { handle, ticket, there: Arc::new(AtomicBool::new(true)) });
        let format = one.layout.number();
        machine().counters.inputs_mapped.add(1);
        (*how).mappedResource = handle as *mut c_void;
        (&raw mut (*how).mappedBufferFmt).cast::<u32>().write(format);
        Ok(())
    }
    fn unmap(encoder: u64, mapped: u64) {
        let session = Session::usable(encoder)?;
        let resources = &mut session.state().resources;
        let is_it = |one: &&mut Registered| one.mapped.as_ref().is_some_and(|mapping| mapping.handle == mapped);
        let mapping = resources.registered.values_mut().find(is_it).and_then(|one| one.mapped.take());
        mapping.ok_or(Nv::NOT_MAPPED)?.there.store(false, Ordering::SeqCst);
        machine().counters.inputs_mapped.take(1);
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
        let layout = Layout::from_number(number(&raw const (*picture).bufferFmt));
        let layout = layout.filter(|_| number(&raw const (*picture).pictureStruct) == 1).ok_or(Nv::UNSUPPORTED_PARAM)?;
        session.encode(&Request {
            input: (*picture).inputBuffer as u64,
            output: (*picture).outputBitstream as u64,
            layout,
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
            // None while its picture waits for others: not before one of them was taken with success.
            output.ticket.clone().ok_or(Nv::LOCK_BUSY)?
        };
        let do_not_wait = number(&raw const (*how)._bitfield_1) & 1 == 1;
        if do_not_wait && !ticket.is_done() {
            return Err(Nv::LOCK_BUSY);
        }
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
}
