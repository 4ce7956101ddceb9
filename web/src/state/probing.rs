//! When the add dialog looks at an address: once the typing has stopped, one address at a time, and never an older one's answer.

use sightline_shared::probe::{Finding, Probe, Severity};

/// Typing has stopped after this long.
pub(crate) const QUIET_MS: f64 = 800.0;
/// The same after a refused password: cameras lock out whoever guesses, and a half-typed one is a guess.
pub(crate) const QUIET_AFTER_REFUSAL_MS: f64 = 3000.0;
/// How long the stream is watched: long enough to miss a second key frame.
pub(crate) const WATCH_S: f64 = 5.0;
/// Findings that are shown; the report of `sightline probe` has them all.
const SHOWN: usize = 4;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Nothing,
    /// Let go of the one that runs.
    Cancel,
    /// Look at this address.
    Start(String),
}

/// What the dialog knows of the address in its field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Look {
    /// Nothing that could be looked at is typed.
    #[default]
    Idle,
    /// It will be looked at when the typing stops, or is being looked at.
    Busy,
    /// It was looked at.
    Done(Box<Probe>),
    /// The server refused to look, and why.
    Refused(String),
}

/// The looking of one dialog. An address stands together with all that changes where it leads (transport).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Probing {
    wanted: Option<(String, f64)>,
    running: Option<String>,
    /// A password was refused in this dialog.
    refused: bool,
    /// What is shown.
    pub(crate) look: Look,
}

impl Probing {
    /// The address is now `key` (`None` where there is nothing to look at).
    pub(crate) fn typed(&mut self, key: Option<String>, now_ms: f64) -> Step {
        if key.as_ref() == self.wanted.as_ref().map(|(wanted, _)| wanted) {
            return Step::Nothing;
        }
        self.look = if key.is_some() { Look::Busy } else { Look::Idle };
        self.wanted = key.map(|key| (key, now_ms));
        if self.running.take().is_some() { Step::Cancel } else { Step::Nothing }
    }

    /// How long the typing has to have stopped.
    pub(crate) fn quiet_ms(&self) -> f64 {
        if self.refused { QUIET_AFTER_REFUSAL_MS } else { QUIET_MS }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now_ms: f64) -> Step {
        match &self.wanted {
            Some((key, since))
                if self.running.is_none() && self.look == Look::Busy && now_ms - since >= self.quiet_ms() =>
            {
                self.running = Some(key.clone());
                Step::Start(key.clone())
            }
            _ => Step::Nothing,
        }
    }

    /// The answer for `key`: that of an address that is no longer wanted is forgotten.
    pub(crate) fn answered(&mut self, key: &str, answer: Result<Probe, String>) {
        if self.running.as_deref() != Some(key) {
            return;
        }
        self.running = None;
        self.refused |= answer.as_ref().is_ok_and(|probe| probe.reason_code.as_deref() == Some("auth"));
        self.look = match answer {
            Ok(probe) => Look::Done(Box::new(probe)),
            Err(words) => Look::Refused(words),
        };
    }
}

/// Whether `address` (tidied) is finished enough to be looked at: it names a host, or a file by its ending, and no word of a
/// pattern is left in it.
pub(crate) fn is_whole(address: &str) -> bool {
    let patterns = ["HOST", "USER", "PASSWORD", "STREAM-KEY"];
    if patterns.iter().any(|word| address.split(['/', ':', '@', '?', '=', '&']).any(|part| part == *word)) {
        return false;
    }
    if address.starts_with('/') || address.starts_with("v4l2:") {
        let name = address.rsplit('/').next().unwrap_or_default();
        return address.contains("/dev/") && name.len() > 4
            || name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && ending.len() > 1);
    }
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let bare = host.rsplit_once(':').map_or(host, |(name, _)| name);
    // An address of numbers is whole with its fourth.
    let numbers = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || c == '.');
    let whole = if numbers { bare.split('.').filter(|part| !part.is_empty()).count() == 4 } else { bare.len() > 1 };
    !scheme.is_empty() && whole
}

/// "H.264 High, 1920x1080, 25/s, key frame every 2 s; plays in this browser without re-encoding."
pub(crate) fn sentence(probe: &Probe, plays_here: bool) -> String {
    if !probe.usable {
        return probe.summary.clone();
    }
    let what = probe.summary.split("; ").next().unwrap_or_default().trim_end_matches('.');
    if plays_here {
        format!("{what}; plays in this browser without re-encoding.")
    } else {
        format!("{what}; this browser does not play it, so that it is encoded anew for it.")
    }
}

