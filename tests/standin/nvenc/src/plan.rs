//! What a client asks of an encoder, checked, and the presets.

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

use crate::caps;
use crate::codec::{Codec, Profile};
use crate::resources::Layout;
use crate::status::{Nv, number};
use crate::version::{self, Structure};

/// How bits are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    Quantizer(u32),
    /// By a target of quality, to a maximum where there is one.
    Quality(u32),
    Variable,
    Constant,
}

/// An encoder's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) codec: Codec,
    pub(crate) layout: Layout,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) largest: (u32, u32),
    /// The shape of a picture that is shown; 0 and 0 for one of square pixels.
    pub(crate) shape: (u32, u32),
    /// Frames and seconds.
    pub(crate) fps: (u32, u32),
    pub(crate) gop: u32,
    /// One more than the B-frames between two others.
    pub(crate) interval: u32,
    pub(crate) rate: Rate,
    pub(crate) average: u32,
    pub(crate) maximum: u32,
    pub(crate) buffer: u32,
    pub(crate) profile: Profile,
    pub(crate) delimiters: bool,
    pub(crate) without_sets: bool,
    pub(crate) repeat_sets: bool,
    pub(crate) full_range: bool,
    /// Primaries, transfer, matrix.
    pub(crate) colour: (u32, u32, u32),
}

const INFINITE: u32 = u32::MAX;
/// First numbers of the identifiers of the presets P1 to P7.
pub(crate) const PRESETS: [u32; 7] =
    [0xfc0a_8d3e, 0xf581_cfb8, 0x3685_0110, 0x90a7_b826, 0x21c6_e6b4, 0x8e75_c279, 0x8484_8c12];

impl Plan {
    /// Reads a client's parameters.
    ///
    /// # Safety
    /// The client's structure, of the interface's version `of`.
    pub(crate) unsafe fn read(of: u32, init: *const api::NV_ENC_INITIALIZE_PARAMS) -> Result<Self, Nv> {
        // SAFETY: plain numbers of the client's structure; enumerations are read as numbers.
        unsafe {
            version::check(of, Structure::Initialize, (*init).version)?;
            let config = (*init).encodeConfig;
            if config.is_null() {
                return Err(Nv::INVALID_PARAM);
            }
            version::check(of, Structure::Config, (*config).version)?;
            refuse_what_cannot_be(init)?;
            let codec = Codec::from_guid((*init).encodeGUID)?;
            let own = codec.own(config)?;
            let layout = Layout::of_depth(own.depth).ok_or(Nv::UNSUPPORTED_PARAM)?;
            let control = &raw const (*config).rcParams;
            let size = ((*init).encodeWidth, (*init).encodeHeight);
            let or = |value: u32, other: u32| if value == 0 { other } else { value };
            let plan = Self {
                codec,
                layout,
                width: size.0,
                height: size.1,
                largest: (or((*init).maxEncodeWidth, size.0), or((*init).maxEncodeHeight, size.1)),
                shape: ((*init).darWidth, (*init).darHeight),
                fps: ((*init).frameRateNum, (*init).frameRateDen),
                gop: (*config).gopLength,
                interval: u32::try_from((*config).frameIntervalP).map_err(|_| Nv::INVALID_PARAM)?,
                rate: rate(control)?,
                average: (*control).averageBitRate,
                maximum: (*control).maxBitRate,
                buffer: (*control).vbvBufferSize,
                profile: codec.profile((*config).profileGUID, own.depth)?,
                delimiters: own.delimiters,
                without_sets: own.without_sets,
                repeat_sets: own.repeat_sets,
                full_range: own.full_range,
                colour: own.colour,
            };
            let samples = u64::from(plan.largest.0) * u64::from(plan.largest.1);
            if samples > own.most_samples { Err(Nv::INVALID_PARAM) } else { plan.checked() }
        }
    }

    fn checked(self) -> Result<Self, Nv> {
        let holds = |size: (u32, u32)| caps::fits(self.codec, size.0, size.1);
        let sizes = holds((self.width, self.height)) && holds(self.largest);
        let deep = self.layout == Layout::Nv12 || self.codec.encodes_ten_bits();
        let inside = self.width <= self.largest.0 && self.height <= self.largest.1;
        let times = self.fps.0 > 0 && self.fps.1 > 0;
        // Of 0 the encoder would make key frames alone.
        let b_frames = caps::of(self.codec, 0).and_then(|most| u32::try_from(most).ok()).unwrap_or(0);
        let order = (1..=b_frames + 1).contains(&self.interval) && self.interval <= self.gop;
        let (coarsest, worst) = if self.codec == Codec::Av1 { (255, 63) } else { (51, 51) };
        let quantizer = match self.rate {
            Rate::Quantizer(quantizer) => quantizer <= coarsest,
            Rate::Quality(quality) => quality <= worst,
            Rate::Variable | Rate::Constant => true,
        };
        let fits = sizes
            && deep
            && inside
            && times
            && order
            && quantizer
            && !(self.profile == Profile::Baseline && self.interval > 1);
        if fits { Ok(self) } else { Err(Nv::INVALID_PARAM) }
    }

