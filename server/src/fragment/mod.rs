//! Fragment: access units in, CMAF init segments and one chunk per frame out.
//!
//! The contract stands here; `cmaf.rs` writes init segments with mp4-atom, `moof.rs` the fixed-size boxes of each chunk.
//! Rules of live video: one frame a chunk, default-base-is-moof, no `styp`, durations 0 and no `mehd`, because Chromium leaves
//! its low-delay mode when a duration is known.

mod cmaf;
mod moof;
mod strip;

use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{AccessUnit, Medium, StreamParams};
use bytes::Bytes;
use sightline_shared::camera::Rendition;
use sightline_shared::chunk::{ChunkHeader, FLAG_AUDIO, FLAG_KEY, FLAG_STARTS_EPOCH, HEADER_LEN, Kind};
use sightline_shared::time::{Epoch, Pts, TIMESCALE};
use sightline_shared::wire::Init;
use std::sync::Arc;
use strip::ParameterSets;

/// Track number of the video.
pub const VIDEO_TRACK: u32 = 1;
/// Track number of the audio.
pub const AUDIO_TRACK: u32 = 2;

/// What a viewer needs before the first chunk of an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct InitSet {
    /// The text message that announces it.
    pub text: Init,
    /// A whole binary WebSocket message: header and the init segment of the video track.
    pub video: Bytes,
    /// The same for the audio track, flagged [`FLAG_AUDIO`], where there is one.
    pub audio: Option<Bytes>,
    /// A plain init segment with all tracks, for `live.mp4`.
    pub muxed: Bytes,
    /// What they were made of.
    pub params: Arc<StreamParams>,
}

impl InitSet {
    /// The epoch it begins.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.text.epoch
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.video.len() + self.audio.as_ref().map_or(0, Bytes::len) + self.muxed.len()
    }
}

/// One frame as every viewer gets it: the very same bytes for all.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// What stands in the first bytes of `message`.
    pub header: ChunkHeader,
    /// Header, `moof` and `mdat`, in one allocation.
    pub message: Bytes,
    /// When the last packet of the frame had arrived.
    pub arrived: Mono,
    /// When this chunk was made.
    pub fragmented: Mono,
}

impl Chunk {
    /// `moof` and `mdat` without the header, for `live.mp4` and for files; shares the bytes.
    #[must_use]
    pub fn mp4(&self) -> Bytes {
        self.message.slice(HEADER_LEN..)
    }

    /// The one sample in it, for a file of another layout; shares the bytes. `None` for a message that was not made here.
    #[must_use]
    pub fn sample(&self) -> Option<Sample> {
        let (decode_time, duration, data) = moof::read(&self.message, HEADER_LEN)?;
        Some(Sample { decode_time, duration, data })
    }

    /// The video frame in it as the access unit that a decoder takes, coded with `params`. `None` as for [`Self::sample`].
    #[must_use]
    pub fn access_unit(&self, params: &Arc<StreamParams>) -> Option<AccessUnit> {
        Some(AccessUnit {
            medium: Medium::Video,
            epoch: self.header.epoch,
            starts_epoch: false,
            pts: self.header.pts,
            dts: self.header.dts,
            duration: self.header.duration,
            key: self.is_key(),
            data: self.sample()?.data,
            params: Arc::clone(params),
            sequence: u64::from(self.header.sequence),
            arrived: self.arrived,
            captured_utc: None,
        })
    }

    /// How many bytes its samples have, without header, `moof` and the head of `mdat`.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        let moof = self
            .message
            .get(HEADER_LEN..HEADER_LEN + 4)
            .map_or(0, |size| size.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)));
        self.message.len().saturating_sub(HEADER_LEN + moof + 8)
    }

    /// Whether it is a key frame of the video: a player can start here.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.header.has(FLAG_KEY)
    }

    /// Whether it is of the audio track.
    #[must_use]
    pub fn is_audio(&self) -> bool {
        self.header.has(FLAG_AUDIO)
    }
}

/// What a chunk carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// From the start of the epoch, in the track's timescale: 90 kHz for video, the sample rate for audio.
    pub decode_time: u64,
    /// In the same.
    pub duration: u32,
    /// The coded frame.
    pub data: Bytes,
}

/// Why no init segment could be made of some parameters; the stream cannot be shown until they change.
#[derive(Debug, thiserror::Error)]
pub enum FragmentError {
    /// The decoder configuration record is not one.
    #[error("the {codec} decoder configuration record ({len} bytes) cannot be read: {cause}")]
    Record {
        /// RFC 6381 string.
        codec: String,
        /// Length of the record.
        len: usize,
        /// What mp4-atom says.
        cause: mp4_atom::Error,
    },
    /// A picture that MP4 has no room for.
    #[error("a picture of {0}x{1} does not fit into a sample entry (each side is 1 to 65535)")]
    Size(u32, u32),
    /// An audio rate that has no timescale.
    #[error("audio with a sample rate of 0 cannot be carried")]
    SampleRate,
    /// mp4-atom could not write the boxes.
    #[error("the init segment cannot be written: {0}")]
    Write(mp4_atom::Error),
}

