//! The built program, started on a free port with a data folder of its own, and spoken to over HTTP.

use crate::child::{Output, Running};
use crate::wait_for;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sightline_shared::camera::{Camera, CameraState};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// How long a camera may take to reach a state before the test fails. Users wait for seconds, not for this.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where the program is: `SIGHTLINE_BIN`, else `dist/sightline`.
///
/// # Panics
/// It is not there.
#[must_use]
pub fn binary() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("dist/sightline");
    let path = std::env::var_os("SIGHTLINE_BIN").map_or(built, PathBuf::from);
    assert!(path.is_file(), "{} is not there: run `make build` first, or set SIGHTLINE_BIN", path.display());
    path
}

/// How to start the program.
#[derive(Default)]
pub struct Options {
    /// Contents of `sightline.toml`.
    pub config: Option<String>,
    /// With `--demo`.
    pub demo: bool,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    /// Further environment.
    pub environment: Vec<(String, String)>,
    /// Kilobytes from which on no file grows, as on a disk that is full.
    pub file_limit_kb: Option<u32>,
}

/// The running program.
pub struct Program {
    /// The process and what it has written.
    pub process: Running,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Its data folder; `sightline.toml` lies in it.
    pub data: TempDir,
    http: reqwest::Client,
}

impl Program {
    /// Starts it without cameras.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts it with the demo camera.
    pub async fn start_demo() -> Self {
        Self::start_with(Options { demo: true, ..Options::default() }).await
    }

    /// Starts it with a settings file.
    pub async fn start_config(config: String) -> Self {
        Self::start_with(Options { config: Some(config), ..Options::default() }).await
    }

    /// Starts it.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start_with(options: Options) -> Self {
        let data = TempDir::with_prefix("sightline-test-").expect("a temporary folder");
        if let Some(config) = &options.config {
            std::fs::write(data.path().join("sightline.toml"), config).expect("the folder is ours");
        }
        Self::start_in(data, options).await
    }

    /// Starts it in a data folder that is there already.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start_in(data: TempDir, options: Options) -> Self {
        let process = Running::start(command(data.path(), &options));
        let output = process.output.clone();
        let waited = tokio::task::spawn_blocking(move || output.wait(Duration::from_secs(20), listening));
        let address =
            waited.await.expect("does not panic").unwrap_or_else(|said| panic!("the program does not start: {said}"));
        let http = reqwest::Client::builder().cookie_store(true).no_proxy().build().expect("no TLS to set up");
        Self { process, address, data, http }
    }

    /// Ends it and gives back its data folder.
    pub fn stop(mut self) -> (TempDir, Output) {
        self.process.terminate(Duration::from_secs(10));
        (self.data, self.process.output.clone())
    }

    /// `http://127.0.0.1:PORT` and `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request that keeps the session's cookie.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// `GET path`.
    ///
    /// # Panics
    /// The program does not answer.
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path)
            .send()
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", self.log()))
    }

    /// `GET path` as JSON.
    ///
    /// # Panics
    /// The answer is no success or no JSON.
    pub async fn get_json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let (status, text) = (response.status(), response.text().await.unwrap_or_default());
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("GET {path}: {error}: {text}"))
    }

    /// Sends `body` as JSON; gives the status and the answer.
    ///
    /// # Panics
    /// The program does not answer.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let response =
            self.request(method, path).json(body).send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or(Value::Null))
    }

    /// Adds a camera by its address alone; gives its id.
    ///
    /// # Panics
    /// It is refused.
    pub async fn add(&self, id: &str, url: &str) -> String {
        self.add_as(json!({ "id": id, "url": url })).await
    }

    /// Adds a camera; gives its id.
    ///
    /// # Panics
    /// It is refused.
    pub async fn add_as(&self, camera: Value) -> String {
        let (status, answer) = self.send(Method::POST, "/api/cameras", &camera).await;
        assert_eq!(status, 201, "POST /api/cameras {camera}: {answer}");
        answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
    }

    /// A camera as the API tells it.
    ///
    /// # Panics
    /// There is none of that id.
    pub async fn camera(&self, id: &str) -> Camera {
        let told = self.get_json(&format!("/api/cameras/{id}")).await;
        serde_json::from_value(told.clone()).unwrap_or_else(|error| panic!("{error}: {told}"))
    }

    /// Waits until `pick` likes the camera.
    ///
    /// # Panics
    /// It does not within [`PATIENCE`]; the message holds the camera and the log.
    pub async fn wait_camera(&self, id: &str, what: &str, pick: impl Fn(&Camera) -> bool) -> Camera {
        let ask = async || {
            let camera = self.camera(id).await;
            pick(&camera).then_some(camera)
        };
        match tokio::time::timeout(PATIENCE, wait_for(what, PATIENCE * 2, ask)).await {
            Ok(camera) => camera,
            Err(_) => panic!("camera {id} is never {what}: {:#?}\n{}", self.camera(id).await, self.log()),
        }
    }

    /// Waits until the camera is live.
    pub async fn wait_live(&self, id: &str) -> Camera {
        self.wait_camera(id, "live", |camera| camera.state == CameraState::Live).await
    }

    /// Logs in with `password`, then waits until the camera is live.
    ///
    /// # Panics
    /// The password is refused.
    pub async fn wait_live_after_login(&self, password: &str, id: &str) -> Camera {
        let (status, answer) = self.send(Method::POST, "/api/login", &json!({ "password": password })).await;
        assert!((200..300).contains(&status), "login: {status} {answer}");
        self.wait_live(id).await
    }

    /// Waits until the camera says why it is not live; gives it with a reason that is not empty.
    pub async fn wait_failed(&self, id: &str) -> Camera {
        let failed = |camera: &Camera| {
            matches!(camera.state, CameraState::Offline | CameraState::Reconnecting)
                && camera.reason.as_deref().is_some_and(|reason| !reason.is_empty())
        };
        self.wait_camera(id, "failed with a reason", failed).await
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output.text()
    }

    /// Resident memory in bytes.
    ///
    /// # Panics
    /// The process is gone.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Processor time used so far, in seconds.
    ///
    /// # Panics
    /// The process is gone.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds_of(self.process.id())
    }
}

/// Processor time that a process has used so far, in seconds.
///
/// # Panics
/// The process is gone.
#[must_use]
pub fn cpu_seconds_of(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // Fields 14 and 15 of proc(5), counted from behind the name, which may hold spaces; 100 ticks a second on Linux.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

/// The command that serves from `data`.
#[must_use]
pub fn command(data: &Path, options: &Options) -> Command {
    let mut command = match options.file_limit_kb {
        None => Command::new(binary()),
        Some(limit) => {
            let mut command = Command::new("bash");
            command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {limit}; exec \"$@\"")).arg("bash").arg(binary());
            command
        }
    };
    command.arg("serve").arg("--config").arg(data.join("sightline.toml")).arg("--data").arg(data);
    if !options.arguments.iter().any(|argument| argument == "--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    if options.demo {
        command.arg("--demo");
    }
    command.args(&options.arguments).envs(options.environment.iter().cloned());
    command
}

/// The address in `listening on http://ADDRESS`.
fn listening(line: &str) -> Option<String> {
    let rest = line.split_once("listening on http://")?.1;
    Some(rest.split(|c: char| c.is_whitespace() || c == '/').next()?.to_owned())
}
