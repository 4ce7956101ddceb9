//! Who asks: every request has a principal, and all but a few routes want one that is not anonymous.

use super::App;
use super::error::Problem;
use super::trust::{Peer, check};
use crate::store::{SESSION_S, SecretHash, SessionState, secret_hash};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The session's cookie.
pub(super) const COOKIE: &str = "sightline_session";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// Nobody known.
    Anonymous,
    /// Somebody at this machine, while no password is set: all rights.
    Local,
    /// A logged-in browser.
    Session(SecretHash),
    /// A program.
    Token {
        /// Of the token.
        hash: SecretHash,
    },
}

impl Principal {
    /// The word of `GET /api/session`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Local => "local",
            Self::Session(_) | Self::Token { .. } => "user",
        }
    }
}

/// Checks where the request comes from, then finds out who asks and notes it in the request.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // Without knowledge of the connection nothing is trusted; only a mistake in this program leads here.
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>().copied() else {
        return Problem::internal("a request without its connection").into_response();
    };
    let server = app.store.snapshot_server();
    let allowed = [&server.allowed_hosts[..], &app.allow_hosts[..]];
    if let Err(refusal) = check(request.method(), request.uri(), request.headers(), peer, &allowed) {
        return Problem::new(StatusCode::FORBIDDEN, refusal.code(), refusal.to_string()).into_response();
    }
    let (principal, touched) = match find(&app, request.headers(), peer) {
        Ok(found) => found,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(principal);
    request.extensions_mut().insert(peer);
    let cookie = touched.then(|| session_secret(request.headers()).map(|secret| cookie(secret, request.headers())));
    let mut response = next.run(request).await;
    if let Some(Some(cookie)) = cookie
        && !response.headers().contains_key(header::SET_COOKIE)
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Lets through whoever is known.
pub(super) async fn require(request: Request, next: Next) -> Response {
    match request.extensions().get::<Principal>() {
        Some(Principal::Local | Principal::Session(_) | Principal::Token { .. }) => next.run(request).await,
        Some(Principal::Anonymous) | None => {
            Problem::new(StatusCode::UNAUTHORIZED, "login_required", "Log in first.").into_response()
        }
    }
}

/// The principal, and whether its session was moved on just now.
fn find(app: &App, headers: &HeaderMap, peer: Peer) -> Result<(Principal, bool), Problem> {
    let now = app.clock.utc();
    if let Some(token) = bearer(headers) {
        let hash = secret_hash(token);
        return match app.store.db().token(&hash, now)? {
            Some(_) => Ok((Principal::Token { hash }, false)),
            None => {
                Err(Problem::new(StatusCode::UNAUTHORIZED, "bad_token", "This token is not known; make a new one."))
            }
        };
    }
    if app.store.db().password_hash()?.is_none() {
        return local(headers, peer).map(|()| (Principal::Local, false));
    }
    if let Some(secret) = session_secret(headers) {
        let hash = secret_hash(secret);
        if let SessionState::Valid { touched } = app.store.db().session(&hash, now)? {
            return Ok((Principal::Session(hash), touched));
        }
    }
    Ok((Principal::Anonymous, false))
}

/// While no password is set, only this machine is heard, and not what a proxy on it passes on from elsewhere.
fn local(headers: &HeaderMap, peer: Peer) -> Result<(), Problem> {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    if peer.is_loopback() && !forwarded {
        return Ok(());
    }
    let message = "No password is set, so Sightline answers this machine alone. Set one with `sightline password`, or in the \
                   dashboard opened on this machine.";
    Err(Problem::new(StatusCode::FORBIDDEN, "password_not_set", message))
}

/// Whether the principal may still do what it began: sessions end, tokens are deleted, a password is set.
pub(super) fn still_valid(app: &App, principal: &Principal) -> bool {
    let db = app.store.db();
    let now = app.clock.utc();
    let valid = match principal {
        Principal::Anonymous => Ok(false),
        Principal::Local => db.password_hash().map(|hash| hash.is_none()),
        Principal::Session(hash) => db.session(hash, now).map(|state| state != SessionState::Ended),
        Principal::Token { hash } => db.token(hash, now).map(|id| id.is_some()),
    };
    // A database that is busy for a moment ends nobody's picture.
    valid.unwrap_or(true)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn session_secret(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The cookie that carries `secret`; `Secure` where the page came over TLS (through a proxy).
pub(super) fn cookie(secret: &str, headers: &HeaderMap) -> HeaderValue {
    with_age(secret, SESSION_S, headers)
}

/// The cookie that ends a session in the browser.
pub(super) fn no_cookie(headers: &HeaderMap) -> HeaderValue {
    with_age("", 0, headers)
}

fn with_age(secret: &str, age_s: i64, headers: &HeaderMap) -> HeaderValue {
    let tls = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let secure = if tls { "; Secure" } else { "" };
    let text = format!("{COOKIE}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age_s}{secure}");
    // The secret is base64url or what a header could hold before.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