/// Makes the chunks of one rendition of one camera.
#[derive(Debug)]
pub struct Fragmenter {
    rendition: Rendition,
    sequence: u32,
    sample_rate: u32,
    audio_end: Option<u64>,
    in_entry: ParameterSets,
}

/// How far audio may be from the end of the audio before it and still be joined to it without a seam, in samples: RTP and
/// container times are rounded to 90 kHz and back, which is less than one sample each way up to 96 kHz.
const AUDIO_SNAP: u64 = 2;

impl Fragmenter {
    /// For `rendition`; call [`Self::start_epoch`] before the first chunk.
    #[must_use]
    pub fn new(rendition: Rendition) -> Self {
        Self { rendition, sequence: 0, sample_rate: TIMESCALE, audio_end: None, in_entry: ParameterSets::default() }
    }

    /// Begins an epoch: its init segments.
    ///
    /// # Errors
    /// The parameters cannot be written into a sample entry; the state is then as before.
    pub fn start_epoch(&mut self, epoch: Epoch, params: &StreamParams) -> Result<InitSet, FragmentError> {
        let tracks = cmaf::tracks(params)?;
        let header = |flags| ChunkHeader {
            kind: Kind::Init,
            flags,
            rendition: self.rendition.number(),
            epoch,
            pts: Pts(0),
            dts: Pts(0),
            duration: 0,
            sequence: self.sequence,
        };
        let video = cmaf::init_segment(&header(0).to_bytes(), &tracks[..1])?;
        let audio = match tracks.get(1..) {
            None | Some([]) => None,
            Some(audio) => Some(cmaf::init_segment(&header(FLAG_AUDIO).to_bytes(), audio)?),
        };
        let muxed = cmaf::init_segment(&[], &tracks)?;
        let text = cmaf::announce(self.rendition, epoch, params);
        self.sample_rate = params.audio.as_ref().map_or(TIMESCALE, |audio| audio.sample_rate);
        self.audio_end = None;
        self.in_entry = ParameterSets::of(&params.video);
        Ok(InitSet { text, video, audio, muxed, params: Arc::new(params.clone()) })
    }

    /// The chunk of one access unit. Parameter sets that stand in the sample entry, and access unit delimiters, are left out
    /// (ISO/IEC 14496-15 section 5.4.2: with `avc1` and `hvc1` they belong there).
    pub fn chunk(&mut self, au: &AccessUnit, now: Mono) -> Chunk {
        self.sequence = self.sequence.wrapping_add(1);
        let audio = au.medium == Medium::Audio;
        let flags = if audio { FLAG_AUDIO } else { u8::from(au.key) * FLAG_KEY }
            | if au.starts_epoch { FLAG_STARTS_EPOCH } else { 0 };
        let header = ChunkHeader {
            kind: Kind::Chunk,
            flags,
            rendition: self.rendition.number(),
            epoch: au.epoch,
            pts: au.pts,
            dts: au.dts,
            duration: au.duration,
            sequence: self.sequence,
        };
        let pieces = if audio { strip::Pieces::whole(&au.data) } else { self.in_entry.strip(&au.data) };
        let (decode_time, duration) = if audio { self.audio_times(au) } else { (clamp(au.dts), au.duration) };
        let sample = moof::Sample {
            sequence: self.sequence,
            track: if audio { AUDIO_TRACK } else { VIDEO_TRACK },
            decode_time,
            duration,
            size: pieces.len(),
            sync: audio || au.key,
            composition_offset: if audio { 0 } else { offset(au.pts, au.dts) },
        };
        let message = moof::message(&header.to_bytes(), &sample, pieces.iter(&au.data));
        Chunk { header, message, arrived: au.arrived, fragmented: now }
    }

    /// Decode time and duration of audio in samples. Frames that follow each other are joined exactly, so that rounding to
    /// 90 kHz neither drifts nor leaves gaps of a sample; a real gap or jump moves the time.
    fn audio_times(&mut self, au: &AccessUnit) -> (u64, u32) {
        let rate = u128::from(self.sample_rate);
        let to_samples = |ticks: u64| {
            let samples = (u128::from(ticks) * rate + u128::from(TIMESCALE / 2)) / u128::from(TIMESCALE);
            u64::try_from(samples).unwrap_or(u64::MAX >> 1)
        };
        let told = to_samples(clamp(au.pts));
        let start = match self.audio_end {
            Some(end) if told.abs_diff(end) <= AUDIO_SNAP => end,
            _ => told,
        };
        let duration = u32::try_from(to_samples(u64::from(au.duration))).unwrap_or(u32::MAX);
        self.audio_end = Some(start.saturating_add(u64::from(duration)));
        (start, duration)
    }
}

/// `tfdt` is unsigned. Sources give times from 0 on; a negative one would be a mistake of theirs and is shown as 0.
fn clamp(time: Pts) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

/// Composition offset: PTS - DTS (ISO/IEC 14496-12 section 8.8.8, version 1: signed).
fn offset(pts: Pts, dts: Pts) -> i32 {
    let offset = pts.0.max(0).saturating_sub(dts.0.max(0));
    i32::try_from(offset).unwrap_or(if offset < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
pub(crate) mod film;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
