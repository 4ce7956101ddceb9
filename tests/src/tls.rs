//! TLS in front of any server of the tests: a proxy with a certificate that nobody vouches for (`tests/rtsp/tls.py`).

use crate::child::Running;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The proxy; ends when dropped.
pub struct Tls {
    /// Where it listens.
    pub port: u16,
    /// The process.
    pub process: Running,
}

impl Tls {
    /// A proxy for 127.0.0.1:`port`.
    ///
    /// # Panics
    /// It does not start; the message says why.
    #[must_use]
    pub fn start(port: u16) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtsp/tls.py");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).arg(port.to_string());
        let process = Running::start(command);
        let listening = |line: &str| line.strip_prefix("listening on ").and_then(|port| port.trim().parse().ok());
        let port = process
            .output
            .wait(Duration::from_secs(30), listening)
            .unwrap_or_else(|output| panic!("tests/rtsp/tls.py does not start (scripts/setup test): {output}"));
        Self { port, process }
    }
}
