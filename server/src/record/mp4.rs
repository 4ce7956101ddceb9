//! A cut as a faststart MP4: `ftyp`, `moov`, then the coded frames as they are. The boxes are mp4-atom's; the `mdat` is streamed.

use super::cut::{AudioCut, Cut};
use super::reel::Frame;
use bytes::Bytes;
use mp4_atom::{
    Co64, Ctts, CttsEntry, DecodeMaybe, Edts, Elst, ElstEntry, Encode, FixedPoint, FourCC, Ftyp, Moov, Mvhd, Stbl,
    Stco, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry, Trak,
};
use sightline_shared::time::TIMESCALE;
use std::io::{self, Write};
use std::time::Duration;

/// Why no file could be made.
#[derive(Debug, thiserror::Error)]
pub enum Mp4Error {
    /// The init segment is not one.
    #[error("the init segment of these frames cannot be read")]
    Init,
    /// mp4-atom could not write the boxes.
    #[error("the file's head cannot be written: {0}")]
    Write(#[from] mp4_atom::Error),
}

/// A whole file, before it is written.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Everything in front of the frames.
    head: Vec<u8>,
    /// The frames, in the order of the file.
    frames: Vec<Bytes>,
    /// Bytes of the file.
    len: u64,
}

/// Video and audio take turns after so many ticks: half a second, which a player has read before it needs it.
const TURN: i64 = TIMESCALE as i64 / 2;
/// Bytes between two reports of how far the writing is.
const REPORT: u64 = 1 << 20;
/// Seconds from 1904, where MP4 counts from, to 1970.
const FROM_1904: u64 = 2_082_844_800;

impl Layout {
    /// Lays out a file. `created` is the moment of its first picture, since 1970.
    ///
    /// # Errors
    /// The boxes cannot be made.
    pub fn of(cut: &Cut, created: Duration) -> Result<Self, Mp4Error> {
        let turns = turns(cut);
        let frames: Vec<Bytes> = turns.iter().flat_map(|turn| turn.bytes.iter().cloned()).collect();
        let payload: u64 = frames.iter().map(|frame| frame.len() as u64).sum();
        let mut moov = movie(cut, created)?;
        let ftyp = Ftyp {
            major_brand: FourCC::new(b"isom"),
            minor_version: 512,
            compatible_brands: vec![FourCC::new(b"isom"), FourCC::new(b"iso2"), FourCC::new(b"mp41")],
        };
        // Offsets take the same room whatever they are: written once to know it, and once more with them.
        let wide = payload > u64::from(u32::MAX) - (1 << 28);
        place(&mut moov, &turns, 0, wide);
        let mut head = Vec::new();
        ftyp.encode(&mut head)?;
        let front = head.len();
        moov.encode(&mut head)?;
        let mdat = mdat_header(payload);
        let begin = (head.len() + mdat.len()) as u64;
        place(&mut moov, &turns, begin, wide);
        head.truncate(front);
        moov.encode(&mut head)?;
        head.extend_from_slice(&mdat);
        debug_assert_eq!(head.len() as u64, begin);
        Ok(Self { head, frames, len: begin + payload })
    }

    /// Bytes of the file.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing to write: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes the file. `go_on` is told the bytes written so far, once a megabyte; where it says no, writing ends and the answer
    /// is false.
    ///
    /// # Errors
    /// The writer fails.
    pub fn write(&self, out: &mut dyn Write, go_on: &mut dyn FnMut(u64) -> bool) -> io::Result<bool> {
        let mut out = io::BufWriter::with_capacity(256 << 10, out);
        out.write_all(&self.head)?;
        let (mut written, mut told) = (self.head.len() as u64, 0);
        for frame in &self.frames {
            if written - told >= REPORT {
                told = written;
                if !go_on(written) {
                    return Ok(false);
                }
            }
            out.write_all(frame)?;
            written += frame.len() as u64;
        }
        out.flush()?;
        Ok(true)
    }
}

fn mdat_header(payload: u64) -> Vec<u8> {
    match u32::try_from(payload + 8) {
        Ok(size) => [&size.to_be_bytes()[..], b"mdat"].concat(),
        Err(_) => [&1_u32.to_be_bytes()[..], b"mdat", &(payload + 16).to_be_bytes()].concat(),
    }
}

