//! What is wrong with what was seen, and the mend in words: where in a typical camera's menus it is set.

use super::measure::Measured;
use super::watch::Observed;
use crate::pipeline::packet::{Medium, VideoCodec};
use sightline_shared::probe::{Finding, Probe, Severity};

/// Key frames further apart than this are felt: a viewer that joins, a clip that begins, a picture that broke wait for one.
const LONG_GOP_S: f64 = 4.2;
const SHORT_GOP_S: f64 = 0.45;
/// Rates that differ by more than this are different rates.
const RATE_OFF: f64 = 0.04;
/// Quartz clocks of cameras are off by less.
const DRIFT_PPM: f64 = 1000.0;
const JITTER_MS: f64 = 120.0;
const AHEAD_S: f64 = 2.0;
const SLOW_START_MS: f64 = 4000.0;
const MANY_BITS: f64 = 12e6;

/// A judge at work.
pub(super) struct Judge<'a> {
    pub(super) probe: &'a Probe,
    pub(super) observed: &'a Observed,
    pub(super) measured: &'a Measured,
    found: Vec<Finding>,
}

/// Everything that was found, worst first.
pub(super) fn findings(probe: &Probe, observed: &Observed, measured: &Measured) -> Vec<Finding> {
    let mut judge = Judge { probe, observed, measured, found: Vec::new() };
    judge.codec();
    judge.order();
    judge.gop();
    judge.rate();
    judge.loss();
    judge.clock();
    judge.reports();
    judge.sets();
    judge.audio();
    judge.start();
    let mut found = judge.found;
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// A number with no more digits than it deserves.
pub(super) fn figure(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded.fract().abs() < 0.05 || rounded >= 100.0 { format!("{value:.0}") } else { format!("{rounded:.1}") }
}

impl Judge<'_> {
    fn add(&mut self, severity: Severity, code: &str, message: impl Into<String>, mend: &str) {
        let mend = (!mend.is_empty()).then(|| mend.to_owned());
        self.found.push(Finding { severity, code: code.into(), message: message.into(), mend });
    }

    fn is_rtsp(&self) -> bool {
        matches!(self.probe.transport.as_deref(), Some("tcp" | "udp"))
    }

    fn codec(&mut self) {
        for note in self.observed.notes.clone() {
            if note.contains(crate::source::RECODED) {
                let mend =
                    "Give the camera's RTSP address instead where it has one, or choose H.264 as its video encoding.";
                self.add(Severity::Warning, "recoded", note, mend);
            } else {
                self.add(Severity::Note, "certificate", note, "");
            }
        }
        if self.observed.left_out > 0 {
            let words = format!(
                "{} pictures were left out: this machine encodes them more slowly than they come.",
                self.observed.left_out
            );
            self.add(
                Severity::Warning,
                "too_slow",
                words,
                "Choose a smaller picture or fewer frames a second in the camera.",
            );
        }
        let Some(video) = self.observed.params.as_ref().map(|params| &params.video) else { return };
        let words = self.probe.codec_words.clone().unwrap_or_default();
        let everywhere = self.probe.browsers.iter().all(|one| one.plays == sightline_shared::probe::Plays::Yes);
        if everywhere {
            self.add(
                Severity::Good,
                "codec",
                format!("{words}, {}x{}: every browser plays it.", video.width, video.height),
                "",
            );
        } else if video.codec == VideoCodec::Hevc {
            self.add(
                Severity::Warning,
                "codec",
                format!("{words}: half of the browsers cannot play it, and get it encoded anew, which costs this machine work."),
                "Set the video encoding to H.264 (Video > Encoding, or Stream > Codec), or use a second stream of the camera \
                 that is in H.264. \"H.264+\" and \"Smart Codec\" should be off.",
            );
        } else if video.codec == VideoCodec::Av1 {
            self.add(
                Severity::Good,
                "codec",
                format!("{words}: all but some of Apple's older devices play it; these get it encoded anew."),
                "",
            );
        } else {
            self.add(
                Severity::Warning,
                "codec",
                format!("{words}: no browser plays this profile, so that it is encoded anew for everybody."),
                "Set the profile to High, Main or Baseline, 8 bit (Video > Encoding > Profile).",
            );
        }
        if self.observed.changes > 0 {
            let words =
                format!("The picture's parameters changed {} times while it was watched.", self.observed.changes);
            self.add(
                Severity::Note,
                "parameters_change",
                words,
                "Switch off automatic changes of resolution or codec.",
            );
        }
    }

    fn order(&mut self) {
        let claimed = self.observed.params.as_ref().and_then(|params| params.video.reorder);
        match (self.measured.b_frames, claimed) {
            (Some(true), _) => {
                let frames = if self.measured.depth == 1 { "one frame".into() } else { format!("{} frames", self.measured.depth) };
                self.add(
                    Severity::Warning,
                    "b_frames",
                    format!("The stream has B-frames: every picture waits for {frames} that come after it."),
                    "Set B-frames to 0, or the profile to Baseline (Video > Encoding > Profile). It saves the delay and costs \
                     about a tenth more bits.",
                );
            }
            (Some(false), None) => self.add(
                Severity::Note,
                "b_frames",
                "No B-frames came, but the parameter sets do not promise it, so that some hardware decoders hold frames back.",
                "Setting the profile to Baseline makes the camera promise it.",
            ),
            (Some(false), Some(depth)) if depth > 0 => self.add(
                Severity::Note,
                "b_frames",
                format!("No B-frames came, but the parameter sets keep room for {depth}, and decoders wait for them."),
                "Set B-frames to 0 in the camera (Video > Encoding).",
            ),
            _ => {}
        }
    }

    fn gop(&mut self) {
        if self.observed.is_recoded() {
            return;
        }
        let menu = "Set the key frame (I-frame) interval to twice the frame rate, which is 2 s, and switch off \"smart\" coding \
                    (H.264+, H.265+, Smart Codec, Zipstream's dynamic GOP).";
        match self.measured.gop_s {
            None if self.observed.first_key().is_some() && self.measured.span_s > LONG_GOP_S => {
                let words = format!(
                    "No second key frame came in {} s: whoever joins late, every clip and every mend of a broken picture waits \
                     for one.",
                    figure(self.measured.span_s)
                );
                self.add(Severity::Warning, "endless_gop", words, menu);
            }
            Some(seconds) if seconds > LONG_GOP_S => {
                self.add(
                    Severity::Warning,
                    "long_gop",
                    format!("A key frame comes only every {} s.", figure(seconds)),
                    menu,
                );
            }
            Some(seconds) if seconds < SHORT_GOP_S => {
                let words =
                    format!("A key frame comes every {seconds:.2} s, which spends bits that pictures could have.");
                self.add(Severity::Note, "short_gop", words, "Set the key frame interval to 2 s.");
            }
            Some(seconds) => {
                self.add(Severity::Good, "gop", format!("A key frame comes every {} s.", figure(seconds)), "");
            }
            None => {}
        }
    }

    fn rate(&mut self) {
        let Some(fps) = self.measured.fps else { return };
        let sdp = self.observed.offered.iter().find(|track| track.medium == Medium::Video && track.carried);
        let sdp = sdp.and_then(|track| track.claimed_fps);
        let sets = self.observed.params.as_ref().and_then(|params| params.video.claimed_millifps);
        let claims =
            [("SDP", sdp), ("parameter sets", sets.filter(|_| self.is_rtsp()).map(|rate| f64::from(rate) / 1e3))];
        let wrong: Vec<_> = claims
            .iter()
            .filter_map(|(who, claim)| claim.map(|claim| (who, claim)))
            .filter(|(_, claim)| (claim - fps).abs() > (fps * RATE_OFF).max(0.5))
            .map(|(who, claim)| format!("its {who} say{} {}", if *who == "SDP" { "s" } else { "" }, figure(claim)))
            .collect();
        if !wrong.is_empty() {
            self.add(
                Severity::Warning,
                "wrong_fps",
                format!("{} frames a second come, but {}.", figure(fps), wrong.join(" and ")),
                "Times here go by the time stamps, so that nothing is shown wrong. In the camera, set the frame rate anew and \
                 restart it; at night a slow shutter may lower it (Image > Exposure > longest 1/25 s).",
            );
        }
    }

    fn loss(&mut self) {
        let lost = self.observed.lost_packets;
        if lost == 0 {
            return;
        }
        let udp = self.probe.transport.as_deref() == Some("udp");
        let mend = if udp {
            "Choose TCP as transport, here and in the camera. Over Wi-Fi, UDP always loses some."
        } else {
            "Over TCP nothing is lost on the way: the camera itself leaves packets out. Lower its bitrate, or close other viewers."
        };
        let words = format!("{lost} packets did not come; each costs the picture up to the next key frame.");
        self.add(Severity::Bad, "packet_loss", words, mend);
    }

    fn clock(&mut self) {
        if self.measured.jumps > 0 {
            let times = if self.measured.jumps == 1 { "once".into() } else { format!("{} times", self.measured.jumps) };
            self.add(
                Severity::Warning,
                "clock_jump",
                format!("The camera's time stamps jumped {times}; each jump is shown as a cut."),
                "Let the camera set its clock by NTP alone (System > Time), not by a recorder as well, and update its firmware.",
            );
        }
        if let Some(ppm) = self.measured.drift_ppm.filter(|ppm| ppm.abs() > DRIFT_PPM) {
            let way = if ppm > 0.0 { "slow" } else { "fast" };
            self.add(
                Severity::Warning,
                "clock_drift",
                format!(
                    "The camera's time stamps run {} % too {way}: over an hour that is {} s.",
                    figure(ppm.abs() / 1e4),
                    figure(ppm.abs() * 3.6e-3)
                ),
                "It is followed here. Restart the camera and update its firmware; some cameras count frames instead of time.",
            );
        }
        if let Some(late) = self.measured.jitter_ms.filter(|late| *late > JITTER_MS && self.is_rtsp()) {
            self.add(
                Severity::Warning,
                "jitter",
                format!("Frames come up to {} ms late; a player has to wait for the latest.", figure(late)),
                "Put the camera on a cable, or nearer to the access point; lower its bitrate.",
            );
        }
    }

    fn reports(&mut self) {
        // Where libavformat speaks RTSP it keeps them to itself.
        if !self.is_rtsp() || self.observed.is_recoded() {
            return;
        }
        let Some(ahead) = self.probe.clock_ahead_s else {
            let words = format!(
                "No RTCP sender report came in {} s, so that nobody knows when a picture was taken.",
                figure(self.probe.watched_s)
            );
            let mend =
                "Delay is then told from this machine on, without the camera's own. Newer firmware often sends them.";
            return self.add(Severity::Note, "no_sender_reports", words, mend);
        };
        if ahead.abs() > AHEAD_S {
            let way = if ahead > 0.0 { "fast" } else { "slow" };
            self.add(
                Severity::Warning,
                "clock_wrong",
                format!("The camera's clock is {} s {way}.", figure(ahead.abs())),
                "Let it set its clock by NTP (System > Time > NTP), from the same server as this machine.",
            );
        }
    }

    fn sets(&mut self) {
        if self.probe.parameter_sets_in_band == Some(false) {
            self.add(
                Severity::Note,
                "parameter_sets",
                "The parameter sets stand in the SDP alone and not with the key frames: other programs that join late may stay \
                 black. Here they are added.",
                "Some cameras have a setting for it (\"repeat SPS/PPS\", \"in-band parameter sets\").",
            );
        }
    }

    fn audio(&mut self) {
        let sound: Vec<_> =
            self.observed.offered.iter().filter(|track| track.medium == Medium::Audio).cloned().collect();
        let Some(track) = sound.first() else { return };
        if sound.iter().any(|track| track.carried) {
            return self.add(Severity::Good, "audio", "The sound (AAC) is carried.", "");
        }
        let name = match track.codec.as_str() {
            "PCMU" | "PCM_MULAW" => "G.711 (PCMU)".into(),
            "PCMA" | "PCM_ALAW" => "G.711 (PCMA)".into(),
            other => other.to_owned(),
        };
        self.add(
            Severity::Note,
            "audio",
            format!("The sound is in {name}, which no browser plays in video: it is left out."),
            "Set the audio encoding to AAC (Audio > Encoding).",
        );
    }

    fn start(&mut self) {
        if let Some(late) = self.probe.first_picture_ms.filter(|late| *late > SLOW_START_MS) {
            let words = format!("The first picture came after {} s.", figure(late / 1e3));
            self.add(Severity::Note, "slow_start", words, "A shorter key frame interval brings it sooner.");
        }
        if let Some(bits) = self.probe.bitrate.filter(|bits| *bits > MANY_BITS) {
            let words = format!("{} Mb/s is a lot for one camera, and for most Wi-Fi.", figure(bits / 1e6));
            self.add(Severity::Note, "bitrate", words, "4 to 8 Mb/s are enough for 1080p and 4K (Video > Bitrate).");
        }
        if let Some(peak) = self.measured.peak.filter(|peak| *peak > 40.0) {
            let words = format!(
                "The largest frame has {} times the bytes of a usual one, and delays those behind it.",
                figure(peak)
            );
            self.add(
                Severity::Note,
                "large_frames",
                words,
                "Choose constant bitrate (CBR), or a lower quality of key frames.",
            );
        }
    }
}

/// What mends a failure, by its code.
pub(super) fn mend_of(code: &str) -> &'static str {
    match code {
        "auth" => "Give user and password. Many cameras have a separate RTSP user: see Settings > Network > RTSP.",
        "refused" => "Switch RTSP on (Network > Advanced > RTSP), and look up its port: 554 is usual.",
        "unreachable" => "Look whether the camera is on, and whether this machine is in its network.",
        "timeout" => "Look at the address, and at firewalls between the two. The other transport sometimes helps.",
        "not_rtsp" => "Look up the RTSP port; 80 and 443 are web pages.",
        "not_found" => "Look up the path of your make; every make has its own.",
        "no_video" => "Give the address of the video stream itself.",
        "codec" => "Set the video encoding to H.264 (Video > Encoding).",
        "frozen" => "Choose TCP as transport; restart the camera if it stays so.",
        "certificate" => "Install a certificate of a known authority, or use the camera's private address.",
        "device" => "Plug the camera in, and let Sightline's user read it (group `video`).",
        "file" => "Give the whole path of a video file that Sightline may read.",
        _ => "Try again; restart the camera if it stays so.",
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
