//! What an encoder can do, what is refused before it is asked, and the driver's structures for what is not.

use super::{Codec, Colour, EncoderSettings, Rate, Tuning};
use crate::checked::Session;
use crate::raw::{Zeroed, nvenc as raw};
use crate::{Error, Format};

/// What the device's encoder can do for one codec, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderCaps {
    /// Codec.
    pub codec: Codec,
    /// Smallest size.
    pub least: (u32, u32),
    /// Largest size.
    pub most: (u32, u32),
    /// Most B-frames in a row.
    pub b_frames: u32,
    /// Whether 10 bits are encoded.
    pub ten_bits: bool,
    /// Whether the size may change while running.
    pub live_size: bool,
    /// Whether the rate may.
    pub live_bitrate: bool,
    /// Whether the VBV's size may be chosen.
    pub vbv: bool,
    /// Engines; 0 where the driver does not say.
    pub engines: u32,
}

/// Asks an open session, its context current, for what it can; `None` for a codec that it does not have.
pub(super) fn caps(session: &Session, codec: Codec) -> Result<Option<EncoderCaps>, Error> {
    let mut guids = [raw::Guid(0, 0, 0, [0; 8]); 16];
    let mut count = 0;
    // SAFETY: the context is current; at most 16 are written, and their count.
    unsafe { session.guids(guids.as_mut_ptr(), 16, &raw mut count) }?;
    if !guids.iter().take(count as usize).any(|guid| *guid == codec.guid()) {
        return Ok(None);
    }
    let ask = |cap| {
        let (mut param, mut value) = (raw::CapsParam::zeroed(), 0);
        (param.version, param.cap) = (raw::CAPS_PARAM_VERSION, cap);
        // SAFETY: the structure is of its version and one integer is written.
        unsafe { session.caps(codec.guid(), &raw mut param, &raw mut value) }.map(|()| value.max(0).unsigned_abs())
    };
    Ok(Some(EncoderCaps {
        codec,
        least: (ask(raw::CAP_WIDTH_MIN)?, ask(raw::CAP_HEIGHT_MIN)?),
        most: (ask(raw::CAP_WIDTH_MAX)?, ask(raw::CAP_HEIGHT_MAX)?),
        b_frames: ask(raw::CAP_MAX_B_FRAMES)?,
        ten_bits: ask(raw::CAP_10_BIT)? > 0,
        live_size: ask(raw::CAP_DYN_SIZE)? > 0,
        live_bitrate: ask(raw::CAP_DYN_BITRATE)? > 0,
        vbv: ask(raw::CAP_CUSTOM_VBV)? > 0,
        // The newest of these: an older driver does not know it, which says nothing of the rest.
        engines: ask(raw::CAP_ENGINES).unwrap_or(0),
    }))
}

/// Refuses in words what the driver would refuse by a number.
pub(super) fn check(settings: &EncoderSettings, caps: &EncoderCaps) -> Result<(), Error> {
    let EncoderSettings { codec, width, height, most, .. } = *settings;
    let refuse = |words: String| Err(Error::Unsupported(words));
    if width % 2 == 1 || height % 2 == 1 {
        return refuse(format!("{width}x{height} cannot be encoded: sides have to be even"));
    }
    if most.0 < width || most.1 < height {
        return refuse(format!("{width}x{height} is more than the {}x{} that were to be the most", most.0, most.1));
    }
    if width < caps.least.0 || height < caps.least.1 || most.0 > caps.most.0 || most.1 > caps.most.1 {
        let ((a, b), (c, d)) = (caps.least, caps.most);
        return refuse(format!("this device encodes {codec} from {a}x{b} to {c}x{d}, not {}x{}", most.0, most.1));
    }
    if !(1..=7).contains(&settings.preset) {
        return refuse(format!("there are presets 1 to 7, not {}", settings.preset));
    }
    if settings.fps.0 == 0 || settings.fps.1 == 0 || settings.fps.0 / settings.fps.1 > 480 {
        return refuse(format!("{}/{} is no frame rate to encode", settings.fps.0, settings.fps.1));
    }
    if settings.aspect.0 == 0 || settings.aspect.1 == 0 || settings.aspect.0.max(settings.aspect.1) > 65_535 {
        return refuse(format!("{}:{} is no shape of a pixel", settings.aspect.0, settings.aspect.1));
    }
    if settings.b_frames > caps.b_frames {
        return refuse(format!(
            "this device encodes up to {} B-frames in a row, not {}",
            caps.b_frames, settings.b_frames
        ));
    }
    if settings.gop.is_some_and(|gop| gop <= settings.b_frames) {
        return refuse(format!("a key frame every {} pictures leaves no room for B-frames", settings.gop.unwrap_or(0)));
    }
    if codec == Codec::Av1 && settings.b_frames > 0 {
        return refuse("AV1 is encoded without B-frames".into());
    }
    if settings.format == Format::P016 && (codec == Codec::H264 || !caps.ten_bits) {
        return refuse(format!("this device does not encode {codec} of 10 bit"));
    }
    check_rate(settings, caps)
}

