//! The file that is written, by libavformat: one track of video, and the sound as it came.

use super::AnnotateError;
use super::input::Sound;
use super::place::{Place, cannot_write};
use crate::encode::{Encoded, EncoderPlan};
use crate::libav::{self, VideoTrack};
use crate::pipeline::packet::VideoCodec;
use ffmpeg::format::context::{Output, StreamIo};
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::Codec;
use sightline_shared::time::TIMESCALE;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Packets of sound that may come before the first picture is encoded: minutes of it.
const MAX_EARLY: usize = 32 << 20;

/// A file being written.
pub(super) struct Film {
    output: Output,
    name: PathBuf,
    failed: Arc<Mutex<Option<std::io::Error>>>,
    faststart: bool,
    /// For each track of sound of the input: its clock, and its place in the output.
    sounds: Vec<Option<(ffmpeg::Rational, usize)>>,
    copied: Vec<(ffmpeg::codec::Parameters, ffmpeg::Rational)>,
    early: Vec<(usize, ffmpeg::Packet)>,
    early_bytes: usize,
    started: bool,
}

/// The file, and what went wrong with it: libavformat passes on no more than that something did.
struct Disk {
    file: File,
    failed: Arc<Mutex<Option<std::io::Error>>>,
}

impl Disk {
    fn noted<T>(&self, done: std::io::Result<T>) -> std::io::Result<T> {
        if let Err(e) = &done
            && let Some(code) = e.raw_os_error()
        {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| std::io::Error::from_raw_os_error(code));
        }
        done
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let done = self.file.write(bytes);
        self.noted(done)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let done = self.file.flush();
        self.noted(done)
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

/// libavformat's name of the container that a file's ending asks for.
fn container(name: &Path) -> Result<&'static str, AnnotateError> {
    let ending = name.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "mp4" | "m4v" => Ok("mp4"),
        "mov" => Ok("mov"),
        "mkv" => Ok("matroska"),
        _ => Err(AnnotateError::Usage(format!(
            "{} does not say what kind of file it is to be: let it end in .mp4, .mov or .mkv.",
            name.display()
        ))),
    }
}

impl Film {
    /// Opens the file at `place`, which will be `name`. Gives what it has to leave out, in words.
    pub(super) fn create(
        place: &Place,
        name: &Path,
        codec: Codec,
        sounds: &[Sound],
    ) -> Result<(Self, Vec<String>), AnnotateError> {
        let format = container(name)?;
        if format == "mov" && codec == Codec::Av1 {
            let words =
                format!("{} cannot hold AV1, which .mov has no place for: let it end in .mp4 or .mkv.", name.display());
            return Err(AnnotateError::Usage(words));
        }
        let wrong = |why: &dyn std::fmt::Display| {
            AnnotateError::Output(format!("{} cannot be written: {why}.", name.display()))
        };
        let file = File::create(place.path()).map_err(|e| AnnotateError::Output(cannot_write(name, &e)))?;
        let failed = Arc::new(Mutex::new(None));
        let io = StreamIo::from_write_seek(Disk { file, failed: failed.clone() }).map_err(|e| wrong(&e))?;
        let path = place.path().to_str().ok_or_else(|| wrong(&"its name is not UTF-8"))?;
        // With faststart libavformat opens the file a second time, to move what it has written.
        let output = ffmpeg::format::output_to_stream(io, Some(&format!("file:{path}")), Some(format));
        let output = output.map_err(|e| wrong(&e))?;
        let mut film = Self {
            output,
            name: name.to_path_buf(),
            failed,
            faststart: format != "matroska",
            sounds: Vec::new(),
            copied: Vec::new(),
            early: Vec::new(),
            early_bytes: 0,
            started: false,
        };
        let notes = film.choose(sounds);
        Ok((film, notes))
    }

    /// Takes the tracks of sound that the container has room for.
    fn choose(&mut self, sounds: &[Sound]) -> Vec<String> {
        let mut notes = Vec::new();
        for sound in sounds {
            let codec = sound.parameters.id();
            if libav::takes(&self.output, codec) {
                self.sounds.push(Some((sound.base, 1 + self.copied.len())));
                self.copied.push((sound.parameters.clone(), sound.base));
            } else {
                self.sounds.push(None);
                let ending = self.name.extension().unwrap_or_default().to_string_lossy();
                notes.push(match codec {
                    ffmpeg::codec::Id::None => "The sound is left out: what codec it has is not known.".to_owned(),
                    codec => format!(
                        "The sound ({}) is left out: .{ending} has no place for it; .mkv or .mov may have.",
                        codec.name()
                    ),
                });
            }
        }
        notes
    }

    /// Codecs of the sound that is copied.
    pub(super) fn sound_names(&self) -> Vec<String> {
        self.copied.iter().map(|(parameters, _)| parameters.id().name().to_owned()).collect()
    }

