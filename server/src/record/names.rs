//! Names of clips and of their files.

use std::time::Duration;

/// The longest file name, without its ending, in bytes: file systems take 255.
const MAX_FILE_NAME: usize = 180;

/// `Yard 2026-05-04 13.02.05`, in the server's time zone.
pub(super) fn default_name(camera: &str, at: Duration) -> String {
    let second = i64::try_from(at.as_secs()).unwrap_or_default();
    let local = jiff::Timestamp::from_second(second).unwrap_or_default().to_zoned(jiff::tz::TimeZone::system());
    let camera: String = camera.chars().take(70).collect();
    format!("{camera} {}", local.strftime("%Y-%m-%d %H.%M.%S"))
}

/// A name that every file system takes: nothing that means a folder, a device or the end of a name.
pub(super) fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
    let name: String = name.chars().map(safe).collect();
    let mut name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    while name.len() > MAX_FILE_NAME {
        name = &name[..name.char_indices().next_back().map_or(0, |(at, _)| at)];
    }
    format!("{}.mp4", if name.is_empty() { "clip" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_a_folder() {
        for (name, file) in [
            ("Front door", "Front door.mp4"),
            ("../../etc/passwd", "-..-etc-passwd.mp4"),
            ("/absolute", "-absolute.mp4"),
            ("C:\\x\0y", "C--x-y.mp4"),
            ("Größe „1“ 日本", "Größe „1“ 日本.mp4"),
            (" .. ", "clip.mp4"),
            ("", "clip.mp4"),
        ] {
            assert_eq!(file_name(name), file);
        }
        let long = file_name(&"ä".repeat(100));
        assert_eq!(long.len(), MAX_FILE_NAME + 4);
    }

    #[test]
    fn a_clip_without_a_name_is_called_after_camera_and_time() {
        let name = default_name(&"Yard".repeat(40), Duration::from_secs(1_800_000_000));
        assert!(name.starts_with("YardYard") && name.chars().count() <= 100, "{name}");
        assert!(name.contains(" 2027-01-1") && !name.contains(':'), "{name}");
    }
}
