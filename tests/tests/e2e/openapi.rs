//! The API's description, checked against the running program by an independent tool that makes up requests, good and bad,
//! and holds every answer against what the description says of it.

use reqwest::Method;
use serde_json::json;
use sightline_tests::child::Running;
use sightline_tests::media::announce;
use sightline_tests::program::Program;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PASSWORD: &str = "correct horse battery";

/// A password is set, so that the tool also sees that every route but the open ones refuses whoever is not known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_the_description_says() {
    let program = Program::start_demo().await;
    let (status, answer) = program.send(Method::POST, "/api/password", &json!({ "new": PASSWORD })).await;
    assert!((200..300).contains(&status), "{status} {answer}");
    program.wait_live_after_login(PASSWORD, "demo").await;
    let (status, token) = program.send(Method::POST, "/api/tokens", &json!({ "name": "check" })).await;
    assert_eq!(status, 201, "{token}");
    let token = token["token"].as_str().expect("told this once").to_owned();
    let description = program.get_json("/api/openapi.json").await;
    let file = program.data.path().join("openapi.json");
    std::fs::write(&file, description.to_string()).expect("the folder is ours");
    let command = schemathesis(&program.url(""), &file, &token);
    let said = tokio::task::spawn_blocking(move || {
        let mut process = Running::start(command);
        let status = process.wait(Duration::from_secs(240));
        (status.success(), process.output.text())
    });
    let (good, said) = said.await.expect("does not panic");
    assert!(good, "{said}\n{}", program.log());
    let figure = |what: &str| said.lines().find(|line| line.contains(what)).map_or("", str::trim).to_owned();
    announce(&format!("schemathesis: {} operations, {}", figure("Tested:"), figure(" generated, ")));
    let tested: usize = figure("Tested:").trim_start_matches("Tested:").trim().parse().unwrap_or(0);
    assert!(tested >= 14, "it tested {tested} operations:\n{said}");
    assert!(program.get("/api/health").await.status().is_success());
}

fn schemathesis(url: &str, description: &Path, token: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    // scripts/env knows where the Python packages lie.
    let run = r#". "$SIGHTLINE_ROOT/scripts/env" && exec "$SIGHTLINE_PYTHON/bin/schemathesis" \
        --config-file "$SIGHTLINE_ROOT/tests/api/schemathesis.toml" run "$0" --url "$1" --max-examples 30 --seed 1 --no-color"#;
    let mut command = Command::new("bash");
    command.args(["-c", run, &description.display().to_string(), url]);
    command.env("SIGHTLINE_ROOT", root).env("TOKEN", token).env("COLUMNS", "160");
    // It keeps what it found for its next run in a folder beside it.
    command.current_dir(description.parent().expect("a file lies in a folder"));
    command
}
