//! A child process whose output is kept, and which does not outlive its test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines that a process has written so far, standard output and error together.
#[derive(Clone, Default)]
pub struct Output {
    shared: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Output {
    fn push(&self, line: String) {
        let (lines, changed) = &*self.shared;
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        changed.notify_all();
    }

    /// Everything so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Waits for the first line for which `pick` gives something.
    ///
    /// # Errors
    /// It did not come within `limit`; the error is the output so far.
    pub fn wait<T>(&self, limit: Duration, pick: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let (lines, changed) = &*self.shared;
        let start = Instant::now();
        let mut held = lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = held.iter().find_map(|line| pick(line)) {
                return Ok(found);
            }
            let Some(left) = limit.checked_sub(start.elapsed()) else { return Err(held.join("\n")) };
            held = changed
                .wait_timeout(held, left.min(Duration::from_millis(200)))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// A running process and its output; killed when dropped.
pub struct Running {
    child: Child,
    /// What it has written.
    pub output: Output,
}

impl Running {
    /// Starts `command`.
    ///
    /// # Panics
    /// It cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = Output::default();
        keep("stdout", child.stdout.take().expect("piped"), output.clone());
        keep("stderr", child.stderr.take().expect("piped"), output.clone());
        Self { child, output }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Panics
    /// It has not ended within `limit`.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(done.is_ok_and(|status| status.success()), "kill -TERM failed");
        self.wait(limit)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It has not ended within `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process is ours") {
                return status;
            }
            assert!(
                start.elapsed() < limit,
                "the process still runs after {limit:?}; it said:\n{}",
                self.output.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(name: &str, from: impl Read + Send + 'static, to: Output) {
    let read = move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            to.push(line);
        }
    };
    std::thread::Builder::new().name(format!("test-{name}")).spawn(read).expect("a thread can be started");
}
