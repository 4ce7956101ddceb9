//! What a file's tracks are, and how their packets become access units.

use super::SourceError;
use crate::codec;
use crate::libav::{TrackFacts, track_facts};
use crate::pipeline::packet::{AudioParams, StreamParams, VideoCodec, VideoParams};
use bytes::Bytes;
use ffmpeg::codec::Id;
use ffmpeg::media::Type;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::TIMESCALE;

/// How video packets are framed in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    StartCodes,
    Lengths(u8),
    /// AV1: temporal units as they are.
    Obus,
}

/// The tracks of an open file that are carried.
pub(crate) struct FileTracks {
    /// Index of the video stream.
    pub video: usize,
    /// Index of the AAC stream, if there is one.
    pub audio: Option<usize>,
    /// Their parameters.
    pub params: StreamParams,
    /// Ticks of 90 kHz from one frame to the next, as the file claims; 40 ms where it does not.
    pub interval: i64,
    /// Whether the parameter sets themselves say how frames are reordered.
    pub told_reorder: bool,
    framing: Framing,
}

/// Whether access units of this codec go to viewers as they are.
pub(super) fn is_carried(id: Id) -> bool {
    matches!(id, Id::H264 | Id::HEVC | Id::AV1)
}

impl FileTracks {
    /// Looks at an open input; `what` it is: `file`, `stream`.
    ///
    /// # Errors
    /// No video track, or one that is not carried.
    pub(crate) fn find(input: &ffmpeg::format::context::Input, what: &str) -> Result<Self, SourceError> {
        let video = input
            .streams()
            .best(Type::Video)
            .ok_or_else(|| SourceError::new("no_video", format!("The {what} holds no video track.")))?;
        let facts = track_facts(&video.parameters());
        let (mut params, framing) = video_params(video.parameters().id(), &facts, what)?;
        params.rotation = rotation(&video);
        let told_reorder = params.reorder.is_some();
        if !told_reorder {
            params.reorder = u8::try_from(facts.reorder).ok().filter(|depth| *depth <= 16);
        }
        let rate = video.avg_frame_rate();
        let fps = f64::from(rate.numerator()) / f64::from(rate.denominator().max(1));
        let fps = if (0.1..=1000.0).contains(&fps) { fps } else { 25.0 };
        params.claimed_millifps = Some((fps * 1000.0) as u32);
        let audio = input.streams().best(Type::Audio).filter(|s| s.parameters().id() == Id::AAC);
        let audio = audio.and_then(|s| Some((s.index(), audio_params(&track_facts(&s.parameters()))?)));
        Ok(Self {
            video: video.index(),
            audio: audio.as_ref().map(|(index, _)| *index),
            interval: (f64::from(TIMESCALE) / fps) as i64,
            params: StreamParams { video: params, audio: audio.map(|(_, params)| params) },
            told_reorder,
            framing,
        })
    }

    /// The bytes of a video packet as access units hold them; `None` where they are damaged.
    pub(crate) fn access_unit(&self, data: &[u8]) -> Option<Bytes> {
        match self.framing {
            Framing::StartCodes => Some(codec::nal::annexb_to_lengths(data)),
            Framing::Lengths(size) => codec::nal::relength(data, size).ok(),
            Framing::Obus => Some(codec::av1::without_delimiters(data)),
        }
    }

    /// The bytes of an audio packet as access units hold them.
    pub(super) fn sound(&self, data: &[u8]) -> Bytes {
        Bytes::copy_from_slice(codec::aac::without_adts(data))
    }

    /// Takes over the parameter sets that stand in an access unit, or a new description that its container sends; gives the
    /// parameters from here on where they changed.
    pub(super) fn changed(&mut self, description: Option<&[u8]>, data: &[u8]) -> Option<StreamParams> {
        let old = &self.params.video;
        let new = match description {
            Some(extradata) => {
                let id = match old.codec {
                    VideoCodec::H264 => Id::H264,
                    VideoCodec::Av1 => Id::AV1,
                    _ => Id::HEVC,
                };
                let facts = TrackFacts { extradata: extradata.to_vec(), ..TrackFacts::default() };
                let (params, framing) = video_params(id, &facts, "stream").ok()?;
                self.framing = framing;
                VideoParams { rotation: old.rotation, ..params }
            }
            None => codec::changed_parameters(old, data).ok().flatten()?,
        };
        let (reorder, millifps) = (old.reorder, old.claimed_millifps);
        let new = VideoParams {
            reorder: new.reorder.or(reorder),
            claimed_millifps: new.claimed_millifps.or(millifps),
            ..new
        };
        (new != self.params.video).then(|| {
            self.params.video = new;
            self.params.clone()
        })
    }

