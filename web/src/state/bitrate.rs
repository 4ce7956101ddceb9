//! Bitrates as people type and see them, the slider between them, and what was asked against what was measured.

use super::history::History;
use sightline_shared::encoder::Limits;
use sightline_shared::telemetry::RenditionSample;

/// Steps of the slider: each is about two hundredths more than the one before.
pub(crate) const SLIDER: f64 = 200.0;
/// Steps over which the measured bitrate is smoothed: two seconds, so that a key frame is not seen as a peak of its own.
const SMOOTH: usize = 4;
/// Samples that lie further apart are not joined: the rendition was not made in between.
const GAP_S: f64 = 1.7;

/// Bits a second of what was typed: `2`, `2.5 Mb/s`, `2,5`, `2M`, `800k`, `2000000`. A number alone is megabits below a
/// thousand, and bits from ten thousand on; between these nobody means anything certain.
pub(crate) fn parse(typed: &str) -> Option<u64> {
    let text: String = typed.trim().to_ascii_lowercase().replace(',', ".").split_whitespace().collect();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let scale = match unit {
        "" if number < 1000.0 => 1e6,
        "" if number >= 10_000.0 => 1.0,
        "m" | "mb/s" | "mbit/s" | "mbps" => 1e6,
        "k" | "kb/s" | "kbit/s" | "kbps" => 1e3,
        "b/s" | "bit/s" | "bps" => 1.0,
        _ => return None,
    };
    let bits = (number * scale).round();
    (bits.is_finite() && (1.0..1e12).contains(&bits)).then_some(bits as u64)
}

/// A bitrate as it stands in its field, in megabits: `2`, `0.8`, `12.5`; all digits that are there.
pub(crate) fn field(bits: u64) -> String {
    let text = format!("{:.6}", bits as f64 / 1e6);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The slider's place of a bitrate; equal steps of the slider are equal ratios.
pub(crate) fn place(bits: u64, limits: Limits) -> f64 {
    let (min, max) = (limits.min.max(1.0), limits.max.max(limits.min.max(1.0) * 1.01));
    let share = ((bits as f64).max(min) / min).ln() / (max / min).ln();
    (share * SLIDER).round().clamp(0.0, SLIDER)
}

/// The bitrate at a place of the slider, in two figures, as people would type it.
pub(crate) fn at(place: f64, limits: Limits) -> u64 {
    let (min, max) = (limits.min.max(1.0), limits.max.max(limits.min.max(1.0) * 1.01));
    let bits = min * (max / min).powf(place.clamp(0.0, SLIDER) / SLIDER);
    let unit = 10_f64.powf(bits.log10().floor() - 1.0);
    ((bits / unit).round() * unit).clamp(min, max) as u64
}

/// One point of the sparkline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    /// When, in seconds since 1970.
    pub(crate) utc_s: f64,
    /// Bits a second that were asked for.
    pub(crate) asked: Option<f64>,
    /// Bits a second of the last two seconds.
    pub(crate) measured: f64,
    /// Bytes of a frame, the mean of the step.
    pub(crate) frame_bytes: f64,
    /// Bytes of the step's largest frame.
    pub(crate) largest: f64,
    /// Key frames in the step.
    pub(crate) key_frames: u64,
}

/// What a rendition did over the last two minutes; steps in which it was not made are left out.
pub(crate) fn rates(history: &History, rendition: &str) -> Vec<Rate> {
    let mut rates = Vec::new();
    let mut window: Vec<(f64, u64)> = Vec::new();
    for index in 1..history.len() {
        let (Some(before), Some(point)) = (history.get(index - 1), history.get(index)) else { continue };
        let Some(sample) = point.camera.renditions.get(rendition).filter(|sample| sample.frames > 0) else {
            window.clear();
            continue;
        };
        window.push(((point.at_ms - before.at_ms) / 1e3, sample.bytes));
        if window.len() > SMOOTH {
            window.remove(0);
        }
        rates.push(rate(point.utc_ms / 1e3, sample, &window));
    }
    rates
}

