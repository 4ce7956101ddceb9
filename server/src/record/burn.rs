//! A clip that is encoded anew: boxes drawn into its picture from the tracks that were kept, or another codec turned into H.264.

use super::cut::Cut;
use super::lane::Active;
use super::reel::Told;
use crate::annotate::{self, AnnotateError, Boxes, Options};
use crate::device::Seat;
use mp4_atom::{Any, Codec, DecodeMaybe};
use sightline_shared::clips::{Clip, ClipFormat, NewClip, Overlay};
use sightline_shared::draw::Layers;
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::time::Pts;
use sightline_shared::tracks::Track;
use std::collections::HashMap;
use std::path::Path;

/// What is drawn, and how long the clip is.
pub(super) struct Burn {
    tracks: Option<HashMap<Pts, Vec<Track>>>,
    seconds: f64,
}

/// What came of it, where that differs from the plain clip.
pub(super) struct Burnt {
    frames: u64,
    bytes: u64,
    size: (u32, u32),
    codec: Option<String>,
    notes: Vec<String>,
}

/// The part of the progress that writing the plain clip takes.
pub(super) const PLAIN_PART: f64 = 0.05;

impl Burn {
    /// `None` where the plain clip is what was asked for.
    pub(super) fn of(new: &NewClip, cut: &Cut) -> Option<Self> {
        let burned = new.overlay == Overlay::Burned;
        let other_codec = new.format == ClipFormat::H264 && !cut.init.text.codec.starts_with("avc");
        (burned || other_codec)
            .then(|| Self { tracks: burned.then(|| tracks(cut)), seconds: Pts(cut.duration()).seconds() })
    }

    /// Encodes `plain` into `out`, as far as nobody calls it off.
    pub(super) fn run(self, plain: &Path, out: &Path, active: &Active) -> Result<Burnt, AnnotateError> {
        let layers = if self.tracks.is_some() { Layers::default() } else { Layers::NONE };
        let options = Options {
            input: plain.display().to_string(),
            output: out.to_path_buf(),
            encoder: EncoderSettings::default(),
            start_s: 0.0,
            duration_s: None,
            boxes: self
                .tracks
                .map_or(Boxes::None, |tracks| Boxes::Given(Box::new(move || Ok(Box::new(tracks.clone()))))),
            layers,
            show_time: false,
            detections: None,
            mot: None,
            force: true,
            // A clip is made beside what is live, which has the devices.
            seat: Seat::none(),
        };
        let seconds = self.seconds.max(0.001);
        let mut progress = |so_far: annotate::Progress| {
            active.set_progress(PLAIN_PART + (1.0 - PLAIN_PART) * (so_far.done_s / seconds).min(1.0));
        };
        let report = annotate::run(&options, &mut progress, active.called_off())?;
        let codec = std::fs::read(out).ok().and_then(|file| codec(&file));
        Ok(Burnt { frames: report.frames, bytes: report.bytes, size: report.size, codec, notes: report.notes })
    }
}

impl Burnt {
    /// Tells the clip what it is now.
    pub(super) fn tell(self, clip: &mut Clip) {
        (clip.frames, clip.bytes, clip.codec) = (self.frames, self.bytes, self.codec);
        (clip.width, clip.height) = (Some(self.size.0), Some(self.size.1));
        if !self.notes.is_empty() {
            let told = clip.note.take().into_iter().chain(self.notes);
            clip.note = Some(told.collect::<Vec<_>>().join(" "));
        }
    }
}

/// The kept tracks by their place in the file, where the asked picture is at 0.
fn tracks(cut: &Cut) -> HashMap<Pts, Vec<Track>> {
    let shown = cut.tracks.iter().filter_map(Told::read).filter(|(at, _)| (cut.from..cut.to).contains(at));
    shown.map(|(at, tracks)| (Pts(at - cut.from), tracks)).collect()
}

/// RFC 6381 string of an H.264 file's video (ISO/IEC 14496-15 annex E).
fn codec(mut file: &[u8]) -> Option<String> {
    let moov = loop {
        if let Any::Moov(moov) = Any::decode_maybe(&mut file).ok()?? {
            break moov;
        }
    };
    let codecs = moov.trak.iter().flat_map(|track| &track.mdia.minf.stbl.stsd.codecs);
    codecs.into_iter().find_map(|codec| match codec {
        Codec::Avc1(entry) => {
            let avcc = &entry.avcc;
            let (profile, flags, level) =
                (avcc.avc_profile_indication, avcc.profile_compatibility, avcc.avc_level_indication);
            Some(format!("avc1.{profile:02x}{flags:02x}{level:02x}"))
        }
        _ => None,
    })
}