fn check_rate(settings: &EncoderSettings, caps: &EncoderCaps) -> Result<(), Error> {
    let none = |words: String| Err(Error::Unsupported(words));
    let rate = &settings.rate;
    let av1 = settings.codec == Codec::Av1;
    let (coarsest, worst) = if av1 { (255, 63) } else { (51, 51) };
    let words = match rate.mode {
        Rate::ConstQp(i, p, b) if i.max(p).max(b) > coarsest => return none(format!("quantisers are 0 to {coarsest}")),
        Rate::ConstQp(..) => return Ok(()),
        Rate::Quality(quality) if !(1..=worst).contains(&quality) => {
            return none(format!("qualities are 1 to {worst}"));
        }
        Rate::Quality(_) if rate.vbv == 0 || caps.vbv => return Ok(()),
        Rate::Cbr | Rate::Vbr if rate.bitrate == 0 => "the bitrate has to be more than nothing",
        Rate::Vbr if rate.maximum < rate.bitrate => "the maximum has to be the average or more",
        _ if rate.vbv > 0 && !caps.vbv => "this device does not let the VBV's size be chosen",
        _ => return Ok(()),
    };
    none(words.into())
}

/// The size, by which pictures are refused or taken.
pub(super) fn ready(settings: &EncoderSettings) -> (u32, u32) {
    (settings.width, settings.height)
}

/// Why a change takes a new encoder; `None` where it can be made while running.
pub(super) fn needs_new(from: &EncoderSettings, to: &EncoderSettings, caps: &EncoderCaps) -> Option<String> {
    let same = EncoderSettings { width: to.width, height: to.height, fps: to.fps, rate: to.rate, ..*from };
    let kind = |rate: Rate| matches!(rate, Rate::ConstQp(..) | Rate::Quality(_));
    if std::mem::discriminant(&from.rate.mode) != std::mem::discriminant(&to.rate.mode)
        || kind(to.rate.mode) && from.rate != to.rate
    {
        return Some("the way that bits are spent is chosen at the start".into());
    }
    if same != *to {
        return Some(
            "codec, layout, preset, tuning, GOP, B-frames, colour and the largest size are chosen at the start".into(),
        );
    }
    if ready(from) != ready(to) && !caps.live_size {
        return Some("this device does not change the size while encoding".into());
    }
    if from.rate != to.rate && !caps.live_bitrate {
        return Some("this device does not change the rate while encoding".into());
    }
    None
}

pub(super) fn tuning(settings: &EncoderSettings) -> u32 {
    match settings.tuning {
        Tuning::HighQuality => 1,
        Tuning::LowLatency => 2,
        Tuning::UltraLowLatency => 3,
    }
}

pub(super) fn preset(settings: &EncoderSettings) -> raw::Guid {
    raw::PRESETS[usize::from(settings.preset.clamp(1, 7) - 1)]
}

/// Writes rates into a configuration.
pub(super) fn write_rate(config: &mut raw::Config, settings: &EncoderSettings) {
    let (rc, rate) = (&mut config.rc, &settings.rate);
    match rate.mode {
        Rate::ConstQp(intra, inter_p, inter_b) => {
            rc.mode = raw::RC_CONSTQP;
            rc.const_qp = raw::Qp { inter_p, inter_b, intra };
            return;
        }
        Rate::Cbr => (rc.mode, rc.max_bitrate) = (raw::RC_CBR, rate.bitrate),
        Rate::Vbr => (rc.mode, rc.max_bitrate) = (raw::RC_VBR, rate.maximum),
        Rate::Quality(quality) => {
            (rc.mode, rc.max_bitrate, rc.average_bitrate) = (raw::RC_VBR, rate.maximum, 0);
            rc.target_quality = [quality, 0];
            (rc.vbv_buffer_size, rc.vbv_initial_delay) = (rate.vbv, rate.vbv);
            return;
        }
    }
    (rc.average_bitrate, rc.vbv_buffer_size, rc.vbv_initial_delay) = (rate.bitrate, rate.vbv, rate.vbv);
}

/// Turns a preset's configuration into ours.
pub(super) fn write(config: &mut raw::Config, settings: &EncoderSettings) {
    config.version = raw::CONFIG_VERSION;
    config.gop_length = settings.gop.unwrap_or(raw::INFINITE_GOP);
    config.frame_interval_p = settings.b_frames.cast_signed() + 1;
    write_rate(config, settings);
    // Pictures may be held back for B-frames, which were asked for, and for nothing else.
    config.rc.flags &= !raw::RC_ENABLE_LOOKAHEAD;
    config.rc.lookahead_depth = 0;
    if settings.b_frames == 0 {
        config.rc.flags |= raw::RC_ZERO_REORDER_DELAY;
    }
    if settings.tuning == Tuning::UltraLowLatency && settings.rate.mode == Rate::Cbr {
        // Key frames that are not many times as large as the others.
        config.rc.low_delay_key_frame_scale = 1;
        config.rc.multi_pass = raw::MULTI_PASS_QUARTER;
    }
    match settings.codec {
        Codec::H264 => write_h264(config, settings),
        Codec::Hevc => write_hevc(config, settings),
        Codec::Av1 => write_av1(config, settings),
    }
}