    /// Whether decoding can start at `data`: the bytes are asked, since containers mark what they like.
    pub(crate) fn is_key(&self, marked: bool, data: &[u8]) -> bool {
        match self.params.video.codec {
            VideoCodec::H264 => codec::h264::contains_idr(data) || marked,
            VideoCodec::Hevc => codec::hevc::contains_irap(data),
            VideoCodec::Av1 | VideoCodec::Vp9 => marked,
        }
    }
}

fn video_params(id: Id, facts: &TrackFacts, what: &str) -> Result<(VideoParams, Framing), SourceError> {
    let record = &facts.extradata;
    let parsed = match id {
        Id::H264 if record.first() == Some(&1) => codec::h264::video_params_from_avcc(record)
            .and_then(|params| Ok((params, Framing::Lengths(codec::h264::length_size(record)?)))),
        Id::HEVC if record.first() == Some(&1) => codec::hevc::video_params_from_hvcc(record)
            .and_then(|params| Ok((params, Framing::Lengths(codec::hevc::length_size(record)?)))),
        Id::AV1 => codec::av1::video_params_from_av1c(record).map(|params| (params, Framing::Obus)),
        Id::H264 | Id::HEVC => from_start_codes(id, record).map(|params| (params, Framing::StartCodes)),
        other => {
            return Err(SourceError::new(
                "codec",
                format!(
                    "The {what}'s video is coded in {}, which is not carried. H.264, H.265 and AV1 are.",
                    other.name()
                ),
            ));
        }
    };
    parsed.map_err(|e| SourceError::new("file", format!("The {what}'s description of its picture is wrong: {e}.")))
}

fn from_start_codes(id: Id, extradata: &[u8]) -> Result<VideoParams, codec::CodecError> {
    let data = codec::nal::annexb_to_lengths(extradata);
    let codec = if id == Id::H264 { VideoCodec::H264 } else { VideoCodec::Hevc };
    let sets = codec::in_band_parameters(codec, &data).unwrap_or_default();
    let first = |sets: &[&[u8]], name| sets.first().map(|set| set.to_vec()).ok_or(codec::CodecError::Missing(name));
    let (sps, pps) = (first(&sets.sps, "SPS")?, first(&sets.pps, "PPS")?);
    match codec {
        VideoCodec::H264 => codec::h264::video_params_from_sps_pps(&sps, &pps),
        _ => codec::hevc::video_params_from_vps_sps_pps(&first(&sets.vps, "VPS")?, &sps, &pps),
    }
}

/// `FF_PROFILE_AAC_HE` and `FF_PROFILE_AAC_HE_V2` of libavcodec.
const HIGH_EFFICIENCY: [i32; 2] = [4, 28];

fn audio_params(facts: &TrackFacts) -> Option<AudioParams> {
    let config = if facts.extradata.is_empty() {
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        let [he, he_v2] = HIGH_EFFICIENCY.map(|profile| facts.profile == profile);
        codec::aac::config_of_adts(number(facts.sample_rate), number(facts.channels), he || he_v2, he_v2)
            .map(|config| config.to_vec())
    } else {
        Ok(facts.extradata.clone())
    };
    config
        .and_then(|config| codec::aac::audio_params(&config))
        .inspect_err(|e| tracing::warn!("the sound is left out: {e}"))
        .ok()
}

/// Clockwise rotation from the track's display matrix (ISO/IEC 14496-12 section 8.3.2): 16.16 fixed point a, b, u, c, d, v, x, y, w.
pub(crate) fn rotation(stream: &ffmpeg::Stream<'_>) -> u16 {
    let matrix = stream.side_data().find(|side| side.kind() == ffmpeg::packet::side_data::Type::DisplayMatrix);
    let Some(matrix) = matrix else { return 0 };
    let at = |index: usize| -> f64 {
        let bytes = matrix.data().get(index * 4..index * 4 + 4).and_then(|b| b.try_into().ok());
        f64::from(bytes.map_or(0, i32::from_ne_bytes))
    };
    let degrees = at(1).atan2(at(0)).to_degrees().rem_euclid(360.0);
    ((degrees / 90.0).round() as u16 % 4) * 90
}
