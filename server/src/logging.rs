//! The program's log: text or JSON on standard error, passwords masked in every line whoever wrote it.

use crate::settings::mask::mask;
use std::io::{IsTerminal, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info,retina=warn";

/// Sets up the log of the whole program; panics of its threads go there too. Call it once.
pub fn set_up(format: Format) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(MaskedStderr);
    match format {
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        Format::Json => builder.json().init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!("thread {thread} failed: {panic}");
    }));
}

/// Standard error behind [`mask`].
struct MaskedStderr;

impl<'a> MakeWriter<'a> for MaskedStderr {
    type Writer = Masked<std::io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Masked(std::io::stderr())
    }
}

/// Masks each write; the log writes one whole line at a time.
struct Masked<W>(W);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(mask(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_is_masked() {
        let mut out = Masked(Vec::new());
        let line = "{\"message\":\"could not open rtsp://u:hidden@h/s?token=hidden\",\"url\":\"rtsp://a:hidden@b\"}\n";
        out.write_all(line.as_bytes()).expect("a Vec takes all");
        let text = String::from_utf8(out.0).expect("text");
        let masked = "{\"message\":\"could not open rtsp://u:***@h/s?token=***\",\"url\":\"rtsp://a:***@b\"}\n";
        assert_eq!(text, masked);
    }
}
