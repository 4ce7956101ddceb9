//! Models by the built program: pulled from a mirror, checked, offered at the first start, and missed without the library.

use sightline_shared::models::{ModelCheck, Models};
use sightline_tests::http_files::{HttpFiles, Serve};
use sightline_tests::media::{announce, shared};
use sightline_tests::program::{Program, binary};
use std::path::Path;
use std::process::{Command, Output};

fn models(data: &Path, arguments: &[&str], set: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary());
    command.arg("models").arg("--data").arg(data).args(arguments).envs(set.iter().copied());
    command.output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_pulled_from_a_mirror_and_checked() {
    let Some(weights) = shared("models/yolox_nano_416x416.onnx") else { return };
    let (mirror, data) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    std::fs::copy(&weights, mirror.path().join("yolox-nano.onnx")).expect("copied");
    let server = HttpFiles::start(Serve::Folder(mirror.path().into())).await;
    let from = server.url("");
    let pulled = models(data.path(), &["pull", "yolox-nano"], &[("SIGHTLINE_MODELS_FROM", &from)]);
    assert!(pulled.status.success(), "{}", text(&pulled.stderr));
    assert!(
        text(&pulled.stderr).contains("Apache-2.0 by Megvii") && text(&pulled.stderr).contains("100 %, 3.7 of 3.7 MB")
    );
    assert!(text(&pulled.stdout).contains("its SHA-256 is right"), "{}", text(&pulled.stdout));
    let listed = models(data.path(), &["list", "--json"], &[]);
    let list: Models = serde_json::from_slice(&listed.stdout).expect("a list");
    let Some(runtime) = list.runtime else {
        announce("skipped in part: ONNX Runtime is not here");
        return;
    };
    let Some(video) = shared("media/one-by-one-person-detection.mp4") else { return };
    let picture = data.path().join("seen.jpg");
    let on = [
        "check",
        "yolox-nano",
        "--on",
        &video.display().to_string(),
        "--at",
        "24.9",
        "--picture",
        &picture.display().to_string(),
        "--json",
    ];
    let checked = models(data.path(), &on, &[]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let check: ModelCheck = serde_json::from_slice(&checked.stdout).expect("a check");
    assert_eq!((check.layout.as_str(), check.input, check.labels.len()), ("yolox", [416, 416], 80));
    assert!(check.runs_on.starts_with(&runtime) && check.ms > 0.0);
    assert!(runtime.starts_with("ONNX Runtime 1."), "{runtime}");
    assert!(check.found.iter().any(|found| found.label == "person"), "{:?}", check.found);
    assert!(std::fs::read(&picture).expect("written").starts_with(&[0xff, 0xd8]));
}

#[test]
fn mistakes_end_with_a_sentence_and_status_1() {
    let data = tempfile::tempdir().expect("a folder");
    let bad = data.path().join("bad.onnx");
    std::fs::write(&bad, "no model").expect("written");
    let bad = bad.display().to_string();
    for (arguments, words) in [
        (&["pull", "nobody"][..], "the catalogue has no model \"nobody\", but yolox-nano, ultraface."),
        (&["check", "yolox-nano"], "`sightline models pull yolox-nano` fetches it"),
        (&["check", &bad], "bad.onnx"),
        (&["add", "/nowhere/x.onnx"], "there is no file /nowhere/x.onnx"),
        (&["remove", "nobody"], "no model nobody is here."),
    ] {
        let done = models(data.path(), arguments, &[]);
        let told = text(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{arguments:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
        // Which words it is for a bad file depends on the library being here.
        assert!(told.contains(words) || arguments[1] == bad, "{arguments:?}: {told}");
    }
    let wrong = models(data.path(), &["fetch"], &[]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn without_the_library_the_program_says_so_and_goes_on() {
    let data = tempfile::tempdir().expect("a folder");
    let without = [("SIGHTLINE_ONNXRUNTIME", "/nowhere/libonnxruntime.so")];
    let listed = models(data.path(), &["list"], &without);
    assert!(listed.status.success());
    let told = text(&listed.stdout);
    assert!(
        told.starts_with("ONNX Runtime cannot be loaded (SIGHTLINE_ONNXRUNTIME names /nowhere/libonnxruntime.so)"),
        "{told}"
    );
    assert!(told.contains("motion goes on") && told.contains("yolox-nano"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_offers_a_model_and_fetches_none() {
    let program = Program::start_demo().await;
    let models: Models = serde_json::from_value(program.get_json("/api/models").await).expect("models");
    assert_eq!(models.models[0].name, "yolox-nano");
    assert!(
        program.log().contains("`sightline models pull yolox-nano` fetches a small one (3.7 MB, Apache-2.0)"),
        "{}",
        program.log()
    );
    assert!(!program.data.path().join("models/yolox-nano.onnx").exists());
}
