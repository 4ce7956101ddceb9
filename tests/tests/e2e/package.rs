//! The Debian package: what it holds, what it needs, and that the program in it runs.

use sightline_tests::program::binary;
use std::path::Path;
use std::process::{Command, Output};

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed:\n{}", said());
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_debian_package_is_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut dist = Command::new(root.join("scripts/dist"));
    run(dist.env("SIGHTLINE_BIN", binary()).env("SIGHTLINE_DIST", dir.path()));
    let entries = std::fs::read_dir(dir.path()).expect("the folder is ours").map(|entry| entry.expect("read").path());
    let package =
        entries.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "deb")).expect("a .deb");
    let depends = text(&run(Command::new("dpkg-deb").arg("--field").arg(&package).arg("Depends")));
    assert!(depends.contains("libavcodec") && depends.contains("libc6"), "{depends}");
    let inside = dir.path().join("inside");
    run(Command::new("dpkg-deb").arg("--extract").args([&package, &inside]));
    let version = text(&run(Command::new(inside.join("usr/bin/sightline")).arg("--version")));
    assert_eq!(version.trim(), format!("sightline {}", env!("CARGO_PKG_VERSION")));
    let unit = std::fs::read_to_string(inside.join("lib/systemd/system/sightline.service")).expect("the unit");
    let started = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/")).expect("it starts something");
    let (program, arguments) = started.split_once(' ').expect("a program and its arguments");
    assert!(inside.join(program).is_file(), "the unit starts /{program}, which the package does not hold");
    run(Command::new(inside.join(program)).args(arguments.split(' ').take(1)).arg("--help"));
}
