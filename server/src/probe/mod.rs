//! The camera doctor: watches any source for a while and says what it is, what is wrong with it, and how to mend it.
//!
//! It knows a source only through [`crate::source::Sink`], as the graph does, so that what it finds is what the graph will get.

mod browsers;
pub mod command;
mod judge;
mod measure;
mod picture;
pub mod report;
mod watch;

use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::packet::VideoCodec;
use crate::settings::Origin;
use crate::source::{self, SourceError};
use judge::figure;
use measure::Measured;
use sightline_shared::camera::Transport;
use sightline_shared::probe::{Finding, Probe, Severity};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use watch::{Observed, Watcher};

/// How long a stream is watched where nobody says.
pub const DEFAULT_SECONDS: f64 = 6.0;
/// How long it may be watched.
pub const MAX_SECONDS: f64 = 60.0;
/// Without a first frame for this long there is none.
const FIRST_FRAME: Duration = Duration::from_secs(20);
/// Frames come, and none that decoding can start at.
const FIRST_KEY: Duration = Duration::from_secs(20);
/// How long a second session is waited on for its first key frame.
const SNIFF: Duration = Duration::from_millis(2500);
const TICK: Duration = Duration::from_millis(50);

/// What is to be looked at.
#[derive(Clone, Debug)]
pub struct Request {
    /// The address.
    pub origin: Origin,
    /// RTSP's transport.
    pub transport: Transport,
    /// How long it is watched after its first frame.
    pub watch: Duration,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No connection yet.
    Connecting,
    /// Connected; no frame yet.
    Waiting,
    /// Frames come: so many so far, for so long.
    Watching(u64, Duration),
    /// A second look at the packets.
    Packets,
}

/// Looks at a stream. Dropped, it lets go of the camera.
pub async fn probe(request: &Request, clock: &Arc<dyn Clock>, progress: &mut (dyn FnMut(Stage) + Send)) -> Probe {
    let observed = Arc::new(Mutex::new(Observed::default()));
    let started = clock.now();
    let end = watch_until_enough(request, clock, &observed, progress).await;
    let seen = std::mem::take(&mut *observed.lock().unwrap_or_else(PoisonError::into_inner));
    let in_band = match (&request.origin, &seen.connected, seen.first_key()) {
        (Origin::Rtsp { url, credentials }, Some((transport, _)), Some(_)) if end.is_none() => {
            progress(Stage::Packets);
            let (url, credentials) = (url.clone(), credentials.clone());
            source::parameter_sets_in_band(&url, credentials.as_ref(), transport, SNIFF).await
        }
        // FLV and MP4 have their place for them in front of the stream: that none come with it is no fault there.
        (Origin::Network { .. }, Some(_), Some(_)) if !seen.is_recoded() => seen.sets_seen.then_some(true),
        _ => None,
    };
    let picture = picture::data_url(seen.key_frame.clone(), clock).await;
    let mut report = describe(request, &seen, started);
    report.picture = picture;
    report.parameter_sets_in_band = in_band;
    conclude(&mut report, &seen, end);
    report
}

/// `None` where it was watched as long as asked, else why not.
async fn watch_until_enough(
    request: &Request,
    clock: &Arc<dyn Clock>,
    observed: &Arc<Mutex<Observed>>,
    progress: &mut (dyn FnMut(Stage) + Send),
) -> Option<SourceError> {
    let started = clock.now();
    let watcher = |pace| Watcher { observed: observed.clone(), pace, clock: clock.clone() };
    let playing = source::play::play(&request.origin, request.transport, "probe", watcher, clock);
    tokio::pin!(playing);
    loop {
        tokio::select! {
            error = &mut playing => return Some(error),
            () = tokio::time::sleep(TICK) => {}
        }
        let now = clock.now();
        let (stage, done) = {
            let seen = observed.lock().unwrap_or_else(PoisonError::into_inner);
            (stage(&seen, now), enough(&seen, request.watch, started, now))
        };
        progress(stage);
        match done {
            Some(Ok(())) => return None,
            Some(Err(error)) => return Some(error),
            None => {}
        }
    }
}

fn stage(seen: &Observed, now: Mono) -> Stage {
    match (seen.connected, seen.first()) {
        (_, Some(first)) => Stage::Watching(seen.frame_count, now.since(first)),
        (Some(_), None) => Stage::Waiting,
        (None, None) => Stage::Connecting,
    }
}

fn enough(seen: &Observed, watch: Duration, started: Mono, now: Mono) -> Option<Result<(), SourceError>> {
    let frozen = |words: String| Some(Err(SourceError::new("frozen", words)));
    let Some(first) = seen.first() else {
        let since = now.since(seen.connected.map_or(started, |(_, at)| at));
        return (since > FIRST_FRAME).then(|| {
            frozen(format!(
                "The connection stands, but no picture came in {} s. Where UDP is in use, a firewall may hold it back.",
                since.as_secs()
            ))
        })?;
    };
    let watched = now.since(first);
    if seen.first_key().is_none() {
        return (watched > watch.max(FIRST_KEY)).then(|| frozen(format!(
            "Frames come, but no key frame in {} s, so that no picture can be shown. Set the key frame interval to 2 s.",
            watched.as_secs()
        )))?;
    }
    (watched >= watch).then_some(Ok(()))
}

