//! Where the stand-in driver is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder that `SIGHTLINE_STANDIN` names, or the one that `make standin` builds.
pub(crate) fn standin() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(folder) = std::env::var_os("SIGHTLINE_STANDIN") {
        return folder.into();
    }
    let built = BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in the workspace");
        let made = Command::new(root.join("scripts/standin")).output().expect("scripts/standin runs");
        assert!(made.status.success(), "scripts/standin: {}", String::from_utf8_lossy(&made.stderr));
        root.join("dist/standin")
    });
    built.clone()
}
