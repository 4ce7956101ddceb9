//! `sightline config print-default`: a settings file with every key, each with what it does.

/// The file.
pub const SAMPLE: &str = include_str!("sample.toml");

#[cfg(test)]
mod tests {
    use super::SAMPLE;
    use crate::settings::file::{Context, FileSettings, check};
    use std::path::Path;

    fn read(text: &str) -> FileSettings {
        let lookup = |name: &str| (name == "YARD_PASSWORD").then(|| "secret".to_owned());
        let context = Context { folder: Path::new("/etc"), lookup: &lookup, reserved: &[] };
        check(text, &context).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"))
    }

    /// Lines that are commented-out TOML, brought back.
    fn brought_back() -> String {
        let is_toml =
            |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        let line = |line: &'static str| line.strip_prefix("# ").filter(|line| is_toml(line)).unwrap_or(line);
        SAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_sample_is_right_as_it_stands_and_with_every_line_brought_back() {
        assert!(read(SAMPLE).cameras.is_empty());
        let settings = read(&brought_back());
        assert_eq!(settings.cameras.iter().map(|camera| camera.id.as_str()).collect::<Vec<_>>(), ["yard", "hall"]);
        assert_eq!(settings.server.keep, crate::settings::server::Keep::default());
        assert_eq!(settings.server.events, crate::settings::server::EventKeep::default());
        assert_eq!(settings.server.listen, Some(crate::settings::server::DEFAULT_LISTEN));
    }

    #[test]
    fn what_it_calls_a_default_is_one() {
        let plain = read("[[camera]]\nid = \"yard\"\nname = \"Yard\"\nurl = \"rtsp://user:secret@10.0.0.7/stream1\"");
        assert_eq!(read(&brought_back()).cameras[0], plain.cameras[0]);
    }
}