fn write_vui(vui: &mut raw::Vui, colour: Colour) {
    (vui.signal_type_present, vui.video_format, vui.full_range) = (1, 5, colour.full_range.into());
    vui.colour_description_present = 1;
    (vui.primaries, vui.transfer, vui.matrix) = (colour.primaries.into(), colour.transfer.into(), colour.matrix.into());
}

fn write_h264(config: &mut raw::Config, settings: &EncoderSettings) {
    config.profile = raw::PROFILE_H264_HIGH;
    // SAFETY: all fields of the union are integers, of which every value is one; the preset filled it for this codec.
    let h264 = unsafe { &mut config.codec.h264 };
    h264.idr_period = config.gop_length;
    h264.flags |= raw::H264_REPEAT_PARAMETER_SETS;
    h264.chroma_format = 1;
    write_vui(&mut h264.vui, settings.colour);
}

fn write_hevc(config: &mut raw::Config, settings: &EncoderSettings) {
    let ten = settings.format == Format::P016;
    config.profile = if ten { raw::PROFILE_HEVC_MAIN10 } else { raw::PROFILE_HEVC_MAIN };
    // SAFETY: as above.
    let hevc = unsafe { &mut config.codec.hevc };
    hevc.idr_period = config.gop_length;
    hevc.flags &= !(3 << raw::HEVC_CHROMA_SHIFT | 7 << raw::HEVC_DEPTH_SHIFT);
    hevc.flags |= raw::HEVC_REPEAT_PARAMETER_SETS | 1 << raw::HEVC_CHROMA_SHIFT;
    hevc.flags |= if ten { 2 << raw::HEVC_DEPTH_SHIFT } else { 0 };
    write_vui(&mut hevc.vui, settings.colour);
}

/// Temporal units of OBUs with their sizes; tiles and references are the preset's.
fn write_av1(config: &mut raw::Config, settings: &EncoderSettings) {
    config.profile = raw::PROFILE_AV1_MAIN;
    // SAFETY: as above; its pointers are the preset's, which are null.
    let av1 = unsafe { &mut config.codec.av1 };
    av1.idr_period = config.gop_length;
    (av1.level, av1.tier) = (raw::AV1_LEVEL_AUTO, 0);
    let depths = 7 << raw::AV1_INPUT_DEPTH_SHIFT | 7 << raw::AV1_DEPTH_SHIFT;
    av1.flags &= !(raw::AV1_ANNEX_B | raw::AV1_DISABLE_SEQUENCE_HEADER | 3 << raw::AV1_CHROMA_SHIFT | depths);
    av1.flags |= raw::AV1_REPEAT_SEQUENCE_HEADER | 1 << raw::AV1_CHROMA_SHIFT;
    if settings.format == Format::P016 {
        av1.flags |= 2 << raw::AV1_INPUT_DEPTH_SHIFT | 2 << raw::AV1_DEPTH_SHIFT;
    }
    let colour = settings.colour;
    (av1.primaries, av1.transfer, av1.matrix) = (colour.primaries.into(), colour.transfer.into(), colour.matrix.into());
    av1.full_range = colour.full_range.into();
}

/// Width to height of the picture as it is shown, in the smallest numbers.
fn shape(settings: &EncoderSettings) -> (u32, u32) {
    let side = |pixels: u32, each: u32| u64::from(pixels) * u64::from(each);
    let (wide, high) = (side(settings.width, settings.aspect.0), side(settings.height, settings.aspect.1));
    let (mut a, mut b) = (wide, high);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let small = |side: u64| u32::try_from(side / a.max(1)).unwrap_or(u32::MAX);
    (small(wide), small(high))
}

/// What a session is started with; `config` is filled in when the call is made.
pub(super) fn initialize(settings: &EncoderSettings) -> raw::Initialize {
    let mut params = raw::Initialize::zeroed();
    params.version = raw::INITIALIZE_VERSION;
    (params.codec, params.preset, params.tuning) = (settings.codec.guid(), preset(settings), tuning(settings));
    (params.width, params.height) = (settings.width, settings.height);
    (params.dar_width, params.dar_height) = shape(settings);
    (params.max_width, params.max_height) = settings.most;
    (params.frame_rate_num, params.frame_rate_den) = settings.fps;
    // The driver chooses picture types; we say where key frames go.
    params.enable_ptd = 1;
    params
}