/// Samples of one track that lie together in the file: a chunk in the standard's word.
struct Turn {
    audio: bool,
    bytes: Vec<Bytes>,
}

/// The frames in the order of the file: half a second of video, the sound of that time, and so on.
fn turns(cut: &Cut) -> Vec<Turn> {
    let mut out = Vec::new();
    let mut sounds = cut.audio.iter().flat_map(|audio| audio.sounds.iter().map(|s| (s, audio.rate))).peekable();
    let mut frames = cut.frames.iter().peekable();
    while let Some(first) = frames.peek() {
        let until = first.dts + TURN;
        let mut video = Turn { audio: false, bytes: Vec::new() };
        while let Some(frame) = frames.next_if(|frame| frame.dts < until) {
            video.bytes.push(frame.data.clone());
        }
        out.push(video);
        let last = frames.peek().is_none();
        let mut audio = Turn { audio: true, bytes: Vec::new() };
        while let Some((sound, _)) =
            sounds.next_if(|(sound, rate)| last || super::reel::to_ticks(sound.start, *rate) < until)
        {
            audio.bytes.push(sound.data.clone());
        }
        if !audio.bytes.is_empty() {
            out.push(audio);
        }
    }
    out
}

fn movie(cut: &Cut, created: Duration) -> Result<Moov, Mp4Error> {
    let mut moov = read_init(&cut.init.muxed).ok_or(Mp4Error::Init)?;
    let created = created.as_secs() + FROM_1904;
    let duration = cut.duration().unsigned_abs();
    moov.mvex = None;
    moov.trak.truncate(1 + usize::from(cut.audio.is_some()));
    let mut tracks = moov.trak.iter_mut();
    let mut longest = duration;
    if let Some(track) = tracks.next() {
        video_track(track, cut);
    }
    if let (Some(track), Some(audio)) = (tracks.next(), &cut.audio) {
        audio_track(track, audio);
        longest = longest.max(track.tkhd.duration);
    }
    for track in &mut moov.trak {
        (track.tkhd.creation_time, track.tkhd.modification_time) = (created, created);
        (track.mdia.mdhd.creation_time, track.mdia.mdhd.modification_time) = (created, created);
    }
    let mvhd = Mvhd { creation_time: created, modification_time: created, duration: longest, ..moov.mvhd };
    Ok(Moov { mvhd: Mvhd { timescale: TIMESCALE, ..mvhd }, ..moov })
}

fn read_init(mut init: &[u8]) -> Option<Moov> {
    loop {
        if let mp4_atom::Any::Moov(moov) = mp4_atom::Any::decode_maybe(&mut init).ok()?? {
            return (!moov.trak.is_empty()).then_some(moov);
        }
    }
}

fn video_track(track: &mut Trak, cut: &Cut) {
    let frames = &cut.frames;
    let zero = frames.first().map_or(0, |frame| frame.dts);
    let next = frames.iter().skip(1).map(|frame| frame.dts).chain([cut.to]);
    let durations = frames.iter().zip(next).map(|(frame, next)| clamp((next - frame.dts).max(1)));
    let offsets = frames.iter().map(|frame: &Frame| frame.pts - frame.dts);
    let keys: Vec<u32> = (1..).zip(frames).filter(|(_, frame)| frame.key).map(|(number, _)| number).collect();
    let stbl = &mut track.mdia.minf.stbl;
    stbl.stts = stts(durations);
    stbl.ctts = frames.iter().any(|frame| frame.pts != frame.dts).then(|| ctts(offsets));
    // Where every frame is a key frame the box is left out (ISO/IEC 14496-12 section 8.6.2).
    stbl.stss = (keys.len() < frames.len()).then_some(Stss { entries: keys });
    stbl.stsz = stsz(frames.iter().map(|frame| frame.data.len()));
    track.mdia.mdhd.duration = total(&stbl.stts);
    let shown = cut.duration().unsigned_abs();
    edit(track, [(shown, Some((cut.from - zero).unsigned_abs()))].into());
}

