//! The rules of the house as checks: each fails when its rule is broken, and says where.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `unsafe` may stand, and why each block there is sound is said beside it.
const UNSAFE_MAY_STAND_IN: [&str; 2] = ["server/src/libav.rs", "server/src/libav/scale.rs"];
/// Items and helpers that every stage may import; the rooms beside them are stages.
const NOT_STAGES: [&str; 7] = ["pipeline", "settings", "store", "api", "codec", "main.rs", "lib.rs"];
/// A file beyond this many lines needs a second thought; the ones that had it are named with their reason.
const LONG_FILE: usize = 400;
const LONG_FILES: [(&str, &str); 0] = [];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_path_buf()
}

/// Tracked and not yet tracked files, as paths relative to the root.
fn files(endings: &[&str]) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let found: Vec<_> = String::from_utf8(output.stdout)
        .expect("paths are UTF-8")
        .lines()
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)) && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    assert!(!found.is_empty(), "no file ends with {endings:?}: the check looks in the wrong place");
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The part of a source file in front of its tests, without comments and string literals' contents of whole lines.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
}

fn nothing_wrong(rule: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{rule}\n  {}", wrong.join("\n  "));
}

#[test]
fn every_source_file_begins_with_its_one_job() {
    let wrong: Vec<_> = files(&[".rs"]).into_iter().filter(|path| !read(path).starts_with("//! ")).collect();
    nothing_wrong("these files do not begin with `//!` and what they are for:", &wrong);
}

#[test]
fn unsafe_stands_only_where_it_may() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let may = UNSAFE_MAY_STAND_IN.contains(&path.as_str())
            || path.ends_with("/simd.rs")
            || path.starts_with("server/nv/")
            || path.starts_with("tests/standin/");
        let text = read(&path);
        let lines: Vec<_> = text.lines().collect();
        // The type of a foreign function promises nothing; calling one does.
        let only_named = |line: &str| line.contains("unsafe_code") || line.contains("unsafe extern \"C\" fn(");
        for (number, line) in code_lines(&text).filter(|(_, line)| holds_word(line, "unsafe") && !only_named(line)) {
            let explained = lines[number.saturating_sub(6)..number]
                .iter()
                .any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            if !may || !explained {
                wrong.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    nothing_wrong("`unsafe` in a file that may not hold it, or without a `SAFETY:` comment above it:", &wrong);
}

/// Whether `word` stands in `line` outside of string literals.
fn holds_word(line: &str, word: &str) -> bool {
    let outside = line.split('"').step_by(2);
    outside.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_')).any(|part| part == word)
}

/// Files that hold tests alone.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/") || path.contains("/benches/")
}

#[test]
fn every_crate_takes_the_workspace_lints_and_they_deny_unwrap() {
    let wrong: Vec<_> = files(&["Cargo.toml"])
        .into_iter()
        .filter(|path| path != "Cargo.toml" && !path.starts_with("fuzz/"))
        .filter(|path| !read(path).contains("[lints]\nworkspace = true"))
        .collect();
    nothing_wrong("these crates do not take the workspace's lints:", &wrong);
    let workspace = read("Cargo.toml");
    for lint in ["unwrap_used", "todo", "unimplemented", "print_stdout", "missing_docs"] {
        assert!(workspace.lines().any(|line| line.starts_with(lint)), "the lint table of Cargo.toml lacks {lint}");
    }
    assert!(read("scripts/test").contains("--all-targets -- -D warnings"), "scripts/test does not deny warnings");
}

#[test]
fn threads_have_names_and_queues_have_bounds() {
    let banned =
        ["thread::spawn(", "unbounded_channel", "mpsc::channel()", "mpsc::unbounded", "thread::Builder::new().spawn"];
    let mut wrong = Vec::new();
    for path in files(&[".rs"]).into_iter().filter(|path| path.starts_with("server/src") || path.starts_with("web/src"))
    {
        let text = read(&path);
        for (number, line) in code_lines(&text) {
            if banned.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    nothing_wrong("a thread without a name or a queue without a bound:", &wrong);
    assert!(read("clippy.toml").contains("std::thread::spawn"), "clippy.toml no longer bans std::thread::spawn");
}

#[test]
fn shared_has_nothing_of_the_server_or_the_browser_in_its_tree() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--package",
            "sightline-shared",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && tree.contains("serde "),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let banned = ["tokio", "web-sys", "js-sys", "ffmpeg", "axum", "leptos", "rusqlite", "libc "];
    let wrong: Vec<_> =
        tree.lines().filter(|line| banned.iter().any(|name| line.starts_with(name))).map(str::to_owned).collect();
    nothing_wrong("sightline-shared depends on:", &wrong);
}

#[test]
fn stages_do_not_import_each_other() {
    let rooms = stage_rooms();
    assert!(rooms.len() >= 4, "only {rooms:?} found: the check looks in the wrong place");
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let Some(own) = path.strip_prefix("server/src/").and_then(|rest| rest.split('/').next()) else { continue };
        if is_test(&path) || !rooms.iter().any(|room| room == own.trim_end_matches(".rs")) {
            continue;
        }
        let text = read(&path);
        for (number, line) in code_lines(&text) {
            let other = rooms
                .iter()
                .find(|room| *room != own.trim_end_matches(".rs") && line.contains(&format!("crate::{room}::")));
            if let Some(other) = other.filter(|other| !may_import(&path, other)) {
                wrong.push(format!("{path}:{number} imports {other}: {}", line.trim()));
            }
        }
    }
    nothing_wrong("a stage imports another stage (only `pipeline` knows the order):", &wrong);
}