fn rate(utc_s: f64, sample: &RenditionSample, window: &[(f64, u64)]) -> Rate {
    let (seconds, bytes) = window.iter().fold((0.0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
    Rate {
        utc_s,
        asked: sample.asked_bitrate.map(|bits| bits as f64),
        measured: bytes as f64 * 8.0 / seconds.max(1e-3),
        frame_bytes: sample.bytes as f64 / sample.frames.max(1) as f64,
        largest: sample.max_bytes as f64,
        key_frames: sample.key_frames,
    }
}

/// A line as an SVG path in a box of 240 by `height`, over the last two minutes to `end_s`; `top` is the value at its top. Where
/// samples are missing the line is broken.
pub(crate) fn line(points: &[(f64, f64)], end_s: f64, top: f64, height: f64) -> String {
    let mut path = String::new();
    let mut before = f64::NEG_INFINITY;
    for (at, value) in points {
        let x = 240.0 - (end_s - at) * 2.0;
        let y = height - (value / top.max(1e-9)).clamp(0.0, 1.0) * height;
        let joined = at - before < GAP_S;
        path.push_str(&format!("{}{x:.1} {y:.1}", if joined { "L" } else { "M" }));
        before = *at;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::history::tests::sample;

    const LIMITS: Limits = Limits { min: 100_000.0, max: 100_000_000.0 };

    #[test]
    fn bitrates_are_read_as_people_type_them() {
        for (typed, wanted) in [
            ("2", Some(2_000_000)),
            (" 2.5 Mb/s ", Some(2_500_000)),
            ("2,5", Some(2_500_000)),
            ("8M", Some(8_000_000)),
            ("800k", Some(800_000)),
            ("800 kbit/s", Some(800_000)),
            ("2000000", Some(2_000_000)),
            ("2000", None),
            ("fast", None),
            ("", None),
            ("-1", None),
            ("0", None),
            ("1e999", None),
        ] {
            assert_eq!(parse(typed), wanted, "{typed}");
        }
        for bits in [2_000_000, 800_000, 12_500_000, 123_456] {
            assert_eq!(parse(&field(bits)), Some(bits));
        }
    }

    #[test]
    fn the_slider_covers_the_limits_by_ratios() {
        assert_eq!((place(100_000, LIMITS), place(100_000_000, LIMITS)), (0.0, SLIDER));
        assert_eq!((at(0.0, LIMITS), at(SLIDER, LIMITS)), (100_000, 100_000_000));
        for bits in [250_000, 2_000_000, 8_000_000, 30_000_000] {
            let back = at(place(bits, LIMITS), LIMITS) as f64;
            assert!((back / bits as f64 - 1.0).abs() < 0.05, "{bits} {back}");
        }
    }

    #[test]
    fn the_measured_bitrate_is_that_of_two_seconds() {
        let mut history = History::default();
        for n in 0..10_u64 {
            let mut step = sample(n as f64 * 500.0, &[]);
            // A key frame of 200 kB every fourth step, else 100 kB a step: 500 kB in two seconds.
            let bytes = if n % 4 == 0 { 200_000 } else { 100_000 };
            let main = RenditionSample {
                asked_bitrate: Some(2_000_000),
                bytes,
                frames: 15,
                key_frames: u64::from(n % 4 == 0),
                max_bytes: bytes / 3,
            };
            step.cameras.entry("yard".into()).or_default().renditions.insert("main".into(), main);
            history.push(step);
        }
        let rates = rates(&history, "main");
        assert_eq!(rates.len(), 9);
        assert!(rates[4..].iter().all(|rate| (rate.measured - 2e6).abs() < 1.0), "{rates:?}");
        assert_eq!((rates[8].asked, rates[7].key_frames, rates[3].key_frames), (Some(2e6), 1, 1));
        assert!(super::rates(&history, "small").is_empty());
        let line = line(&[(60.0, 0.0), (60.5, 4e6), (120.0, 2e6)], 120.0, 4e6, 40.0);
        assert_eq!(line, "M120.0 40.0L121.0 0.0M240.0 20.0");
    }
}
