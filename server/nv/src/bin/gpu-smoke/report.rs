//! What was found, checked and measured, as a table for people and as JSON.

use sightline_nv as nv;
use std::fmt::{self, Write as _};

/// How a check ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// As it should be, and what was looked at.
    Right(String),
    /// What is wrong.
    Wrong(String),
    /// There is nothing to check, and why.
    Absent(String),
}

impl Outcome {
    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Right(words) => ("ok", words),
            Self::Wrong(words) => ("WRONG", words),
            Self::Absent(words) => ("absent", words),
        }
    }
}

/// A number that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) benchmark: u8,
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// The whole report.
pub(crate) struct Report {
    /// Neither driver nor device.
    pub(crate) nothing_there: bool,
    found: String,
    device: u32,
    notes: Vec<String>,
    checks: Vec<(String, Outcome)>,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn new(found: &nv::Report, device: u32) -> Self {
        let (notes, checks, figures) = (Vec::new(), Vec::new(), Vec::new());
        Self { nothing_there: false, found: found.to_string(), device, notes, checks, figures }
    }

    pub(crate) fn says(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    pub(crate) fn check(&mut self, name: &str, outcome: Outcome) {
        self.checks.push((name.to_owned(), outcome));
    }

    pub(crate) fn figure(&mut self, benchmark: u8, name: String, value: f64, unit: &'static str) {
        self.figures.push(Figure { benchmark, name, value, unit });
    }

    pub(crate) fn failed(&self) -> bool {
        self.checks.iter().any(|(_, outcome)| matches!(outcome, Outcome::Wrong(_)))
    }

    /// One object; numbers are plain, and nothing is left out that the table has.
    pub(crate) fn json(&self) -> String {
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        let found = list(self.found.lines().map(|line| quoted(line.trim())).collect());
        let notes = list(self.notes.iter().map(|note| quoted(note)).collect());
        let checks = self.checks.iter().map(|(name, outcome)| {
            let (state, words) = outcome.words();
            format!("{{\"name\": {}, \"outcome\": {}, \"detail\": {}}}", quoted(name), quoted(state), quoted(words))
        });
        let figures = self.figures.iter().map(|Figure { benchmark, name, value, unit }| {
            let (name, unit) = (quoted(name), quoted(unit));
            format!("{{\"benchmark\": {benchmark}, \"name\": {name}, \"value\": {value:.6}, \"unit\": {unit}}}")
        });
        let (checks, figures) = (list(checks.collect()), list(figures.collect()));
        let (device, there, failed) = (self.device, !self.nothing_there, self.failed());
        format!(
            "{{\"version\": \"{}\", \"device\": {device}, \"device_found\": {there}, \"failed\": {failed}, \"found\": {found}, \
             \"notes\": {notes}, \"checks\": {checks}, \"figures\": {figures}}}\n",
            env!("CARGO_PKG_VERSION")
        )
    }
}

fn quoted(words: &str) -> String {
    let mut text = String::from("\"");
    for letter in words.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            letter if u32::from(letter) < 32 => {
                let _ = write!(text, "\\u{:04x}", u32::from(letter));
            }
            letter => text.push(letter),
        }
    }
    text + "\""
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "gpu-smoke {}\n\nFound\n{}", env!("CARGO_PKG_VERSION"), self.found)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}\n"))?;
        if !self.checks.is_empty() {
            writeln!(f, "Checked on device {}", self.device)?;
        }
        for (name, outcome) in &self.checks {
            let (state, words) = outcome.words();
            writeln!(f, "  {name:<34} {state:<7} {words}")?;
        }
        let mut last = 0;
        for Figure { benchmark, name, value, unit } in &self.figures {
            if std::mem::replace(&mut last, *benchmark) != *benchmark {
                writeln!(f, "\nBenchmark {benchmark}")?;
            }
            writeln!(f, "  {name:<78} {value:>12.3} {unit}")?;
        }
        if self.failed() {
            writeln!(f, "\nSomething is wrong: please send this report in.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_is_json_whatever_the_words() {
        assert_eq!(quoted("a \"b\"\\\n"), "\"a \\\"b\\\"\\\\\\u000a\"");
    }
}
