//! Where the stand-in's libraries are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder with the libraries, built by `make standin`.
pub(crate) fn libraries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in the workspace");
        let made = Command::new("make").args(["--silent", "standin"]).current_dir(root).output().expect("make runs");
        assert!(made.status.success(), "make standin: {}", String::from_utf8_lossy(&made.stderr));
        root.join("dist/standin")
    })
}
