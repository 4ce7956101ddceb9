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
    Av1,
}

/// The profiles that x264, x265 and libaom are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Baseline,
    Main,
    High,
    HevcMain,
    HevcMain10,
    Av1Main,
}

/// What the codec's own part of a configuration says.
pub(crate) struct Own {
    pub(crate) delimiters: bool,
    pub(crate) without_sets: bool,
    pub(crate) repeat_sets: bool,
    /// Bits of a sample.
    pub(crate) depth: u32,
    pub(crate) full_range: bool,
    /// Primaries, transfer, matrix.
    pub(crate) colour: (u32, u32, u32),
    /// Samples of luma that the level has room for.
    pub(crate) most_samples: u64,
}

/// Samples of a picture that AV1's levels 2.0 to 6.3 have room for (AV1 specification section A.3); beyond them it is undefined.
const AV1_SAMPLES: [u64; 20] = [
    147_456, 278_784, 278_784, 278_784, 665_856, 1_065_024, 1_065_024, 1_065_024, 2_359_296, 2_359_296, 2_359_296,
    2_359_296, 8_912_896, 8_912_896, 8_912_896, 8_912_896, 35_651_584, 35_651_584, 35_651_584, 35_651_584,
];

impl Codec {
    /// The codecs that this device encodes.
    pub(crate) fn all() -> Vec<Self> {
        let faults = machine().faults();
        let refused = |one| faults.refused.contains(&one);
        let encodes = |codec: &Self| match codec {
            Self::H264 => true,
            Self::Hevc => !refused(Refused::EncodeHevc),
            Self::Av1 => !refused(Refused::EncodeAv1),
        };
        [Self::H264, Self::Hevc, Self::Av1].into_iter().filter(encodes).collect()
    }

    /// The codec of an identifier, whose first number is enough to tell it from the others.
    pub(crate) fn from_guid(guid: api::GUID) -> Result<Self, Nv> {
        Self::all().into_iter().find(|codec| codec.guid().Data1 == guid.Data1).ok_or(Nv::UNSUPPORTED_PARAM)
    }

    pub(crate) fn guid(self) -> api::GUID {
        match self {
            Self::H264 => api::NV_ENC_CODEC_H264_GUID,
            Self::Hevc => api::NV_ENC_CODEC_HEVC_GUID,
            Self::Av1 => api::NV_ENC_CODEC_AV1_GUID,
        }
    }

    /// Whether pictures of 10 bit are encoded.
    pub(crate) fn encodes_ten_bits(self) -> bool {
        match self {
            Self::H264 => false,
            Self::Hevc => !machine().faults().refused.contains(&Refused::EncodeHevc10),
            Self::Av1 => true,
        }
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
            Self::Av1 => vec![api::NV_ENC_AV1_PROFILE_MAIN_GUID],
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
            Self::Av1 if chosen || is(api::NV_ENC_AV1_PROFILE_MAIN_GUID) => Ok(Profile::Av1Main),
            _ => Err(Nv::UNSUPPORTED_PARAM),
        }
    }

    /// Reads the codec's own part.
    ///
    /// # Safety
    /// The client's structure, whose version was checked.
    pub(crate) unsafe fn own(self, config: *const api::NV_ENC_CONFIG) -> Result<Own, Nv> {
        // SAFETY: plain numbers of the client's structure, of which every value is one.
        unsafe {
            match self {
                Self::H264 => {
                    let h264 = &raw const (*config).encodeCodecConfig.h264Config;
                    let bits = number(&raw const (*h264)._bitfield_1);
                    Ok(Own::with_vui((bits, [6, 7, 12]), 8, &raw const (*h264).h264VUIParameters))
                }
                Self::Hevc => {
                    let hevc = &raw const (*config).encodeCodecConfig.hevcConfig;
                    let bits = number(&raw const (*hevc)._bitfield_1);
                    Ok(Own::with_vui((bits, [4, 6, 7]), 8 + (bits >> 11 & 7), &raw const (*hevc).hevcVUIParameters))
                }
                Self::Av1 => Own::of_av1(&raw const (*config).encodeCodecConfig.av1Config),
            }
        }
    }

    /// An access unit delimiter that allows every kind of slice, or a temporal delimiter.
    pub(crate) fn delimiter(self) -> &'static [u8] {
        match self {
            Self::H264 => &[0, 0, 0, 1, 9, 0xf0],
            Self::Hevc => &[0, 0, 0, 1, 0x46, 1, 0x50],
            Self::Av1 => &[0x12, 0],
        }
    }
}

