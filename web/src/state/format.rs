//! Figures and times in words, never with more digits than are true, "unknown" where nothing is known.

/// A duration in milliseconds: `41 ms`.
pub(crate) fn ms(value: Option<f64>) -> String {
    match value {
        Some(ms) if ms.is_finite() && ms >= 9999.5 => format!("{:.0} s", ms / 1e3),
        Some(ms) if ms.is_finite() => format!("{ms:.0} ms"),
        _ => "unknown".into(),
    }
}

/// A short duration: `30 µs`, `0.4 ms`, `12 ms`.
pub(crate) fn fine_ms(value: f64) -> String {
    if value < 0.0995 && value > 0.0 {
        format!("{:.0} µs", (value * 1e3).max(1.0))
    } else if value < 9.95 {
        format!("{value:.1} ms")
    } else {
        format!("{value:.0} ms")
    }
}

/// Frames a second: `25/s`, with a tenth below ten: `7.5/s`.
pub(crate) fn rate(value: Option<f64>) -> String {
    match value {
        Some(fps) if fps.is_finite() && fps >= 9.95 => format!("{fps:.0}/s"),
        Some(fps) if fps.is_finite() => format!("{fps:.1}/s"),
        _ => "unknown".into(),
    }
}

/// Bits a second as Mb/s, with a hundredth below one; or as kb/s below a tenth of one.
pub(crate) fn bitrate(value: Option<f64>) -> String {
    match value {
        Some(bits) if bits.is_finite() && bits < 1e5 => format!("{:.0} kb/s", bits / 1e3),
        Some(bits) if bits.is_finite() && bits < 9.95e5 => format!("{:.2} Mb/s", bits / 1e6),
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

/// A time in UTC as RFC 3339 to the millisecond, from milliseconds since 1970.
pub(crate) fn rfc3339(utc_ms: f64) -> String {
    let ms = utc_ms.round() as i64;
    let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    // Days to a date of the Gregorian calendar, with years that begin in March, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hours, minutes) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (seconds, ms) = (in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z")
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
        assert_eq!((fine_ms(0.42), fine_ms(12.3), fine_ms(0.031)), ("0.4 ms".into(), "12 ms".into(), "31 µs".into()));
        assert_eq!((rate(Some(29.97)), rate(Some(7.5)), rate(None)), ("30/s".into(), "7.5/s".into(), "unknown".into()));
        assert_eq!((bitrate(Some(2.04e6)), bitrate(Some(64_000.0))), ("2.0 Mb/s".into(), "64 kb/s".into()));
        assert_eq!(bitrate(Some(250_000.0)), "0.25 Mb/s");
        assert_eq!((seconds(Some(2.0)), seconds(Some(12.4))), ("2.0 s".into(), "12 s".into()));
        assert_eq!(size(Some(1920), Some(1080)), "1920 × 1080");
        assert_eq!((bytes(3.14e9), bytes(120e6)), ("3.1 GB".into(), "120 MB".into()));
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (ms, wanted) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (1.8e12 + 7.0, "2027-01-15T08:00:00.007Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999.0, "2000-02-29T23:59:59.999Z"),
            (4_107_542_400_000.0, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(ms), wanted);
        }
    }
}
