//! RTSP cameras, by retina: one connection, its frames given on as they complete.

use super::rtsp_session::{Opened, Target, open};
use super::{RawUnit, Sink, SourceError};
use crate::codec;
use crate::pipeline::clock::Clock;
use crate::pipeline::packet::{AudioParams, Medium, StreamParams, VideoParams};
use crate::settings::Credentials;
use bytes::Bytes;
use futures::StreamExt;
use retina::codec::{CodecItem, ParametersRef, VideoParametersCodec};
use sightline_shared::camera::Transport;
use sightline_shared::time::TIMESCALE;
use std::time::Duration;

/// Damaged packets in a row, with no frame between them, after which the connection is given up.
const MAX_ERRORS: u32 = 200;
/// A NAL unit header (at most 2 bytes) behind its length is no picture, whatever type it names; some cameras send these.
const HOLLOW: usize = 4 + 2;

/// Connects and gives frames until the stream ends or breaks.
///
/// # Errors
/// Always ends with one: why.
pub async fn run(
    url: &url::Url,
    credentials: Option<&Credentials>,
    transport: Transport,
    sink: &mut dyn Sink,
    clock: &dyn Clock,
) -> SourceError {
    let target = Target { url, credentials, transport };
    match open(&target).await {
        Ok(opened) => play(opened, &target, sink, clock).await,
        Err(error) => error,
    }
}

async fn play(opened: Opened, target: &Target<'_>, sink: &mut dyn Sink, clock: &dyn Clock) -> SourceError {
    let Opened { session, video, audio, transport, offered } = opened;
    sink.offered(offered);
    let mut stream = match session.demuxed() {
        Ok(stream) => stream,
        Err(e) => return SourceError::from_retina(&e, &target.host(), target.credentials.is_some()),
    };
    sink.connected(transport);
    let mut tracks = Tracks { video, audio, known: None, told: None };
    let mut errors = 0;
    loop {
        match stream.next().await {
            Some(Ok(item)) => {
                errors = 0;
                if let Err(error) = tracks.take(item, &stream, sink, clock) {
                    return error;
                }
            }
            Some(Err(e)) if errors < MAX_ERRORS => {
                errors += 1;
                tracing::debug!(host = target.host(), "damaged packet: {e}");
            }
            Some(Err(e)) => return SourceError::from_retina(&e, &target.host(), target.credentials.is_some()),
            None => return SourceError::new("ended", format!("{} ended the stream.", target.host())),
        }
    }
}

struct Tracks {
    video: usize,
    audio: Option<usize>,
    /// The camera's parameter sets and what they mean, so that they are parsed only when they change.
    known: Option<(VideoParametersCodec, VideoParams)>,
    told: Option<StreamParams>,
}

impl Tracks {
    fn take(
        &mut self,
        item: CodecItem,
        stream: &retina::client::Demuxed,
        sink: &mut dyn Sink,
        clock: &dyn Clock,
    ) -> Result<(), SourceError> {
        match item {
            CodecItem::VideoFrame(frame) if frame.stream_id() == self.video => {
                if self.told.is_none() || frame.has_new_parameters() {
                    self.parameters(stream, sink)?;
                }
                if frame.loss() > 0 {
                    sink.lost(u64::from(frame.loss()));
                }
                sink.unit(RawUnit {
                    medium: Medium::Video,
                    time: ticks(frame.timestamp()),
                    key: frame.is_random_access_point(),
                    arrived: clock.at(frame.end_ctx().received()),
                    lost: frame.loss() > 0,
                    data: if frame.data().len() <= HOLLOW { Bytes::new() } else { Bytes::from(frame.into_data()) },
                });
            }
            CodecItem::AudioFrame(frame) if Some(frame.stream_id()) == self.audio => sink.unit(RawUnit {
                medium: Medium::Audio,
                time: ticks(frame.timestamp()),
                key: true,
                arrived: clock.at(frame.ctx().received()),
                lost: false,
                data: Bytes::copy_from_slice(frame.data()),
            }),
            CodecItem::Rtcp(packet) => self.sender_report(&packet, sink),
            _ => {}
        }
        Ok(())
    }

