//! Who may do what: strangers, other web pages, listeners beyond loopback, passwords that must not be seen.

use reqwest::Method;
use serde_json::json;
use sightline_tests::child::Running;
use sightline_tests::program::{Options, Program, binary, command};
use sightline_tests::real_camera::RealCamera;
use sightline_tests::viewer::Viewer;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ROUTES: [&str; 8] = [
    "/",
    "/api/health",
    "/api/session",
    "/api/cameras",
    "/api/system",
    "/api/timings?camera=demo",
    "/metrics",
    "/api/cameras/demo/live.mp4",
];

/// DNS rebinding: another site's name leads to 127.0.0.1, and its page asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_host_is_refused_everywhere() {
    let program = Program::start_demo().await;
    for path in ROUTES {
        let response = program.request(Method::GET, path).header("Host", "evil.example").send().await.expect("answers");
        let (status, text) = (response.status(), response.text().await.unwrap_or_default());
        assert!(status.is_client_error(), "{path} answers a foreign Host with {status}");
        assert!(
            text.contains("evil.example") || text.to_lowercase().contains("host"),
            "{path} does not say why: {text}"
        );
    }
    let path = "/api/cameras/demo/live?v=1";
    let refused = Viewer::try_open(&program, path, &[("Host", "evil.example")]).await.err();
    assert!(
        refused.is_some_and(|status| (400..500).contains(&status)),
        "the WebSocket answers a foreign Host: {refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_origin_is_refused_everywhere() {
    let program = Program::start_demo().await;
    for path in ROUTES.iter().filter(|path| path.starts_with("/api")) {
        for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost.evil.example"] {
            let response = program.request(Method::GET, path).header("Origin", origin).send().await.expect("answers");
            assert!(response.status().is_client_error(), "{path} answers Origin {origin} with {}", response.status());
        }
    }
    let add = program.request(Method::POST, "/api/cameras").header("Origin", "http://evil.example");
    let response = add.json(&json!({ "url": "rtsp://192.0.2.1/" })).send().await.expect("answers");
    assert!(response.status().is_client_error(), "another page may add a camera: {}", response.status());
    let path = "/api/cameras/demo/live?v=1";
    let refused = Viewer::try_open(&program, path, &[("Origin", "http://evil.example")]).await.err();
    assert!(refused.is_some_and(|status| (400..500).contains(&status)), "another page may watch: {refused:?}");
    let own = format!("http://{}", program.address);
    assert!(Viewer::try_open(&program, path, &[("Origin", &own)]).await.is_ok(), "its own page may not watch");
}

/// A simple form post of another page has no Origin in old browsers, but never JSON as its type.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_form_cannot_add_a_camera() {
    let program = Program::start().await;
    let body = r#"{"url":"rtsp://192.0.2.1/"}"#;
    let request = program.request(Method::POST, "/api/cameras").header("Content-Type", "text/plain").body(body);
    let response = request.send().await.expect("answers");
    assert!(response.status().is_client_error(), "{}", response.status());
    assert_eq!(program.get_json("/api/cameras").await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listening_beyond_loopback_needs_a_password() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let data = TempDir::new().expect("a temporary folder");
        let options = Options { arguments: vec!["--listen".into(), address.into()], ..Options::default() };
        let mut process = Running::start(command(data.path(), &options));
        let status = process.wait(Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(100));
        let said = process.output.text();
        assert_eq!(status.code(), Some(1), "{address}: {said}");
        assert!(said.contains("password") && said.contains("sightline password"), "{address}: {said}");
        assert!(!said.contains("listening on"), "{address}: {said}");
    }
}