fn audio_track(track: &mut Trak, audio: &AudioCut) {
    let sounds = &audio.sounds;
    let end = sounds.last().map_or(0, |sound| sound.start + sound.duration);
    let next = sounds.iter().skip(1).map(|sound| sound.start).chain([end]);
    // A sound's time ends where the next begins: what was lost between them stays a pause, and nothing drifts.
    let durations = sounds.iter().zip(next).map(|(sound, next)| clamp((next - sound.start).max(1)));
    let stbl = &mut track.mdia.minf.stbl;
    stbl.stts = stts(durations);
    stbl.stsz = stsz(sounds.iter().map(|sound| sound.data.len()));
    track.mdia.mdhd.duration = total(&stbl.stts);
    let mut edits = Vec::new();
    if audio.silence > 0 {
        edits.push((audio.silence.unsigned_abs(), None));
    }
    edits.push((audio.heard.unsigned_abs(), Some(audio.skip.unsigned_abs())));
    edit(track, edits);
}

/// The edit list: durations in the movie's timescale, media times in the track's (ISO/IEC 14496-12 section 8.6.6).
fn edit(track: &mut Trak, edits: Vec<(u64, Option<u64>)>) {
    track.tkhd.duration = edits.iter().map(|(duration, _)| duration).sum();
    let entry = |(segment_duration, media_time)| ElstEntry { segment_duration, media_time, media_rate: rate() };
    track.edts = Some(Edts { elst: Some(Elst { entries: edits.into_iter().map(entry).collect() }) });
}

fn rate() -> FixedPoint<i16> {
    1.into()
}

fn clamp(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn stts(durations: impl Iterator<Item = u32>) -> Stts {
    let runs = runs(durations);
    let entry = |(sample_count, sample_delta)| SttsEntry { sample_count, sample_delta };
    Stts { entries: runs.into_iter().map(entry).collect() }
}

fn ctts(offsets: impl Iterator<Item = i64>) -> Ctts {
    let runs = runs(offsets);
    let entry = |(sample_count, sample_offset)| CttsEntry { sample_count, sample_offset };
    Ctts { entries: runs.into_iter().map(entry).collect() }
}

fn stsz(sizes: impl Iterator<Item = usize>) -> Stsz {
    let sizes = sizes.map(|size| u32::try_from(size).unwrap_or(u32::MAX)).collect();
    Stsz { samples: StszSamples::Different { sizes } }
}

fn total(stts: &Stts) -> u64 {
    stts.entries.iter().map(|entry| u64::from(entry.sample_count) * u64::from(entry.sample_delta)).sum()
}

/// How often each value stands in a row.
fn runs<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<(u32, T)> {
    let mut out: Vec<(u32, T)> = Vec::new();
    for value in values {
        match out.last_mut() {
            Some((count, last)) if *last == value => *count += 1,
            _ => out.push((1, value)),
        }
    }
    out
}

/// Tells each track where its chunks lie, the first turn beginning at `begin`.
fn place(moov: &mut Moov, turns: &[Turn], begin: u64, wide: bool) {
    for (track, audio) in moov.trak.iter_mut().zip([false, true]) {
        let mut at = begin;
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        for turn in turns {
            if turn.audio == audio {
                offsets.push(at);
                counts.push(u32::try_from(turn.bytes.len()).unwrap_or(u32::MAX));
            }
            at += turn.bytes.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
        }
        chunks(&mut track.mdia.minf.stbl, &offsets, counts, wide);
    }
}

fn chunks(stbl: &mut Stbl, offsets: &[u64], counts: Vec<u32>, wide: bool) {
    let mut first_chunk = 1;
    let mut entries = Vec::new();
    for (count, samples_per_chunk) in runs(counts.into_iter()) {
        entries.push(StscEntry { first_chunk, samples_per_chunk, sample_description_index: 1 });
        first_chunk += count;
    }
    stbl.stsc = Stsc { entries };
    let narrow = |offset: &u64| u32::try_from(*offset).unwrap_or(u32::MAX);
    stbl.stco = (!wide).then(|| Stco { entries: offsets.iter().map(narrow).collect() });
    stbl.co64 = wide.then(|| Co64 { entries: offsets.to_vec() });
}

#[cfg(test)]
#[path = "mp4_tests.rs"]
mod tests;
