//! What each encoder can do on this machine, and for what cannot be used the reason.

use super::choice::on_card;
use super::svtav1;
use crate::device::Devices;
use sightline_shared::encoder::{Backend, Codec, EncoderCaps, Limits, Preset, RateControl, Tune};
use std::sync::OnceLock;

/// Every number that can be set: name, least, most.
pub const LIMITS: [(&str, f64, f64); 9] = [
    // ITU-T H.264 section 7.4.2.2: QP of 8 bit samples.
    ("quality", 0.0, 51.0),
    ("bitrate", 20_000.0, 200_000_000.0),
    ("max_bitrate", 20_000.0, 400_000_000.0),
    ("buffer_size", 10_000.0, 800_000_000.0),
    // Twenty seconds at 60 frames a second; who joins has to be given all of a GOP.
    ("gop", 1.0, 1200.0),
    // x264 takes 16; beyond 8 nothing is gained and every one costs a frame of delay.
    ("b_frames", 0.0, 8.0),
    ("width", 32.0, 7680.0),
    ("height", 32.0, 7680.0),
    ("fps", 1.0, 240.0),
];

/// Every preset, fastest first.
const PRESETS: [Preset; 7] = [Preset::P1, Preset::P2, Preset::P3, Preset::P4, Preset::P5, Preset::P6, Preset::P7];

/// Every encoder that has a name, usable or not; the usable ones first.
#[must_use]
pub fn caps(devices: &Devices) -> Vec<EncoderCaps> {
    // `bitrate` with cbr, `quality` with crf: see `x264::live_change`. libx265 and SVT-AV1 follow nothing.
    let live = ["bitrate", "max_bitrate", "buffer_size", "quality"].map(str::to_owned).to_vec();
    let software = |backend, codec, live| EncoderCaps {
        backend,
        reason: reason(backend),
        codecs: vec![codec],
        presets: PRESETS.to_vec(),
        tunes: vec![Tune::Ull, Tune::Ll, Tune::Hq],
        rate_controls: vec![RateControl::Cbr, RateControl::Vbr, RateControl::Cqp, RateControl::Crf],
        limits: LIMITS.iter().map(|(name, min, max)| ((*name).to_owned(), Limits { min: *min, max: *max })).collect(),
        live,
    };
    let x264 = software(Backend::X264, Codec::H264, live);
    let x265 = software(Backend::X265, Codec::Hevc, Vec::new());
    let mut svtav1 = software(Backend::Svtav1, Codec::Av1, Vec::new());
    let least = [("width", svtav1::LEAST), ("height", svtav1::LEAST)].map(|(name, least)| (name, f64::from(least)));
    for (name, least) in least {
        svtav1.limits.entry(name.to_owned()).and_modify(|limits| limits.min = least);
    }
    svtav1.limits.insert("b_frames".to_owned(), Limits { min: 0.0, max: 0.0 });
    let others = [
        (Backend::Videotoolbox, vec![Codec::H264, Codec::Hevc]),
        (Backend::Qsv, vec![Codec::H264, Codec::Hevc, Codec::Av1]),
        (Backend::Vaapi, vec![Codec::H264, Codec::Hevc, Codec::Av1]),
    ];
    let unusable = others.into_iter().map(|(backend, codecs)| EncoderCaps {
        backend,
        reason: reason(backend),
        codecs,
        presets: Vec::new(),
        tunes: Vec::new(),
        rate_controls: Vec::new(),
        limits: Default::default(),
        live: Vec::new(),
    });
    let mut all: Vec<_> = [x264, x265, svtav1, nvenc(devices)].into_iter().chain(unusable).collect();
    all.sort_by_key(|caps| caps.reason.is_some());
    all
}

