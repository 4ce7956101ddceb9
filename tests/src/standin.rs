//! The stand-in driver for the program under test: where it lies, what it is told to fail with, and what it has counted.

use crate::program::Options;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The folder of the stand-in driver, built if it is not there.
///
/// # Panics
/// It cannot be built.
pub fn folder() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
        let made = Command::new(root.join("scripts/standin")).status().expect("bash runs");
        assert!(made.success(), "scripts/standin failed");
        root.join("dist/standin")
    })
}

/// A device for one run of the program.
pub struct Device {
    report: TempDir,
}

impl Device {
    /// A stand-in that has not run yet.
    ///
    /// # Panics
    /// There is no temporary folder.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        Self { report: TempDir::with_prefix("sightline-standin-").expect("a temporary folder") }
    }

    fn file(&self) -> PathBuf {
        self.report.path().join("report")
    }

    /// How the program is started with it: `faults` as the stand-in reads them.
    #[must_use]
    pub fn options(&self, faults: &str, config: String) -> Options {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let environment = vec![
            pair("LD_LIBRARY_PATH", folder().display().to_string()),
            pair("SIGHTLINE_STANDIN_FAULTS", faults.to_owned()),
            pair("SIGHTLINE_STANDIN_FAULTS_FILE", self.report.path().join("faults").display().to_string()),
            pair("SIGHTLINE_STANDIN_REPORT", self.file().display().to_string()),
        ];
        Options { config: Some(config), environment, ..Options::default() }
    }

    /// Has it fail from here on, while the program runs.
    ///
    /// # Panics
    /// The folder is gone.
    pub fn fail_now(&self, faults: &str) {
        let beside = self.report.path().join("faults.new");
        std::fs::write(&beside, faults).expect("the folder is ours");
        std::fs::rename(&beside, self.report.path().join("faults")).expect("the folder is ours");
    }

    /// What it counted; once the program has ended.
    ///
    /// # Panics
    /// It left no report.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let text = std::fs::read_to_string(self.file()).expect("the stand-in writes its report when the program ends");
        let pair = |line: &str| line.split_once(' ').and_then(|(name, count)| Some((name.into(), count.parse().ok()?)));
        text.lines().filter_map(pair).collect()
    }
}
