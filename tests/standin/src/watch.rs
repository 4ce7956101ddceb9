//! What a test sees and changes from outside while the process runs: the file of counts, and the file of faults.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crate::fault::Faults;
use crate::machine::{Machine, machine};

/// How often the file of faults is read. The counts are written every fifth time.
const PERIOD: Duration = Duration::from_millis(20);

static REPORT: OnceLock<PathBuf> = OnceLock::new();
static WRITING: Mutex<()> = Mutex::new(());

fn variable(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Starts to keep both files, where the environment names them.
pub fn start(machine: &'static Machine) {
    let report = variable("SIGHTLINE_STANDIN_REPORT");
    let faults = variable("SIGHTLINE_STANDIN_FAULTS_FILE");
    // What is asked for from the start holds from the first call on.
    let mut known = String::new();
    read_faults(machine, faults.as_deref(), &mut known);
    if report.is_none() && faults.is_none() {
        return;
    }
    let path = report.clone();
    let started = thread::Builder::new().name("standin-watch".into()).spawn(move || {
        let mut written = String::new();
        for round in 0_u64.. {
            read_faults(machine, faults.as_deref(), &mut known);
            if let Some(path) = &path
                && round % 5 == 0
            {
                write_report(machine, path, &mut written);
            }
            thread::sleep(PERIOD);
        }
    });
    drop(started);
    if let Some(path) = report {
        let _ = REPORT.set(path);
        // SAFETY: the function takes nothing, returns nothing and stays loaded, since the library is never unloaded.
        unsafe { libc::atexit(write_last_report) };
    }
}

/// Takes over what the file says, where that is new.
fn read_faults(machine: &Machine, path: Option<&Path>, known: &mut String) {
    let Some(path) = path else { return };
    let text = std::fs::read_to_string(path).unwrap_or_default();
    if text == *known {
        return;
    }
    let faults = if text.trim().is_empty() { Ok(machine.first_faults().clone()) } else { Faults::parse(&text) };
    match faults {
        Ok(faults) => machine.set_faults(faults),
        // Nobody else would find the misspelt word.
        #[allow(clippy::print_stderr)]
        Err(words) => eprintln!("stand-in driver: {}: {words}", path.display()),
    }
    *known = text;
}

fn write_report(machine: &Machine, path: &Path, written: &mut String) {
    let _one_at_a_time = WRITING.lock();
    let text = machine.report();
    if text == *written {
        return;
    }
    let half = path.with_extension("half");
    let done = std::fs::write(&half, &text).and_then(|()| std::fs::rename(&half, path));
    if done.is_ok() {
        *written = text;
    }
}

extern "C" fn write_last_report() {
    if let Some(path) = REPORT.get() {
        write_report(machine(), path, &mut String::new());
    }
}