    fn parameters(&mut self, stream: &retina::client::Demuxed, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let Some(ParametersRef::Video(params)) = stream.streams()[self.video].parameters() else {
            return Ok(());
        };
        if self.known.as_ref().is_none_or(|(sets, _)| sets != params.codec_params()) {
            self.known = Some((params.codec_params().clone(), video_params(params)?));
        }
        let Some((_, video)) = self.known.clone() else { return Ok(()) };
        let audio = self.audio.and_then(|index| match stream.streams()[index].parameters() {
            Some(ParametersRef::Audio(params)) => audio_params(params),
            _ => None,
        });
        let params = StreamParams { video, audio };
        if self.told.as_ref() != Some(&params) {
            sink.parameters(params.clone());
            self.told = Some(params);
        }
        Ok(())
    }

    fn sender_report(&self, packet: &retina::rtcp::ReceivedCompoundPacket, sink: &mut dyn Sink) {
        let medium = if packet.stream_id() == self.video { Medium::Video } else { Medium::Audio };
        let Some(at) = packet.rtp_timestamp() else { return };
        let report = packet.pkts().find_map(|p| p.as_sender_report().ok().flatten());
        if let Some(utc) = report.and_then(|r| utc(r.ntp_timestamp().0)) {
            sink.sender_report(medium, ticks(at), utc);
        }
    }
}

/// Seconds from NTP's era 0 (1900) to Unix time (RFC 5905 section 6).
const NTP_TO_UNIX_SECS: u64 = 2_208_988_800;

/// UTC since 1970 of an NTP time stamp in 32.32 fixed point; `None` for those of cameras that count from their own start.
fn utc(ntp: u64) -> Option<Duration> {
    let secs = (ntp >> 32).checked_sub(NTP_TO_UNIX_SECS)?;
    Some(Duration::from_secs(secs) + Duration::from_nanos(((ntp & 0xffff_ffff) * 1_000_000_000) >> 32))
}

fn ticks(at: retina::Timestamp) -> i64 {
    let (elapsed, rate) = (i128::from(at.elapsed()), i128::from(at.clock_rate().get()));
    i64::try_from(elapsed * i128::from(TIMESCALE) / rate).unwrap_or(i64::MAX)
}

fn video_params(params: &retina::codec::VideoParameters) -> Result<VideoParams, SourceError> {
    let parsed = match params.codec_params() {
        VideoParametersCodec::H264 { .. } => codec::h264::video_params_from_avcc(params.extra_data()),
        VideoParametersCodec::H265 { .. } => codec::hevc::video_params_from_hvcc(params.extra_data()),
        _ => Err(codec::CodecError::Unsupported("this video codec")),
    };
    let mut video = parsed.map_err(|e| {
        SourceError::new("codec", format!("The camera's description of its picture is wrong: {e}. Restart the camera."))
    })?;
    if let Some((numerator, denominator)) = params.frame_rate().filter(|(n, _)| *n > 0) {
        let millifps = u64::from(denominator) * 1000 / u64::from(numerator);
        video.claimed_millifps = u32::try_from(millifps).ok();
    }
    Ok(video)
}

fn audio_params(params: &retina::codec::AudioParameters) -> Option<AudioParams> {
    codec::aac::audio_params(params.extra_data()).inspect_err(|e| tracing::warn!("the sound is left out: {e}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_times_become_utc() {
        assert_eq!(utc(NTP_TO_UNIX_SECS << 32), Some(Duration::ZERO));
        assert_eq!(utc((NTP_TO_UNIX_SECS + 5) << 32 | 0x8000_0000), Some(Duration::from_millis(5500)));
        assert_eq!(utc(1234 << 32), None, "a clock that counts from the camera's start");
    }
}