    /// Whether a running encoder can go over to `next`.
    pub(crate) fn may_become(&self, next: &Self) -> bool {
        let fixed = |plan: &Self| (plan.codec, plan.layout, plan.gop, plan.interval, plan.profile);
        fixed(self) == fixed(next)
            && self.largest == self.kept(next)
            && next.width <= self.largest.0
            && next.height <= self.largest.1
    }

    /// The largest size is told at the start and stays; later 0 stands for it.
    fn kept(&self, next: &Self) -> (u32, u32) {
        if next.largest == (next.width, next.height) { self.largest } else { next.largest }
    }

    /// Frames until the next key frame, as x264 wants it.
    pub(crate) fn gop(&self) -> i32 {
        if self.gop == INFINITE { i32::MAX } else { i32::try_from(self.gop).unwrap_or(i32::MAX) }
    }

    /// Bits of a second when none were asked for.
    pub(crate) fn bitrate(&self) -> u32 {
        if self.average == 0 { 2_000_000 } else { self.average }
    }
}

/// Refuses what this encoder has not.
///
/// # Safety
/// The client's structure, whose configuration is there, both of versions that were checked.
unsafe fn refuse_what_cannot_be(init: *const api::NV_ENC_INITIALIZE_PARAMS) -> Result<(), Nv> {
    // SAFETY: plain numbers of the client's structures; enumerations are read as numbers.
    unsafe {
        let config = (*init).encodeConfig;
        let known = PRESETS.contains(&(*init).presetGUID.Data1);
        // Linux has no events, and pictures are typed by the encoder alone.
        let ours = (*init).enableEncodeAsync == 0 && (*init).enablePTD == 1;
        let flags = number(&raw const (*config).rcParams._bitfield_1);
        let (looks_ahead, temporal) = (flags >> 5 & 1 == 1, flags >> 8 & 1 == 1);
        let fields = number(&raw const (*config).frameFieldMode) > 1;
        if known && ours && !looks_ahead && !temporal && !fields { Ok(()) } else { Err(Nv::UNSUPPORTED_PARAM) }
    }
}

/// How bits are to be spent.
///
/// # Safety
/// A member of the client's structure.
unsafe fn rate(control: *const api::NV_ENC_RC_PARAMS) -> Result<Rate, Nv> {
    // SAFETY: as above.
    unsafe {
        Ok(match number(&raw const (*control).rateControlMode) {
            0 => Rate::Quantizer((*control).constQP.qpInterP),
            1 | 0x20 if (*control).targetQuality > 0 => Rate::Quality((*control).targetQuality.into()),
            1 | 0x20 => Rate::Variable,
            2 | 8 | 0x10 => Rate::Constant,
            _ => return Err(Nv::UNSUPPORTED_PARAM),
        })
    }
}

/// Fills in a preset's settings.
///
/// # Safety
/// The client's structure, whose versions were checked.
pub(crate) unsafe fn fill_preset(codec: Codec, tuning: u32, config: *mut api::NV_ENC_CONFIG) {
    let constant = tuning != 1;
    // SAFETY: plain numbers of the client's structure; enumerations are written as numbers that they have.
    unsafe {
        let version = (*config).version;
        config.write_bytes(0, 1);
        (*config).version = version;
        (*config).gopLength = if constant { INFINITE } else { 250 };
        (*config).frameIntervalP = 1;
        (&raw mut (*config).frameFieldMode).cast::<u32>().write(1);
        let control = &raw mut (*config).rcParams;
        (*control).version = version & 0x0100_00ff | 1 << 16 | 7 << 28;
        (&raw mut (*control).rateControlMode).cast::<u32>().write(if constant { 2 } else { 1 });
        (*control).averageBitRate = 2_000_000;
        match codec {
            Codec::H264 => {
                let h264 = &raw mut (*config).encodeCodecConfig.h264Config;
                (*h264).idrPeriod = (*config).gopLength;
                (*h264).chromaFormatIDC = 1;
            }
            Codec::Hevc => {
                let hevc = &raw mut (*config).encodeCodecConfig.hevcConfig;
                (*hevc).idrPeriod = (*config).gopLength;
                (&raw mut (*hevc)._bitfield_1).cast::<u32>().write(1 << 9);
            }
            Codec::Av1 => {
                let av1 = &raw mut (*config).encodeCodecConfig.av1Config;
                (*av1).idrPeriod = (*config).gopLength;
                (*av1).level = 24;
                (&raw mut (*av1)._bitfield_1).cast::<u32>().write(1 << 7);
            }
        }
    }
}
