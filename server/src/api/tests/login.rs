//! Passwords, sessions and tokens.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn login(home: &Home, password: &str, remote: &str) -> Answer {
    home.post("/api/login", &format!("{{\"password\": \"{password}\"}}")).from(remote).send().await
}

#[tokio::test]
async fn a_password_is_set_then_asked_for_everywhere() {
    let home = Home::new();
    assert_eq!(login(&home, "x", "127.0.0.1:1").await.code(), "password_not_set");
    for weak in ["", "1234567"] {
        let answer = home.post("/api/password", &format!("{{\"new\": \"{weak}\"}}")).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "weak_password"));
        assert_eq!(answer.json()["error"]["field"], "new");
    }
    let set = home.post("/api/password", "{\"new\": \"correct horse\"}").send().await;
    assert_eq!(set.json()["principal"], "user");
    let cookie = set.header(header::SET_COOKIE);
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert_eq!(home.get("/api/session").send().await.json()["principal"], "anonymous");
    assert_eq!(home.get("/api/cameras").send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(home.get("/api/cameras").cookie(&set.cookie()).send().await.status, StatusCode::OK);
    let both = format!("other=1; {}; more=2", set.cookie());
    assert_eq!(home.get("/api/cameras").cookie(&both).send().await.status, StatusCode::OK);
    assert_eq!(login(&home, "wrong", "127.0.0.1:1").await.code(), "wrong_password");
    // Once a password is set, other machines may log in.
    let remote = login(&home, "correct horse", "192.168.1.20:5000").await;
    assert_eq!(remote.status, StatusCode::OK);
    let used = home.get("/api/cameras").cookie(&remote.cookie()).from("192.168.1.20:5001").send().await;
    assert_eq!(used.status, StatusCode::OK);
    let out = home.post("/api/logout", "{}").cookie(&remote.cookie()).send().await;
    assert!(out.header(header::SET_COOKIE).contains("Max-Age=0"));
    assert_eq!(home.get("/api/cameras").cookie(&remote.cookie()).send().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure() {
    let home = Home::new();
    home.set_password("correct horse").await;
    let answer = home
        .post("/api/login", "{\"password\": \"correct horse\"}")
        .header("host", "by.option")
        .header("origin", "https://by.option")
        .send()
        .await;
    assert!(answer.header(header::SET_COOKIE).contains("; Secure"), "{}", answer.text);
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let home = Home::new();
    let first = home.set_password("correct horse").await;
    let second = login(&home, "correct horse", "127.0.0.1:1").await.cookie();
    let change = |body: &str| home.post("/api/password", body).cookie(&first);
    assert_eq!(change("{\"new\": \"battery staple\"}").send().await.code(), "wrong_password");
    let wrong = change("{\"current\": \"nonsense\", \"new\": \"battery staple\"}").send().await;
    assert_eq!((wrong.status, &wrong.json()["error"]["field"]), (StatusCode::FORBIDDEN, &"current".into()));
    let changed = change("{\"current\": \"correct horse\", \"new\": \"battery staple\"}").send().await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    for (cookie, status) in
        [(&first, StatusCode::UNAUTHORIZED), (&second, StatusCode::UNAUTHORIZED), (&changed.cookie(), StatusCode::OK)]
    {
        assert_eq!(home.get("/api/cameras").cookie(cookie).send().await.status, status);
    }
    assert_eq!(login(&home, "correct horse", "127.0.0.1:1").await.code(), "wrong_password");
    assert_eq!(login(&home, "battery staple", "127.0.0.1:1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn guessing_is_slowed_and_never_locked_out() {
    let home = Home::new();
    home.set_password("correct horse").await;
    for _ in 0..4 {
        assert_eq!(login(&home, "wrong", "10.0.0.9:1").await.code(), "wrong_password");
    }
    let slow = login(&home, "correct horse", "10.0.0.9:2").await;
    assert_eq!((slow.status, slow.header(header::RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(slow.code(), "slow_down");
    assert_eq!(login(&home, "correct horse", "10.0.0.8:1").await.status, StatusCode::OK);
    home.clock.advance(Duration::from_secs(1));
    assert_eq!(login(&home, "correct horse", "10.0.0.9:3").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_slides_for_thirty_days() {
    let home = Home::new();
    let cookie = home.set_password("correct horse").await;
    let ask = || home.get("/api/cameras").cookie(&cookie).send();
    assert_eq!(ask().await.header(header::SET_COOKIE), "");
    home.clock.advance(29 * DAY);
    assert!(ask().await.header(header::SET_COOKIE).starts_with(&cookie), "the browser keeps it longer, too");
    home.clock.advance(29 * DAY);
    assert_eq!(ask().await.status, StatusCode::OK);
    home.clock.advance(30 * DAY);
    assert_eq!(ask().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn programs_use_tokens() {
    let home = Home::new();
    let cookie = home.set_password("correct horse").await;
    let made = home.post("/api/tokens", "{\"name\": \"prometheus\"}").cookie(&cookie).send().await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (id, token) = (made.json()["id"].clone(), made.json()["token"].as_str().expect("told once").to_owned());
    let metrics = home.get("/metrics").bearer(&token).from("10.0.0.3:1").send().await;
    assert!(metrics.text.contains("sightline_build_info{version="), "{}", metrics.text);
    let list = home.get("/api/tokens").bearer(&token).send().await;
    assert_eq!((&list.json()[0]["name"], &list.json()[0]["id"]), (&"prometheus".into(), &id));
    assert!(!list.text.contains(&token) && list.json()[0]["used_at"].is_string(), "{}", list.text);
    let gone = home.ask(Method::DELETE, &format!("/api/tokens/{}", id.as_str().expect("text"))).cookie(&cookie);
    assert_eq!(gone.send().await.status, StatusCode::NO_CONTENT);
    assert_eq!(home.get("/metrics").bearer(&token).send().await.code(), "bad_token");
    assert_eq!(home.post("/api/tokens", "{\"name\": \" \"}").cookie(&cookie).send().await.code(), "bad_name");
}

#[tokio::test]
async fn secrets_are_not_in_the_database() {
    let home = Home::new();
    let cookie = home.set_password("correct horse").await;
    let made = home.post("/api/tokens", "{\"name\": \"t\"}").cookie(&cookie).send().await.json();
    let token = made["token"].as_str().expect("told once").to_owned();
    let secret = cookie.split_once('=').expect("a cookie").1.to_owned();
    for file in std::fs::read_dir(home.dir.path().join("data")).expect("a folder").flatten() {
        let Ok(bytes) = std::fs::read(file.path()) else { continue };
        for secret in [&token, &secret, "correct horse"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{:?}", file.path());
        }
    }
}
