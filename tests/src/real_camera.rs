//! A real RTSP server on 127.0.0.1: GStreamer's, run by `tests/rtsp/serve.py`.

use crate::child::Running;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A GStreamer RTSP server; ends when dropped.
pub struct RealCamera {
    port: u16,
    login: String,
    /// The server's process.
    pub process: Running,
}

impl RealCamera {
    /// Starts one: `arguments` as `serve.py` says, e.g. `["--protocols", "udp", "cam=test"]`.
    ///
    /// # Panics
    /// It does not start; the message says why.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtsp/serve.py");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).args(arguments);
        let process = Running::start(command);
        let port = process
            .output
            .wait(Duration::from_secs(30), |line| {
                line.strip_prefix("listening on ").and_then(|port| port.trim().parse().ok())
            })
            .unwrap_or_else(|output| panic!("tests/rtsp/serve.py does not start (scripts/setup test): {output}"));
        Self { port, login: String::new(), process }
    }

    /// Starts one that asks for `user` and `password` by `method` (`digest` or `basic`).
    #[must_use]
    pub fn protected(method: &str, user: &str, password: &str, arguments: &[&str]) -> Self {
        let mut all = vec!["--auth", method, "--user", user, "--password", password];
        all.extend_from_slice(arguments);
        Self { login: format!("{user}:{password}@"), ..Self::start(&all) }
    }

    /// The address of `mount`, with the login where there is one.
    #[must_use]
    pub fn url(&self, mount: &str) -> String {
        self.url_as(&self.login, mount)
    }

    /// The same with another login, e.g. `user:wrong@`.
    #[must_use]
    pub fn url_as(&self, login: &str, mount: &str) -> String {
        format!("rtsp://{login}127.0.0.1:{}/{mount}", self.port)
    }
}
