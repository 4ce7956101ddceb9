//! What analysis of a camera does, in words.

use super::format;
use sightline_shared::camera::AnalysisInfo;

/// What looks, as a sentence.
pub(crate) fn runs(analysis: &AnalysisInfo) -> String {
    let reason = analysis.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let state = match (analysis.state.as_str(), analysis.detector.as_deref()) {
        ("off", _) => "Detection is off for this camera.".to_owned(),
        ("failed", _) => "Detection does not run.".to_owned(),
        ("waiting", _) => "Detection waits for the picture.".to_owned(),
        (_, Some(detector)) => format!("Looked at by {detector}."),
        (_, None) => "The server has not said what looks.".to_owned(),
    };
    [Some(state.as_str()), reason].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Looks that were asked for and those that were reached: `4.8/s of 5.0/s`.
pub(crate) fn looks(analysis: &AnalysisInfo) -> String {
    match analysis.asked_fps {
        Some(asked) => format!("{} of {}", format::rate(analysis.fps), format::rate(Some(asked))),
        None => format::rate(analysis.fps),
    }
}

/// Pictures that a model takes together: `2.3`.
pub(crate) fn batch(analysis: &AnalysisInfo) -> Option<String> {
    analysis.batch.map(|batch| format!("{batch:.1}"))
}

/// Frames that were not looked at: `12 busy, 300 nothing moved`; `none` where there are none.
pub(crate) fn skipped(analysis: &AnalysisInfo) -> String {
    let word = |cause: &str| match cause {
        "no_motion" => "nothing moved".to_owned(),
        "busy" => "model busy".to_owned(),
        "loading" => "model being opened".to_owned(),
        other => other.replace('_', " "),
    };
    let parts: Vec<_> = analysis
        .skipped
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(cause, count)| format!("{count} {}", word(cause)))
        .collect();
    if parts.is_empty() { "none".into() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn state_and_reason_make_sentences() {
        let info = |state: &str, detector: Option<&str>, reason: Option<&str>| AnalysisInfo {
            state: state.into(),
            detector: detector.map(Into::into),
            reason: reason.map(Into::into),
            ..AnalysisInfo::default()
        };
        assert_eq!(runs(&info("on", Some("motion"), None)), "Looked at by motion.");
        assert_eq!(
            runs(&info("failed", None, Some("The model was removed."))),
            "Detection does not run. The model was removed."
        );
        assert_eq!(runs(&info("off", Some("x"), None)), "Detection is off for this camera.");
    }

    #[test]
    fn figures_say_what_was_asked_and_what_was_reached() {
        let skipped_by = |list: &[(&str, u64)]| AnalysisInfo {
            skipped: list.iter().map(|(cause, count)| ((*cause).to_owned(), *count)).collect::<BTreeMap<_, _>>(),
            ..AnalysisInfo::default()
        };
        let info = AnalysisInfo { fps: Some(4.82), asked_fps: Some(5.0), batch: Some(2.25), ..AnalysisInfo::default() };
        assert_eq!((looks(&info).as_str(), batch(&info).as_deref()), ("4.8/s of 5.0/s", Some("2.2")));
        assert_eq!(looks(&AnalysisInfo::default()), "unknown");
        assert_eq!(
            skipped(&skipped_by(&[("busy", 12), ("no_motion", 300), ("failed", 0)])),
            "12 model busy, 300 nothing moved"
        );
        assert_eq!(skipped(&AnalysisInfo::default()), "none");
    }
}
