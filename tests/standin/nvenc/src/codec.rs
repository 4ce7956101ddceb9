//! The codecs of the stand-in's encoder: their identifiers, profiles, layouts of pictures, and where their settings stand.

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;
use sightline_standin::fault::Refused;
use sightline_standin::machine;

use crate::resources::Layout;
use crate::status::{Nv, number};

/// What is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    H264,
    Hevc,
}

/// The profiles that x264 and x265 are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Baseline,
    Main,
    High,
    HevcMain,
    HevcMain10,
}

/// What the codec's own part of a configuration says.
pub(crate) struct Own {
    pub(crate) delimiters: bool,
    pub(crate) without_sets: bool,
    pub(crate) repeat_sets: bool,
    /// Bits of a sample.
    pub(crate) depth: u32,
    pub(crate) vui: *const api::NV_ENC_CONFIG_H264_VUI_PARAMETERS,
}

impl Codec {
    /// The codecs that this device encodes.
    pub(crate) fn all() -> Vec<Self> {
        let hevc = !machine().faults().refused.contains(&Refused::EncodeHevc);
        [Self::H264, Self::Hevc].into_iter().filter(|codec| *codec == Self::H264 || hevc).collect()
    }

    /// The codec of an identifier, whose first number is enough to tell it from the others.
    pub(crate) fn from_guid(guid: api::GUID) -> Result<Self, Nv> {
        Self::all().into_iter().find(|codec| codec.guid().Data1 == guid.Data1).ok_or(Nv::UNSUPPORTED_PARAM)
    }

    pub(crate) fn guid(self) -> api::GUID {
        match self {
            Self::H264 => api::NV_ENC_CODEC_H264_GUID,
            Self::Hevc => api::NV_ENC_CODEC_HEVC_GUID,
        }
    }

    /// Whether pictures of 10 bit are encoded.
    pub(crate) fn encodes_ten_bits(self) -> bool {
        self == Self::Hevc && !machine().faults().refused.contains(&Refused::EncodeHevc10)
    }

    /// Layouts of the pictures that are taken.
    pub(crate) fn layouts(self) -> Vec<u32> {
        let deep = self.encodes_ten_bits().then_some(Layout::P010);
        [Some(Layout::Nv12), deep].into_iter().flatten().map(Layout::number).collect()
    }

    /// The profiles that can be asked for.
    pub(crate) fn profiles(self) -> Vec<api::GUID> {
        let own = match self {
            Self::H264 => vec![
                api::NV_ENC_H264_PROFILE_BASELINE_GUID,
                api::NV_ENC_H264_PROFILE_MAIN_GUID,
                api::NV_ENC_H264_PROFILE_HIGH_GUID,
            ],
            Self::Hevc => vec![api::NV_ENC_HEVC_PROFILE_MAIN_GUID, api::NV_ENC_HEVC_PROFILE_MAIN10_GUID],
        };
        [vec![api::NV_ENC_CODEC_PROFILE_AUTOSELECT_GUID], own].concat()
    }

    /// The profile of an identifier, for samples of so many bits.
    pub(crate) fn profile(self, guid: api::GUID, depth: u32) -> Result<Profile, Nv> {
        let is = |other: api::GUID| guid.Data1 == other.Data1;
        let chosen = guid.Data1 == 0 || is(api::NV_ENC_CODEC_PROFILE_AUTOSELECT_GUID);
        match self {
            Self::H264 if is(api::NV_ENC_H264_PROFILE_BASELINE_GUID) => Ok(Profile::Baseline),
            Self::H264 if is(api::NV_ENC_H264_PROFILE_MAIN_GUID) => Ok(Profile::Main),
            Self::H264 if chosen || is(api::NV_ENC_H264_PROFILE_HIGH_GUID) => Ok(Profile::High),
            Self::Hevc if depth == 8 && (chosen || is(api::NV_ENC_HEVC_PROFILE_MAIN_GUID)) => Ok(Profile::HevcMain),
            // Main has no room for 10 bit; Main 10 has room for 8, and codes them as such.
            Self::Hevc if chosen || is(api::NV_ENC_HEVC_PROFILE_MAIN10_GUID) => Ok(Profile::HevcMain10),
            _ => Err(Nv::UNSUPPORTED_PARAM),
        }
    }

    /// Reads the codec's own part.
    ///
    /// # Safety
    /// The client's structure, whose version was checked.
    pub(crate) unsafe fn own(self, config: *const api::NV_ENC_CONFIG) -> Own {
        // SAFETY: plain numbers of the client's structure, of which every value is one.
        unsafe {
            match self {
                Self::H264 => {
                    let h264 = &raw const (*config).encodeCodecConfig.h264Config;
                    let bits = number(&raw const (*h264)._bitfield_1);
                    let flag = |at: u32| bits >> at & 1 == 1;
                    let vui = &raw const (*h264).h264VUIParameters;
                    let (delimiters, without_sets, repeat_sets) = (flag(6), flag(7), flag(12));
                    Own { delimiters, without_sets, repeat_sets, depth: 8, vui }
                }
                Self::Hevc => {
                    let hevc = &raw const (*config).encodeCodecConfig.hevcConfig;
                    let bits = number(&raw const (*hevc)._bitfield_1);
                    let flag = |at: u32| bits >> at & 1 == 1;
                    let vui = &raw const (*hevc).hevcVUIParameters;
                    let (delimiters, without_sets, repeat_sets) = (flag(4), flag(6), flag(7));
                    Own { delimiters, without_sets, repeat_sets, depth: 8 + (bits >> 11 & 7), vui }
                }
            }
        }
    }

    /// An access unit delimiter that allows every kind of slice.
    pub(crate) fn delimiter(self) -> &'static [u8] {
        match self {
            Self::H264 => &[0, 0, 0, 1, 9, 0xf0],
            Self::Hevc => &[0, 0, 0, 1, 0x46, 1, 0x50],
        }
    }
}