/// `live` hands out and `record` keeps what `fragment` made: the chunk is the item that flows between them. The demo camera,
/// and cameras whose codec is not carried, are sources that have to encode, since sources give access units.
fn may_import(path: &str, other: &str) -> bool {
    (["live", "record"].iter().any(|room| path.starts_with(&format!("server/src/{room}/"))) && other == "fragment")
        || (["server/src/source/demo.rs", "server/src/source/recode.rs"].contains(&path) && other == "encode")
}

fn stage_rooms() -> Vec<String> {
    let entries = fs::read_dir(root().join("server/src")).expect("server/src is there");
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let known = ["source", "decode", "process", "detect", "track", "draw", "encode", "fragment", "live", "record"];
    names
        .filter(|name| !NOT_STAGES.contains(&name.as_str()))
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| known.contains(&name.as_str()))
        .collect()
}

#[test]
fn paths_named_in_the_documents_exist() {
    let mut wrong = Vec::new();
    for document in ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "SECURITY.md"] {
        if !root().join(document).exists() {
            wrong.push(format!("{document} is missing"));
            continue;
        }
        let text = read(document);
        for path in quoted_paths(&text) {
            // What a run of the tests leaves behind is not in a clone.
            if !path.starts_with("tests/artifacts") && !root().join(path.trim_end_matches('/')).exists() {
                wrong.push(format!("{document} names `{path}`"));
            }
        }
    }
    nothing_wrong("a document names what is not there:", &wrong);
}

/// What stands in backticks or as a link's target and is a path of this repository.
fn quoted_paths(text: &str) -> Vec<&str> {
    let tops = ["server/", "shared/", "web/", "tests/", "static/", "scripts/", "fuzz/", "docs/", ".ci/"];
    let ticks = text.split('`').skip(1).step_by(2);
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    ticks
        .chain(links)
        .filter(|word| tops.iter().any(|top| word.starts_with(top)) && !word.contains(['*', '{', ' ', '<', '\n']))
        .map(|word| word.split(['#', ':']).next().unwrap_or(word))
        .collect()
}

#[test]
fn files_are_short_or_had_a_second_thought() {
    let wrong: Vec<_> = files(&[".rs"])
        .into_iter()
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, path)| *lines > LONG_FILE && !LONG_FILES.iter().any(|(known, _)| known == path))
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    nothing_wrong(
        "these files are long: is each still one job? (if so, name it with its reason in LONG_FILES)",
        &wrong,
    );
    for (path, _) in LONG_FILES {
        assert!(read(path).lines().count() > LONG_FILE, "{path} is short again: take it out of LONG_FILES");
    }
}

#[test]
fn versions_of_web_tools_agree() {
    let env = read("scripts/env");
    let trunk = read("Trunk.toml");
    let manifest = read("web/Cargo.toml");
    let bindgen = env
        .lines()
        .find_map(|line| line.strip_prefix("SIGHTLINE_WASM_BINDGEN="))
        .expect("scripts/env names wasm-bindgen");
    assert!(
        trunk.contains(&format!("wasm_bindgen = \"{bindgen}\"")),
        "Trunk.toml names another wasm-bindgen than scripts/env: {bindgen}"
    );
    assert!(
        manifest.contains(&format!("wasm-bindgen = \"={bindgen}\"")),
        "web/Cargo.toml names another wasm-bindgen: {bindgen}"
    );
    let binaryen = read("scripts/web-tools/package.json");
    let major = binaryen
        .split("\"binaryen\": \"")
        .nth(1)
        .and_then(|rest| rest.split('.').next())
        .expect("package.json names binaryen");
    assert!(
        trunk.contains(&format!("wasm_opt = \"version_{major}\"")),
        "Trunk.toml names another wasm-opt than {major}"
    );
}

#[test]
fn readme_and_dashboard_name_the_same_addresses() {
    let readme = read("README.md");
    let page = read("web/src/state/address.rs");
    let makes = page.split("MAKES:").nth(1).and_then(|rest| rest.split("];").next()).expect("address.rs lists makes");
    let pairs: Vec<&str> = makes.split('"').skip(1).step_by(2).collect();
    assert!(pairs.len() >= 8, "{pairs:?}");
    for pair in pairs.chunks(2) {
        let row = format!("| {} | `{}` |", pair[0], pair[1]);
        assert!(readme.contains(&row), "README.md lacks the row: {row}");
    }
}

#[test]
fn documents_name_make_targets_that_exist() {
    let makefile = read("Makefile");
    for document in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"] {
        let text = read(document);
        // In backticks, or at the start of an indented line of code.
        let commands = text.split("`make ").skip(1).chain(text.split("\n    make ").skip(1));
        for target in commands.filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphabetic() && c != '-').next()) {
            assert!(
                makefile.lines().any(|line| line.starts_with(&format!("{target}:"))),
                "{document} names `make {target}`"
            );
        }
    }
}