    /// Writes an access unit; the first one has the parameter sets that the file begins with. Times are in 90 kHz.
    pub(super) fn video(&mut self, unit: &Encoded, plan: &EncoderPlan, duration: i64) -> Result<(), AnnotateError> {
        if !self.started {
            self.start(unit, plan)?;
        }
        let mut packet = ffmpeg::Packet::copy(&unit.data);
        packet.set_pts(Some(unit.pts));
        packet.set_dts(Some(unit.dts));
        packet.set_duration(duration);
        packet.set_flags(if unit.key { ffmpeg::packet::Flags::KEY } else { ffmpeg::packet::Flags::empty() });
        self.write(packet, 0, ffmpeg::Rational(1, TIMESCALE as i32))
    }

    /// Writes a packet of the n-th track of sound of the input.
    pub(super) fn sound(&mut self, track: usize, packet: ffmpeg::Packet) -> Result<(), AnnotateError> {
        let Some((base, place)) = self.sounds.get(track).copied().flatten() else { return Ok(()) };
        // Matroska has no times before 0: libavformat would move the picture for a packet that nobody hears (an encoder's priming).
        if !self.faststart && packet.pts().is_some_and(|pts| pts < 0 && pts + packet.duration() <= 0) {
            return Ok(());
        }
        if self.started {
            return self.write(packet, place, base);
        }
        self.early_bytes += packet.size();
        if self.early_bytes > MAX_EARLY {
            return Err(AnnotateError::Input("The input's sound and picture are stored too far apart.".into()));
        }
        self.early.push((track, packet));
        Ok(())
    }

    fn start(&mut self, unit: &Encoded, plan: &EncoderPlan) -> Result<(), AnnotateError> {
        let extradata = parameter_sets(unit);
        let video = VideoTrack {
            codec: match unit.codec {
                Codec::H264 => ffmpeg::codec::Id::H264,
                Codec::Hevc => ffmpeg::codec::Id::HEVC,
                Codec::Av1 => ffmpeg::codec::Id::AV1,
            },
            // libavformat's own choice for MP4 is `hev1`, which Apple's players refuse.
            tag: (unit.codec == Codec::Hevc && self.faststart).then_some(*b"hvc1"),
            width: plan.width,
            height: plan.height,
            sample_aspect: plan.sample_aspect,
            extradata: &extradata,
        };
        let video = libav::video_parameters(&video);
        let ticks = ffmpeg::Rational(1, TIMESCALE as i32);
        let tracks: Vec<_> = std::iter::once((video, ticks)).chain(self.copied.iter().cloned()).collect();
        for (parameters, base) in tracks {
            let added = self.output.add_stream(ffmpeg::encoder::find(ffmpeg::codec::Id::None));
            let mut stream = added.map_err(|e| AnnotateError::Output(e.to_string()))?;
            stream.set_parameters(parameters);
            stream.set_time_base(base);
        }
        let mut options = ffmpeg::Dictionary::new();
        if self.faststart {
            options.set("movflags", "+faststart");
        }
        let written = self.output.write_header_with(options).map(|_| ());
        self.told(written)?;
        self.started = true;
        for (track, packet) in std::mem::take(&mut self.early) {
            self.sound(track, packet)?;
        }
        Ok(())
    }

    fn write(&mut self, mut packet: ffmpeg::Packet, place: usize, base: ffmpeg::Rational) -> Result<(), AnnotateError> {
        let to = self.output.stream(place).map_or(base, |stream| stream.time_base());
        packet.rescale_ts(base, to);
        packet.set_stream(place);
        packet.set_position(-1);
        let written = packet.write_interleaved(&mut self.output);
        self.told(written)
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> Result<(), AnnotateError> {
        let written = self.output.write_trailer();
        self.told(written)?;
        let Self { output, name, failed, .. } = self;
        // What libavformat still holds is written when it is dropped.
        drop(output);
        told(&name, &failed, Ok(()))
    }

    fn told(&self, written: Result<(), ffmpeg::Error>) -> Result<(), AnnotateError> {
        told(&self.name, &self.failed, written)
    }
}

fn told(
    name: &Path,
    failed: &Mutex<Option<std::io::Error>>,
    written: Result<(), ffmpeg::Error>,
) -> Result<(), AnnotateError> {
    if let Some(error) = &*failed.lock().unwrap_or_else(PoisonError::into_inner) {
        return Err(AnnotateError::Output(cannot_write(name, error)));
    }
    written.map_err(|e| AnnotateError::Output(format!("{} cannot be written: {e}.", name.display())))
}

/// What a file begins with: the parameter sets in front of a key frame (H.264 section 7.4.1: types 7 and 8; H.265 section 7.4.2: types 32
/// to 34), behind start codes, or the sequence header of AV1.
fn parameter_sets(unit: &Encoded) -> Vec<u8> {
    let codec = match unit.codec {
        Codec::H264 => VideoCodec::H264,
        Codec::Hevc => VideoCodec::Hevc,
        Codec::Av1 => return crate::codec::av1::sequence_header(&unit.data).unwrap_or_default().to_vec(),
    };
    let data = crate::codec::nal::annexb_to_lengths(&unit.data);
    let sets = crate::codec::in_band_parameters(codec, &data).unwrap_or_default();
    let mut out = Vec::new();
    for set in sets.vps.iter().chain(&sets.sps).chain(&sets.pps) {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(set);
    }
    out
}
