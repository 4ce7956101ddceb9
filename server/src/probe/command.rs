//! `sightline probe URL`: progress to standard error, the report to standard output.

use super::{MAX_SECONDS, Request, Stage, probe, report};
use crate::pipeline::clock::Clock;
use crate::settings::address::{self, AddressError};
use sightline_shared::camera::Transport;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address; `${NAME}` in it is looked up in the environment.
    pub url: String,
    /// The report as JSON.
    pub json: bool,
    /// How long it is watched.
    pub seconds: f64,
    /// RTSP's transport.
    pub transport: Transport,
}

/// Why there is no good report.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Beyond what is watched.
    #[error("--seconds is a number from 1 to {MAX_SECONDS}.")]
    Seconds,
    /// There is no picture.
    #[error("{0}")]
    Unusable(String),
    /// Nobody reads the report.
    #[error("The report cannot be written: {0}.")]
    Write(#[from] std::io::Error),
}

/// Looks at the stream and writes what was found.
///
/// # Errors
/// See [`CommandError`]; the report of a stream without a picture is written all the same.
pub async fn run(options: &Options, clock: &Arc<dyn Clock>) -> Result<(), CommandError> {
    if !(1.0..=MAX_SECONDS).contains(&options.seconds) {
        return Err(CommandError::Seconds);
    }
    let origin = address::read(&options.url, &|name| std::env::var(name).ok())?;
    let watch = Duration::from_secs_f64(options.seconds);
    let request = Request { origin, transport: options.transport, watch };
    let mut progress = Progress { watch, terminal: std::io::stderr().is_terminal(), told: None };
    let found = probe(&request, clock, &mut |stage| progress.tell(stage)).await;
    progress.end();
    let mut out = std::io::stdout().lock();
    if options.json {
        let json = serde_json::to_string_pretty(&found).map_err(std::io::Error::other)?;
        writeln!(out, "{json}")?;
    } else {
        out.write_all(report::text(&found).as_bytes())?;
    }
    if found.usable { Ok(()) } else { Err(CommandError::Unusable(found.summary)) }
}

/// One line that changes on a terminal, a line a second elsewhere.
struct Progress {
    watch: Duration,
    terminal: bool,
    told: Option<(std::mem::Discriminant<Stage>, u64)>,
}

impl Progress {
    fn tell(&mut self, stage: Stage) {
        let (words, step) = match stage {
            Stage::Connecting => ("connecting".to_owned(), 0),
            Stage::Waiting => ("connected, waiting for the first frame".to_owned(), 0),
            Stage::Packets => ("looking at the packets of a key frame".to_owned(), 0),
            Stage::Watching(frames, so_far) => {
                let (so_far, all) = (so_far.as_secs_f64(), self.watch.as_secs_f64());
                let words = format!("watching: {frames} frames, {:.0} of {all:.0} s", so_far.min(all).floor());
                (words, if self.terminal { frames } else { so_far as u64 + 1 })
            }
        };
        let now = (std::mem::discriminant(&stage), step);
        if self.told.replace(now) != Some(now) {
            let end = if self.terminal { "\x1b[K\r" } else { "\n" };
            // Progress that nobody sees is no reason to stop.
            let _ = write!(std::io::stderr(), "{words}{end}");
        }
    }

    fn end(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\x1b[K");
        }
    }
}