/// NVIDIA's encoder, as the devices say: the widest of them. Numbers are those of H.264; what H.265 differs in is looked at when it is opened.
fn nvenc(devices: &Devices) -> EncoderCaps {
    let asked: Vec<_> = devices.cards().iter().map(|card| card.encodes(sightline_nv::Codec::H264)).collect();
    let able: Vec<_> = asked.iter().flatten().collect();
    let mut caps = EncoderCaps {
        backend: Backend::Nvenc,
        reason: None,
        codecs: codecs(devices),
        presets: Vec::new(),
        tunes: Vec::new(),
        rate_controls: Vec::new(),
        limits: Default::default(),
        live: Vec::new(),
    };
    if able.is_empty() {
        let why = asked.into_iter().find_map(Result::err);
        caps.reason = Some(why.unwrap_or_else(|| devices.why_none()));
        return caps;
    }
    let most =
        |of: fn(&sightline_nv::EncoderCaps) -> u32| f64::from(able.iter().map(|caps| of(caps)).max().unwrap_or(0));
    let least =
        |of: fn(&sightline_nv::EncoderCaps) -> u32| f64::from(able.iter().map(|caps| of(caps)).min().unwrap_or(0));
    let limits = LIMITS.iter().map(|(name, min, max)| {
        let (min, max) = match *name {
            "width" => (min.max(least(|caps| caps.least.0)), max.min(most(|caps| caps.most.0))),
            "height" => (min.max(least(|caps| caps.least.1)), max.min(most(|caps| caps.most.1))),
            "b_frames" => (*min, max.min(most(|caps| caps.b_frames))),
            _ => (*min, *max),
        };
        ((*name).to_owned(), Limits { min, max })
    });
    caps.limits = limits.collect();
    caps.presets = PRESETS.to_vec();
    caps.tunes = vec![Tune::Ull, Tune::Ll, Tune::Hq];
    // `crf` is its target quality.
    caps.rate_controls = vec![RateControl::Cbr, RateControl::Vbr, RateControl::Cqp, RateControl::Crf];
    let live = [
        (able.iter().any(|caps| caps.live_bitrate), &["bitrate", "max_bitrate", "buffer_size", "fps"][..]),
        (able.iter().any(|caps| caps.live_size), &["width", "height"][..]),
    ];
    caps.live =
        live.iter().filter(|(can, _)| *can).flat_map(|(_, names)| names.iter().map(ToString::to_string)).collect();
    caps
}

/// H.264, and what any of the devices encodes beside.
fn codecs(devices: &Devices) -> Vec<Codec> {
    let any = |codec: Codec| devices.cards().iter().any(|card| card.encodes(on_card(codec)).is_ok());
    [Codec::H264, Codec::Hevc, Codec::Av1].into_iter().filter(|codec| *codec == Codec::H264 || any(*codec)).collect()
}

/// Why an encoder cannot be used here; `None` where it can.
pub(super) fn reason(backend: Backend) -> Option<String> {
    match backend {
        Backend::Auto | Backend::X264 => (!has(X264)).then(|| missing(X264)),
        // Devices say so themselves.
        Backend::Nvenc => None,
        Backend::X265 => (!has(X265)).then(|| missing(X265)),
        Backend::Svtav1 => (!has(SVTAV1)).then(|| missing(SVTAV1)),
        Backend::Videotoolbox => Some("VideoToolbox is Apple's, and this version does not drive it. Use x264.".into()),
        Backend::Qsv => Some("This version of Sightline does not drive Intel's Quick Sync. Use x264.".into()),
        Backend::Vaapi => Some("This version of Sightline does not drive VA-API. Use x264.".into()),
    }
}

/// libavcodec's names of what encodes in software.
pub(super) const X264: &str = "libx264";
pub(super) const X265: &str = "libx265";
pub(super) const SVTAV1: &str = "libsvtav1";

/// Said where libavcodec was built without it.
pub(super) fn missing(library: &str) -> String {
    format!("This FFmpeg has no {library}. On Debian: apt-get install libavcodec59.")
}

fn has(library: &'static str) -> bool {
    const ALL: [&str; 3] = [X264, X265, SVTAV1];
    static FOUND: OnceLock<[bool; 3]> = OnceLock::new();
    let found = FOUND.get_or_init(|| ALL.map(|name| ffmpeg_next::encoder::find_by_name(name).is_some()));
    ALL.iter().zip(found).any(|(name, found)| *name == library && *found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoder_is_listed_and_says_why_it_cannot_be_used() {
        let caps = caps(&Devices::none());
        let usable: Vec<_> = caps.iter().filter(|caps| caps.reason.is_none()).map(|caps| caps.backend).collect();
        assert_eq!(usable, [Backend::X264, Backend::X265, Backend::Svtav1]);
        assert_eq!(caps.len(), 7);
        for encoder in &caps[3..] {
            let reason = encoder.reason.as_deref().unwrap_or_default();
            assert!(reason.ends_with('.') && reason.split(' ').count() > 4, "{:?}: {reason}", encoder.backend);
        }
        assert_eq!(caps[0].limits["quality"], Limits { min: 0.0, max: 51.0 });
        assert_eq!(caps[0].limits.len(), LIMITS.len());
        assert_eq!((caps[1].limits["width"].min, caps[2].limits["width"].min), (32.0, 64.0), "SVT-AV1's own least");
    }
}
