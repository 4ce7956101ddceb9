//! Figures and times in words, never with more digits than are true, "unknown" where nothing is known.

/// A duration in milliseconds: `41 ms`.
pub(crate) fn ms(value: Option<f64>) -> String {
    match value {
        Some(ms) if ms.is_finite() && ms >= 9999.5 => format!("{:.0} s", ms / 1e3),
        Some(ms) if ms.is_finite() => format!("{ms:.0} ms"),
        _ => "unknown".into(),
    }
}

/// A short duration in milliseconds, with a tenth below ten: `0.4 ms`.
pub(crate) fn fine_ms(value: f64) -> String {
    if value < 9.95 { format!("{value:.1} ms") } else { format!("{value:.0} ms") }
}

/// Frames a second: `25/s`, with a tenth below ten: `7.5/s`.
pub(crate) fn rate(value: Option<f64>) -> String {
    match value {
        Some(fps) if fps.is_finite() && fps >= 9.95 => format!("{fps:.0}/s"),
        Some(fps) if fps.is_finite() => format!("{fps:.1}/s"),
        _ => "unknown".into(),
    }
}

/// Bits a second as Mb/s, or kb/s below a tenth of one.
pub(crate) fn bitrate(value: Option<f64>) -> String {
    match value {
        Some(bits) if bits.is_finite() && bits < 1e5 => format!("{:.0} kb/s", bits / 1e3),
        Some(bits) if bits.is_finite() => format!("{:.1} Mb/s", bits / 1e6),
        _ => "unknown".into(),
    }
}

/// Seconds with a tenth below ten: `2.0 s`, `12 s`.
pub(crate) fn seconds(value: Option<f64>) -> String {
    match value {
        Some(s) if s.is_finite() && s < 9.95 => format!("{s:.1} s"),
        Some(s) if s.is_finite() => format!("{s:.0} s"),
        _ => "unknown".into(),
    }
}

/// A size in pixels: `1920 × 1080`.
pub(crate) fn size(width: Option<u32>, height: Option<u32>) -> String {
    match (width, height) {
        (Some(width), Some(height)) => format!("{width} × {height}"),
        _ => "unknown".into(),
    }
}

/// Bytes: `3.1 GB`.
pub(crate) fn bytes(value: f64) -> String {
    let (scaled, unit) = match value {
        _ if value >= 1e12 => (value / 1e12, "TB"),
        _ if value >= 1e9 => (value / 1e9, "GB"),
        _ if value >= 1e6 => (value / 1e6, "MB"),
        _ => (value / 1e3, "kB"),
    };
    if scaled < 9.95 { format!("{scaled:.1} {unit}") } else { format!("{scaled:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units_and_no_false_digits() {
        assert_eq!(ms(Some(40.6)), "41 ms");
        assert_eq!(ms(Some(12_000.0)), "12 s");
        assert_eq!(ms(None), "unknown");
        assert_eq!(ms(Some(f64::NAN)), "unknown");
        assert_eq!((fine_ms(0.42), fine_ms(12.3)), ("0.4 ms".into(), "12 ms".into()));
        assert_eq!((rate(Some(29.97)), rate(Some(7.5)), rate(None)), ("30/s".into(), "7.5/s".into(), "unknown".into()));
        assert_eq!((bitrate(Some(2.04e6)), bitrate(Some(64_000.0))), ("2.0 Mb/s".into(), "64 kb/s".into()));
        assert_eq!((seconds(Some(2.0)), seconds(Some(12.4))), ("2.0 s".into(), "12 s".into()));
        assert_eq!(size(Some(1920), Some(1080)), "1920 × 1080");
        assert_eq!((bytes(3.14e9), bytes(120e6)), ("3.1 GB".into(), "120 MB".into()));
    }
}
