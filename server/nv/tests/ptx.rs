//! The PTX that is shipped is what clang-14 makes of the kernels beside it, byte for byte.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_shipped_ptx_is_that_of_the_sources() {
    if Command::new("clang-14").arg("--version").output().is_err() {
        println!("skipped: clang-14 is not installed, so the PTX cannot be made again");
        return;
    }
    let kernels = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(kernels.join("make")).arg(folder.path()).status().unwrap();
    assert!(made.success(), "kernels/make failed");
    let sources = fs::read_dir(&kernels).unwrap().map(|entry| entry.unwrap().path());
    let sources: Vec<_> = sources.filter(|path| path.extension().is_some_and(|ending| ending == "cu")).collect();
    assert_eq!(sources.len(), 3, "{sources:?}");
    for source in sources {
        let shipped = fs::read_to_string(source.with_extension("ptx")).unwrap();
        let name = source.with_extension("ptx").file_name().unwrap().to_owned();
        let made = fs::read_to_string(folder.path().join(&name)).unwrap();
        assert!(shipped == made, "{} is not what its source gives: run server/nv/kernels/make", name.display());
    }
}
