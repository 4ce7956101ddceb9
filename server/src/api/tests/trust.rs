//! Who is heard, on every route.

use super::*;

/// Every route with its methods that wants somebody known.
const PROTECTED: [(Method, &str); 16] = [
    (Method::POST, "/api/logout"),
    (Method::POST, "/api/password"),
    (Method::GET, "/api/tokens"),
    (Method::POST, "/api/tokens"),
    (Method::DELETE, "/api/tokens/x"),
    (Method::GET, "/api/cameras"),
    (Method::POST, "/api/cameras"),
    (Method::GET, "/api/cameras/x"),
    (Method::PATCH, "/api/cameras/x"),
    (Method::DELETE, "/api/cameras/x"),
    (Method::GET, "/api/cameras/x/live"),
    (Method::GET, "/api/cameras/x/live.mp4"),
    (Method::GET, "/api/timings"),
    (Method::GET, "/api/system"),
    (Method::GET, "/metrics"),
    (Method::HEAD, "/api/cameras"),
];

const OPEN: [(Method, &str); 4] =
    [(Method::GET, "/api/health"), (Method::GET, "/api/session"), (Method::POST, "/api/login"), (Method::GET, "/")];

#[tokio::test]
async fn every_route_but_a_few_wants_somebody_known() {
    let home = Home::new();
    home.set_password("correct horse").await;
    for (method, path) in PROTECTED {
        let answer = home.ask(method.clone(), path).body("{}").send().await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
        if method != Method::HEAD {
            assert_eq!(answer.code(), "login_required", "{method} {path}");
        }
    }
    for (method, path) in OPEN {
        let answer = home.ask(method.clone(), path).body("{\"password\": \"wrong\"}").send().await;
        assert!(answer.status != StatusCode::UNAUTHORIZED || path == "/api/login", "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_on_every_route() {
    let home = Home::with_config("[server]\nallowed_hosts = [\"cameras.lan\"]\n");
    for (method, path) in PROTECTED.into_iter().chain(OPEN).filter(|(method, _)| *method != Method::HEAD) {
        let host = home.ask(method.clone(), path).header("host", "evil.example").send().await;
        assert_eq!((host.status, host.code().as_str()), (StatusCode::FORBIDDEN, "foreign_host"), "{method} {path}");
        assert!(host.text.contains("allowed_hosts") && host.text.contains("evil.example"), "{}", host.text);
        let origin = home.ask(method.clone(), path).header("origin", "http://evil.example").send().await;
        assert_eq!(
            (origin.status, origin.code().as_str()),
            (StatusCode::FORBIDDEN, "foreign_origin"),
            "{method} {path}"
        );
        let site = home.ask(method.clone(), path).header("sec-fetch-site", "cross-site").send().await;
        assert_eq!(site.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    for host in ["cameras.lan:8080", "by.option", "127.0.0.1:8080", "192.168.1.5:8080"] {
        let answer =
            home.get("/api/cameras").header("host", host).header("origin", &format!("http://{host}")).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{host}: {}", answer.text);
    }
}

#[tokio::test]
async fn without_a_password_only_this_machine_is_heard() {
    let home = Home::new();
    let session = home.get("/api/session").send().await.json();
    assert_eq!((&session["principal"], &session["password_set"]), (&"local".into(), &false.into()));
    let remote = home.get("/api/cameras").from("192.168.1.20:5000").send().await;
    assert_eq!((remote.status, remote.code().as_str()), (StatusCode::FORBIDDEN, "password_not_set"));
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let proxied = home.get("/api/cameras").header(name, "10.0.0.1").send().await;
        assert_eq!(proxied.code(), "password_not_set", "{name}");
    }
    let token = home.get("/api/cameras").bearer("nonsense").send().await;
    assert_eq!((token.status, token.code().as_str()), (StatusCode::UNAUTHORIZED, "bad_token"));
}

#[tokio::test]
async fn answers_carry_the_headers_that_keep_other_pages_out() {
    let home = Home::new();
    for path in ["/", "/cameras/yard", "/api/health", "/api/none", "/none.js"] {
        let answer = home.get(path).send().await;
        assert!(answer.header(header::CONTENT_SECURITY_POLICY).contains("frame-ancestors 'none'"), "{path}");
        assert!(!answer.header(header::CONTENT_SECURITY_POLICY).contains("script-src 'self' 'unsafe-inline'"));
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
    }
    let none = home.get("/api/none").send().await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    let method = home.ask(Method::PUT, "/api/cameras").send().await;
    assert_eq!((method.status, method.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "bad_request"));
    assert_eq!(home.ask(Method::POST, "/cameras").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
}