/// `sightline password` reads from standard input where there is no terminal; then the whole network may be listened to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_sets_the_password_and_opens_the_way() {
    let data = TempDir::new().expect("a temporary folder");
    let mut set = Command::new(binary());
    set.args(["password", "--data"])
        .arg(data.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = set.spawn().expect("starts");
    child.stdin.take().expect("piped").write_all(b"correct horse battery\n").expect("it reads");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let options = Options { arguments: vec!["--listen".into(), "0.0.0.0:0".into()], ..Options::default() };
    let mut program = Program::start_in(data, options).await;
    let port = program.address.rsplit(':').next().expect("a port").to_owned();
    program.address = format!("127.0.0.1:{port}");
    assert_eq!(program.get("/api/cameras").await.status(), 401);
    let (status, answer) =
        program.send(Method::POST, "/api/login", &json!({ "password": "correct horse battery" })).await;
    assert!((200..300).contains(&status), "{status} {answer}");
    assert!(program.get("/api/cameras").await.status().is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemes_that_are_not_listed_are_refused_with_words() {
    let program = Program::start().await;
    let addresses = [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/a.mp4",
        "concat:/etc/passwd",
        "pipe:0",
        "data:text/plain,x",
        "demo:",
        "javascript:alert(1)",
        "",
        "not an address",
        "rtsp://",
        "rtsp:///path",
    ];
    for url in addresses {
        let (status, answer) = program.send(Method::POST, "/api/cameras", &json!({ "url": url })).await;
        assert!((400..500).contains(&status), "{url}: {status} {answer}");
        let error = &answer["error"];
        assert_eq!(error["field"], "url", "{url}: {answer}");
        assert!(error["message"].as_str().is_some_and(|words| words.len() > 20), "{url}: {answer}");
    }
    let (_, answer) = program.send(Method::POST, "/api/cameras", &json!({ "url": "gopher://127.0.0.1/" })).await;
    assert!(
        answer["error"]["message"].as_str().is_some_and(|words| words.contains("rtsp")),
        "allowed ones are not named: {answer}"
    );
    assert_eq!(program.get_json("/api/cameras").await, json!([]), "a refused camera was added");
}

/// Once a password is set it is asked for everywhere, loopback included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_password_is_set_it_is_asked_for_everywhere() {
    let program = Program::start_demo().await;
    assert_eq!(program.get_json("/api/session").await["principal"], "local");
    let (status, answer) =
        program.send(Method::POST, "/api/password", &json!({ "new": "correct horse battery" })).await;
    assert!((200..300).contains(&status), "{status} {answer}");
    let stranger = reqwest::Client::builder().no_proxy().build().expect("a client");
    for path in
        ROUTES.iter().filter(|path| path.starts_with("/api/c") || path.starts_with("/api/t") || path.starts_with("/m"))
    {
        let response = stranger.get(program.url(path)).send().await.expect("answers");
        assert_eq!(response.status(), 401, "{path}");
    }
    assert!(stranger.get(program.url("/api/health")).send().await.expect("answers").status().is_success());
    assert_eq!(Viewer::try_open(&program, "/api/cameras/demo/live?v=1", &[]).await.err(), Some(401));
    let login = |password: &str| stranger.post(program.url("/api/login")).json(&json!({ "password": password })).send();
    assert_eq!(login("wrong").await.expect("answers").status(), 401);
    let response = login("correct horse battery").await.expect("answers");
    assert!(response.status().is_success(), "{}", response.status());
    let cookie = response.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().expect("a cookie");
    let response = stranger.get(program.url("/api/cameras")).header("Cookie", session).send().await.expect("answers");
    assert!(response.status().is_success(), "{}", response.status());
    assert!(Viewer::try_open(&program, "/api/cameras/demo/live?v=1", &[("Cookie", session)]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_for_programs_and_can_be_taken_back() {
    let program = Program::start().await;
    program.send(Method::POST, "/api/password", &json!({ "new": "correct horse battery" })).await;
    program.send(Method::POST, "/api/login", &json!({ "password": "correct horse battery" })).await;
    let (status, made) = program.send(Method::POST, "/api/tokens", &json!({ "name": "script" })).await;
    assert!((200..300).contains(&status), "{status} {made}");
    let token = made["token"].as_str().unwrap_or_else(|| panic!("no token in {made}")).to_owned();
    let plain = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = || plain.get(program.url("/api/cameras")).bearer_auth(&token).send();
    assert!(ask().await.expect("answers").status().is_success());
    let listed = program.get_json("/api/tokens").await;
    assert!(!listed.to_string().contains(&token), "the list shows the token: {listed}");
    let id = listed[0]["id"].as_str().map_or_else(|| listed[0]["id"].to_string(), str::to_owned);
    let response = program.request(Method::DELETE, &format!("/api/tokens/{id}")).send().await.expect("answers");
    assert!(response.status().is_success(), "{}", response.status());
    assert_eq!(ask().await.expect("answers").status(), 401);
}

/// Guessing gets slower, and the right password still gets in afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_slowed_down() {
    let program = Program::start().await;
    program.send(Method::POST, "/api/password", &json!({ "new": "correct horse battery" })).await;
    let plain = reqwest::Client::builder().no_proxy().build().expect("a client");
    let guess = |word: String| plain.post(program.url("/api/login")).json(&json!({ "password": word })).send();
    let start = std::time::Instant::now();
    let mut slowed = false;
    for n in 0..12 {
        slowed |= guess(format!("guess {n}")).await.expect("answers").status() == 429;
    }
    assert!(slowed || start.elapsed() > Duration::from_secs(3), "12 guesses in {:?}", start.elapsed());
}

/// A camera's password stands nowhere but in secrets.toml, which is the owner's alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cameras_password_is_seen_nowhere() {
    let secret = "Gehe1m-W0rt";
    let server = RealCamera::protected("digest", "admin", secret, &["cam=test"]);
    let options = Options { environment: vec![("RUST_LOG".into(), "debug".into())], ..Options::default() };
    let program = Program::start_with(options).await;
    program.add("cam", &server.url("cam")).await;
    program.add("dead", &format!("rtsp://admin:{secret}@127.0.0.1:1/stream")).await;
    program.wait_live("cam").await;
    program.wait_failed("dead").await;
    let (status, refused) = program
        .send(Method::POST, "/api/cameras", &json!({ "url": format!("gopher://admin:{secret}@127.0.0.1/") }))
        .await;
    assert!(status >= 400 && !refused.to_string().contains(secret), "{refused}");
    for path in
        ["/api/cameras", "/api/cameras/cam", "/api/cameras/dead", "/api/system", "/api/timings?camera=cam", "/metrics"]
    {
        let text = program.get(path).await.text().await.unwrap_or_default();
        assert!(!text.contains(secret), "{path} shows the password");
    }
    let mut viewer = Viewer::open(&program, "cam").await;
    for _ in 0..20 {
        assert!(!format!("{:?}", viewer.expect().await).contains(secret), "the live stream shows the password");
    }
    let (data, output) = program.stop();
    assert!(!output.text().contains(secret), "the log shows the password:\n{}", output.text());
    let settings = std::fs::read_to_string(data.path().join("sightline.toml")).expect("written");
    assert!(settings.contains("cam") && !settings.contains(secret), "{settings}");
    let secrets = data.path().join("secrets.toml");
    assert!(std::fs::read_to_string(&secrets).expect("written").contains(secret), "the password is not kept");
    let mode = std::fs::metadata(&secrets).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Connections that dawdle over a request's head, or never send one, are given up; whoever asks properly is answered meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_ends_is_given_up() {
    let program = Program::start().await;
    let mut dawdlers = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(&program.address).await.expect("it listens");
        stream.write_all(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-").await.expect("sent");
        dawdlers.push(stream);
    }
    assert!(program.get("/api/health").await.status().is_success());
    for mut stream in dawdlers {
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "a connection without a request is held for ever");
    }
}