/// The findings that are worth a line in the dialog.
pub(crate) fn worth_a_line(probe: &Probe) -> Vec<Finding> {
    let least = if probe.usable { Severity::Note } else { Severity::Bad };
    let said = |finding: &&Finding| finding.severity >= least && finding.message != probe.summary;
    probe.findings.iter().filter(said).take(SHOWN).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_address_is_looked_at_once_when_the_typing_has_stopped() {
        let mut probing = Probing::default();
        assert_eq!(probing.typed(key("a"), 0.0), Step::Nothing);
        assert_eq!(probing.typed(key("ab"), 500.0), Step::Nothing);
        assert_eq!(probing.tick(800.0), Step::Nothing, "the second letter came 300 ms ago");
        assert_eq!(probing.tick(1300.0), Step::Start("ab".into()));
        assert_eq!(probing.tick(9000.0), Step::Nothing, "never twice at once");
        assert_eq!(probing.typed(key("ab"), 9000.0), Step::Nothing, "nothing has changed");
        probing.answered("ab", Ok(Probe { usable: true, ..Probe::default() }));
        assert!(matches!(&probing.look, Look::Done(probe) if probe.usable));
        assert_eq!(probing.tick(20_000.0), Step::Nothing, "and never again without a reason");
    }

    #[test]
    fn another_text_cancels_and_an_old_answer_is_forgotten() {
        let mut probing = Probing::default();
        probing.typed(key("a"), 0.0);
        probing.tick(1000.0);
        assert_eq!(probing.typed(key("b"), 1500.0), Step::Cancel);
        probing.answered("a", Err("late".into()));
        assert_eq!(probing.look, Look::Busy);
        assert_eq!(probing.tick(2300.0), Step::Start("b".into()));
        assert_eq!(probing.typed(None, 2400.0), Step::Cancel);
        assert_eq!(probing.look, Look::Idle);
        probing.answered("b", Ok(Probe::default()));
        assert_eq!(probing.look, Look::Idle);
    }

    #[test]
    fn passwords_are_not_guessed_while_they_are_typed() {
        let mut probing = Probing::default();
        probing.typed(key("a"), 0.0);
        probing.tick(1000.0);
        probing.answered("a", Ok(Probe { reason_code: Some("auth".into()), ..Probe::default() }));
        probing.typed(key("b"), 2000.0);
        assert_eq!(probing.tick(4900.0), Step::Nothing);
        assert_eq!(probing.tick(5000.0), Step::Start("b".into()));
    }

    #[test]
    fn half_an_address_is_not_looked_at() {
        for (address, whole) in [
            ("rtsp://10.0.0.7/stream1", true),
            ("rtsp://10.0.0", false),
            ("rtsp://10.0.0.", false),
            ("rtsp://u:p@cam.lan:554/s", true),
            ("rtsp://u:p@", false),
            ("rtsp://USER:PASSWORD@HOST/live", false),
            ("rtsp://10.0.0.7:7447/STREAM-KEY", false),
            ("rtsp://10.0.0.7/HOSTEL", true),
            ("https://cam.lan/live.m3u8", true),
            ("/srv/film.mp4", true),
            ("/srv/fil", false),
            ("v4l2:/dev/video0", true),
            ("v4l2:/dev/", false),
            ("", false),
        ] {
            assert_eq!(is_whole(address), whole, "{address}");
        }
    }

    #[test]
    fn what_was_found_is_said_of_this_browser() {
        let summary = "H.264 High, 640x360, 25/s, key frame every 2 s; plays in every browser without re-encoding.";
        let finding = |severity, message: &str| Finding {
            severity,
            code: "x".into(),
            message: message.into(),
            mend: Some("Mend.".into()),
        };
        let mut probe = Probe { usable: true, summary: summary.into(), ..Probe::default() };
        probe.findings = vec![finding(Severity::Warning, "Long GOP."), finding(Severity::Good, "Codec.")];
        let plays = "H.264 High, 640x360, 25/s, key frame every 2 s; plays in this browser without re-encoding.";
        assert_eq!(sentence(&probe, true), plays);
        assert!(sentence(&probe, false).ends_with("it is encoded anew for it."));
        assert_eq!(worth_a_line(&probe).len(), 1);
        let refused = "The camera refused the password.";
        let failed =
            Probe { summary: refused.into(), findings: vec![finding(Severity::Bad, refused)], ..Probe::default() };
        assert_eq!((sentence(&failed, true).as_str(), worth_a_line(&failed).len()), (refused, 0));
    }
}