impl Own {
    /// Of a codec with parameter sets: its flags, where those for delimiters, none and repeated sets stand in them, and its VUI.
    ///
    /// # Safety
    /// A member of the client's structure.
    unsafe fn with_vui(
        (bits, at): (u32, [u32; 3]),
        depth: u32,
        vui: *const api::NV_ENC_CONFIG_H264_VUI_PARAMETERS,
    ) -> Self {
        let [delimiters, without_sets, repeat_sets] = at.map(|at| bits >> at & 1 == 1);
        // SAFETY: plain numbers of the client's structure.
        let (full_range, colour) = unsafe { ((*vui).videoFullRangeFlag != 0, colour(vui)) };
        Self { delimiters, without_sets, repeat_sets, depth, full_range, colour, most_samples: u64::MAX }
    }

    /// # Safety
    /// A member of the client's structure.
    unsafe fn of_av1(av1: *const api::NV_ENC_CONFIG_AV1) -> Result<Self, Nv> {
        // SAFETY: plain numbers of the client's structure, of which every value is one.
        unsafe {
            let bits = number(&raw const (*av1)._bitfield_1);
            let (annex_b, chroma, input, depth) = (bits & 1, bits >> 7 & 3, 8 + (bits >> 12 & 7), 8 + (bits >> 15 & 7));
            let own_tiles_or_grain = bits >> 10 & 3 != 0;
            // What this one has not: another form of output, other chroma, a depth of its own, tiles by size and film grain.
            if annex_b == 1 || chroma != 1 || input != depth || own_tiles_or_grain {
                return Err(Nv::UNSUPPORTED_PARAM);
            }
            // 0 is nothing said, or the RGB that 4:2:0 has not.
            let said = |code: u32| if code == 0 { 2 } else { code };
            let colours = (
                said(number(&raw const (*av1).colorPrimaries)),
                said(number(&raw const (*av1).transferCharacteristics)),
                said(number(&raw const (*av1).matrixCoefficients)),
            );
            // 24 leaves the level to the encoder; 0 is the lowest of them.
            let level = usize::try_from((*av1).level).unwrap_or(usize::MAX);
            let most_samples = if level == 24 { u64::MAX } else { *AV1_SAMPLES.get(level).ok_or(Nv::INVALID_PARAM)? };
            Ok(Self {
                delimiters: true,
                without_sets: bits >> 4 & 1 == 1,
                repeat_sets: bits >> 5 & 1 == 1,
                depth,
                full_range: (*av1).colorRange != 0,
                colour: colours,
                most_samples,
            })
        }
    }
}

/// Primaries, transfer and matrix; 2 stands for what is not known.
///
/// # Safety
/// A member of the client's structure.
unsafe fn colour(vui: *const api::NV_ENC_CONFIG_H264_VUI_PARAMETERS) -> (u32, u32, u32) {
    // SAFETY: as above.
    unsafe {
        if (*vui).videoSignalTypePresentFlag == 0 || (*vui).colourDescriptionPresentFlag == 0 {
            return (2, 2, 2);
        }
        (
            number(&raw const (*vui).colourPrimaries),
            number(&raw const (*vui).transferCharacteristics),
            number(&raw const (*vui).colourMatrix),
        )
    }
}
