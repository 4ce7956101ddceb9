//! Clips in words: how long, how large, how far, and which span a form asks for.

use super::format;
use sightline_shared::clips::{Clip, JobState, Overlay};

/// Lengths of "the last so many seconds".
pub(crate) const LENGTHS: [u32; 3] = [10, 30, 60];
/// The length of key `c`, and the one that is chosen at first.
pub(crate) const USUAL: u32 = 30;

/// Whether a clip is still on its way.
pub(crate) fn is_open(clip: &Clip) -> bool {
    matches!(clip.state, JobState::Queued | JobState::Working)
}

/// `29.9 s · 4.1 MB · 1280 × 720 · with sound`, of what is known.
pub(crate) fn facts(clip: &Clip) -> String {
    let mut parts = vec![length(clip.duration_s)];
    if clip.bytes > 0 {
        parts.push(format::bytes(clip.bytes as f64));
    }
    if clip.width.is_some() {
        parts.push(format::size(clip.width, clip.height));
    }
    parts.push(if clip.audio { "with sound" } else { "no sound" }.into());
    if clip.overlay == Overlay::Burned {
        parts.push("boxes drawn in".into());
    }
    parts.join(" · ")
}

/// `9.5 s`, `31 s`, `2 min 5 s`.
pub(crate) fn length(seconds: f64) -> String {
    if seconds < 119.5 {
        return format::seconds(Some(seconds));
    }
    let whole = seconds.round() as u64;
    format!("{} min {} s", whole / 60, whole % 60)
}

/// How far a clip is, as a line; `None` once it is done.
pub(crate) fn progress(clip: &Clip) -> Option<String> {
    match clip.state {
        JobState::Queued => Some("Waits for its turn".into()),
        JobState::Working => {
            let left = clip.eta_s.filter(|left| *left >= 1.0).map(|left| format!(", about {left:.0} s to go"));
            Some(format!("Being made: {:.0} %{}", clip.progress * 100.0, left.unwrap_or_default()))
        }
        JobState::Done => None,
        JobState::Failed => Some("Was not made".into()),
        JobState::Cancelled => Some("Called off".into()),
    }
}

/// What is wrong with a span from a form, in milliseconds since 1970; `kept` is what there is.
pub(crate) fn wrong_span(from: Option<f64>, to: Option<f64>, kept: Option<(f64, f64)>) -> Option<&'static str> {
    let (Some(from), Some(to)) = (from, to) else { return Some("Give both times, with seconds.") };
    if from >= to {
        return Some("The end has to be later than the beginning.");
    }
    match kept {
        // A form knows whole seconds.
        Some((first, last)) if to <= first - 1000.0 || from >= last + 1000.0 => {
            Some("Nothing of that time is kept any more.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_those_that_are_known() {
        let clip = Clip { duration_s: 29.93, bytes: 4_100_000, audio: true, ..Clip::default() };
        assert_eq!(facts(&clip), "30 s · 4.1 MB · with sound");
        let clip = Clip { width: Some(1280), height: Some(720), ..Clip::default() };
        assert_eq!(facts(&clip), "0.0 s · 1280 × 720 · no sound");
        assert!(facts(&Clip { overlay: Overlay::Burned, ..clip }).ends_with("no sound · boxes drawn in"));
        assert_eq!((length(9.46), length(125.2)), ("9.5 s".into(), "2 min 5 s".into()));
    }

    #[test]
    fn progress_is_said_until_it_is_done() {
        let clip = |state, eta_s| Clip { state, progress: 0.404, eta_s, ..Clip::default() };
        assert_eq!(progress(&clip(JobState::Working, Some(3.2))).as_deref(), Some("Being made: 40 %, about 3 s to go"));
        assert_eq!(progress(&clip(JobState::Working, Some(0.2))).as_deref(), Some("Being made: 40 %"));
        assert_eq!(progress(&clip(JobState::Done, None)), None);
        assert!(is_open(&clip(JobState::Queued, None)) && !is_open(&clip(JobState::Failed, None)));
    }

    #[test]
    fn a_span_is_checked_against_what_is_kept() {
        let kept = Some((10_000.0, 20_000.0));
        assert_eq!(wrong_span(Some(9_500.0), Some(30_000.0), kept), None);
        assert_eq!(wrong_span(Some(1.0), Some(2.0), None), None);
        for (from, to) in
            [(None, Some(1.0)), (Some(2.0), Some(2.0)), (Some(1.0), Some(9_000.0)), (Some(21_000.0), Some(9e9))]
        {
            assert!(wrong_span(from, to, kept).is_some(), "{from:?} {to:?}");
        }
    }
}
