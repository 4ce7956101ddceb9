//! Functions of the table that open sessions and tell what there is.

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;
use sightline_standin::machine;

use crate::calls::calls;
use crate::caps;
use crate::codec::Codec;
use crate::lists::{list, presets};
use crate::plan::{self, PRESETS};
use crate::session::Session;
use crate::status::{Nv, given, number};
use crate::version::{self, Structure};

const CUDA_DEVICE: u32 = 1;

fn counted<T>(all: &[T]) -> u32 {
    u32::try_from(all.len()).unwrap_or(0)
}

calls! {
    fn open(how: *mut api::NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS, out: *mut u64) {
        let (how, out) = (given(how)?, given(out)?);
        let of = (*how).apiVersion;
        if !version::is_served(of, machine().faults().old_driver) {
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
        given(count)?.write(counted(&Codec::all()));
        Ok(())
    }
    fn codecs(encoder: u64, out: *mut api::GUID, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        let all: Vec<_> = Codec::all().into_iter().map(Codec::guid).collect();
        list(&all, out, room, count)
    }
    fn profile_count(encoder: u64, codec: api::GUID, count: *mut u32) {
        Session::usable(encoder)?;
        given(count)?.write(counted(&Codec::from_guid(codec)?.profiles()));
        Ok(())
    }
    fn profile_list(encoder: u64, codec: api::GUID, out: *mut api::GUID, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        list(&Codec::from_guid(codec)?.profiles(), out, room, count)
    }
    fn preset_count(encoder: u64, codec: api::GUID, count: *mut u32) {
        Session::usable(encoder)?;
        Codec::from_guid(codec)?;
        given(count)?.write(counted(&presets()));
        Ok(())
    }
    fn preset_list(encoder: u64, codec: api::GUID, out: *mut api::GUID, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        Codec::from_guid(codec)?;
        list(&presets(), out, room, count)
    }
    fn format_count(encoder: u64, codec: api::GUID, count: *mut u32) {
        Session::usable(encoder)?;
        given(count)?.write(counted(&Codec::from_guid(codec)?.layouts()));
        Ok(())
    }
    fn formats(encoder: u64, codec: api::GUID, out: *mut u32, room: u32, count: *mut u32) {
        Session::usable(encoder)?;
        list(&Codec::from_guid(codec)?.layouts(), out, room, count)
    }
    fn capability(encoder: u64, codec: api::GUID, how: *mut api::NV_ENC_CAPS_PARAM, out: *mut i32) {
        let session = Session::usable(encoder)?;
        let codec = Codec::from_guid(codec)?;
        version::check(session.api, Structure::Plain, (*given(how)?).version)?;
        given(out)?.write(caps::of(codec, number(&raw const (*how).capsToQuery)).ok_or(Nv::INVALID_PARAM)?);
        Ok(())
    }
    fn preset(encoder: u64, codec: api::GUID, id: api::GUID, tuning: u32, out: *mut api::NV_ENC_PRESET_CONFIG) {
        let session = Session::usable(encoder)?;
        let codec = Codec::from_guid(codec)?;
        let out = given(out)?;
        version::check(session.api, Structure::Preset, (*out).version)?;
        version::check(session.api, Structure::Config, (*out).presetCfg.version)?;
        if !PRESETS.contains(&id.Data1) {
            return Err(Nv::UNSUPPORTED_PARAM);
        }
        if !(1..=4).contains(&tuning) {
            return Err(Nv::INVALID_PARAM);
        }
        plan::fill_preset(codec, tuning, &raw mut (*out).presetCfg);
        Ok(())
    }
}