/// What it is, without a judgement.
fn describe(request: &Request, seen: &Observed, started: Mono) -> Probe {
    let measured = Measured::of(seen);
    let since = |at: Option<Mono>| at.map(|at| at.since(started).as_secs_f64() * 1e3);
    let mut probe = Probe {
        url: request.origin.masked(),
        transport: seen.connected.map(|(transport, _)| transport.to_owned()),
        connect_ms: since(seen.connected.map(|(_, at)| at)),
        first_picture_ms: since(seen.first_key()),
        fps: measured.fps,
        bitrate: measured.bitrate,
        gop_s: measured.gop_s,
        gop_frames: measured.gop_frames,
        b_frames: measured.b_frames,
        clock_drift_ppm: measured.drift_ppm,
        jitter_ms: measured.jitter_ms,
        frames: seen.frame_count,
        lost_packets: seen.lost_packets,
        watched_s: measured.span_s,
        ..Probe::default()
    };
    if matches!(request.origin, Origin::Rtsp { .. }) && seen.first().is_some() && !seen.is_recoded() {
        probe.sender_reports = Some(!seen.reports.is_empty());
        // The report that was least long on its way is the nearest to the truth.
        probe.clock_ahead_s = seen.reports.iter().copied().max_by(f64::total_cmp);
    }
    if let Some(params) = &seen.params {
        let video = &params.video;
        let sideways = video.rotation % 180 == 90;
        probe.codec = Some(video.codec_string.clone());
        probe.codec_words = Some(codec_words(&video.codec_string));
        probe.width = Some(if sideways { video.height } else { video.width });
        probe.height = Some(if sideways { video.width } else { video.height });
        let sdp = seen.offered.iter().filter(|track| track.carried).find_map(|track| track.claimed_fps);
        let sets = video.claimed_millifps.filter(|_| !seen.is_recoded());
        probe.fps_claimed = sdp.or(sets.map(|rate| f64::from(rate) / 1e3));
        probe.audio = params.audio.as_ref().map(crate::pipeline::packet::AudioParams::info);
        probe.browsers = browsers::browsers(&video.codec_string);
        debug_assert!(video.codec != VideoCodec::Vp9, "no source carries it");
    }
    probe
}

/// `H.264 High, level 4.0`.
fn codec_words(codec: &str) -> String {
    let words = sightline_shared::codec::words(codec);
    match words.rsplit_once(' ') {
        Some((name, level)) if level.starts_with(|c: char| c.is_ascii_digit()) && level.contains('.') => {
            format!("{name}, level {level}")
        }
        _ => words,
    }
}

fn conclude(probe: &mut Probe, seen: &Observed, end: Option<SourceError>) {
    probe.usable = seen.first_key().is_some() && probe.codec.is_some();
    let measured = Measured::of(seen);
    probe.findings = judge::findings(probe, seen, &measured);
    if !probe.usable {
        let error = end.unwrap_or_else(|| SourceError::new("frozen", "Frames came, but no key frame."));
        probe.findings.retain(|finding| finding.severity >= Severity::Warning);
        let mend = Some(judge::mend_of(error.code).to_owned());
        let finding =
            Finding { severity: Severity::Bad, code: error.code.into(), message: error.message.clone(), mend };
        probe.findings.insert(0, finding);
        probe.reason_code = Some(error.code.into());
        probe.summary = error.message;
        return;
    }
    if let Some(error) = end {
        let mend = Some(judge::mend_of(error.code).to_owned());
        let finding = Finding { severity: Severity::Bad, code: "broke_off".into(), message: error.message, mend };
        probe.findings.insert(0, finding);
    }
    probe.summary = summary(probe);
}

/// "H.264 High, 1920x1080, 25/s, key frame every 2 s; plays in every browser without re-encoding."
fn summary(probe: &Probe) -> String {
    let codec = probe.codec_words.as_deref().unwrap_or_default();
    let codec = codec.split(", level").next().unwrap_or_default();
    let recoded = probe.findings.iter().any(|finding| finding.code == "recoded");
    let mut parts = vec![if recoded { format!("Encoded here to {codec}") } else { codec.to_owned() }];
    if let (Some(width), Some(height)) = (probe.width, probe.height) {
        parts.push(format!("{width}x{height}"));
    }
    if let Some(fps) = probe.fps {
        parts.push(format!("{}/s", figure(fps)));
    }
    parts.push(probe.gop_s.map_or_else(
        || format!("no second key frame in {} s", figure(probe.watched_s)),
        |seconds| format!("key frame every {} s", figure(seconds)),
    ));
    format!("{}; {}.", parts.join(", "), browsers::sentence(&probe.browsers))
}

#[cfg(test)]
mod tests;
