//! `gpu-smoke`: checks decoder, kernels and encoder of the first device against what software gives, then measures them. It needs a driver and a
//! C library, and nothing else: what it decodes lies in it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to a person")]

mod checks;
mod clips;
mod cpu;
mod decoding;
mod encoding;
mod figures;
mod kernels;
mod path;
mod report;
mod throughput;

use report::Report;
use sightline_nv::{Context, Driver, Switches, probe};
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
gpu-smoke: checks an NVIDIA device's decoder, kernels and encoder against software, then measures them

  --json       the report as JSON
  --quick      a few pictures of everything: the checks count, the figures mean little
  --device N   another device than the first
  --help       this

Exit status: 0 everything that is there is right (no encoder is no failure: many devices have none), 1 something is wrong, 2 there is
nothing to check, since no driver or no device was found, 64 the arguments are not understood.
";

/// How long and how much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    /// Decoders at once.
    pub(crate) sessions: Vec<usize>,
    /// Pictures of a batch.
    pub(crate) batches: Vec<usize>,
    /// Cameras of the whole way.
    pub(crate) cameras: Vec<usize>,
    /// Pictures drawn on in one launch.
    pub(crate) drawn: usize,
    /// For each figure of decoding.
    pub(crate) time: Duration,
    /// Launches of each kernel.
    pub(crate) launches: usize,
    /// Bytes that are copied to find out how fast the memory is.
    pub(crate) copied: usize,
}

impl Effort {
    fn whole() -> Self {
        Self {
            sessions: vec![1, 2, 4, 7, 14, 28],
            batches: vec![1, 16, 64],
            cameras: vec![1, 16, 64],
            drawn: 64,
            time: Duration::from_secs(3),
            launches: 100,
            copied: 512 << 20,
        }
    }

    fn quick() -> Self {
        Self {
            sessions: vec![1, 2],
            batches: vec![1, 2],
            cameras: vec![2],
            drawn: 2,
            time: Duration::from_millis(200),
            launches: 3,
            copied: 4 << 20,
        }
    }
}

struct Arguments {
    json: bool,
    quick: bool,
    device: u32,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut asked = Arguments { json: false, quick: false, device: 0 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => asked.json = true,
            "--quick" => asked.quick = true,
            "--device" => {
                let number = words.next().and_then(|number| number.parse().ok());
                asked.device = number.ok_or("--device needs the number of a device, as in `--device 1`")?;
            }
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("`{other}` is not understood; --help says what is")),
        }
    }
    Ok(Some(asked))
}

fn main() -> ExitCode {
    let asked = match arguments() {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(words) => {
            eprintln!("gpu-smoke: {words}");
            return ExitCode::from(64);
        }
    };
    let report = run(&asked);
    print!("{}", if asked.json { report.json() } else { report.to_string() });
    if report.nothing_there {
        return ExitCode::from(2);
    }
    if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run(asked: &Arguments) -> Report {
    let found = probe(&Switches::from_env());
    let context = Driver::load().and_then(|driver| Context::new(&driver, asked.device));
    let mut report = Report::new(&found, asked.device);
    let context = match found.driver.clone().and(context) {
        Ok(context) => context,
        Err(error) => {
            report.nothing_there = true;
            report.says(&format!("There is nothing to check: {error}."));
            return report;
        }
    };
    let stand_in = context.name().is_ok_and(|name| name.contains("stand-in"));
    if stand_in {
        report.says("This is the stand-in driver: a CPU plays the device. The checks count; the figures are of a stand-in and mean nothing.");
    }
    let effort = if stand_in || asked.quick { Effort::quick() } else { Effort::whole() };
    // Told while it works: the whole takes a minute, and a driver that hangs should be seen to hang at something.
    let told = |what: &str| eprintln!("gpu-smoke: {what} ...");
    checks::all(&context, &found, &mut report, &told);
    figures::all(&context, &effort, &mut report, &told);
    report
}
