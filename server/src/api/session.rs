//! Logging in and out, and setting the password.

use super::error::{Problem, whole_seconds};
use super::json::Body;
use super::principal::{Principal, cookie, no_cookie};
use super::trust::Peer;
use super::{App, VERSION, blocking, password};
use crate::store::secret_hash;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sightline_shared::api::{Health, Login, NewPassword, Session};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a login waits for its turn at the hashing.
const HASHING_TURN: Duration = Duration::from_secs(5);

/// Routes that anybody may ask.
pub(super) fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(session)).routes(routes!(login))
}

/// Routes for those who are known.
pub(super) fn protected() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(logout)).routes(routes!(set_password))
}

/// A fresh secret of 256 random bits.
pub(super) fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Whether the program runs.
#[utoipa::path(get, path = "/api/health", tag = "system", responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { version: VERSION.into(), state: "ok".into() })
}

/// Who is asking, and whether a login is needed.
#[utoipa::path(get, path = "/api/session", tag = "access", responses((status = 200, body = Session)))]
async fn session(State(app): State<App>, Extension(principal): Extension<Principal>) -> Result<Json<Session>, Problem> {
    Ok(Json(told(&app, &principal)?))
}

fn told(app: &App, principal: &Principal) -> Result<Session, Problem> {
    let password_set = app.store.db().password_hash()?.is_some();
    Ok(Session { principal: principal.name().into(), password_set, version: VERSION.into() })
}

/// Logs in; the answer sets the session's cookie.
#[utoipa::path(post, path = "/api/login", tag = "access", request_body = Login, responses((status = 200, body = Session)))]
async fn login(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<Response, Problem> {
    let Some(hash) = app.store.db().password_hash()? else {
        let message = "No password is set, so there is nothing to log in to.";
        return Err(Problem::new(StatusCode::CONFLICT, "password_not_set", message));
    };
    if !verify(&app, peer, login.password, hash).await? {
        tracing::warn!("a login from {} was refused: wrong password", peer.remote.ip());
        return Err(
            Problem::new(StatusCode::UNAUTHORIZED, "wrong_password", "The password is wrong.").field("password")
        );
    }
    begin(&app, &headers).await
}

/// Checks a password at the pace that [`super::slowdown`] allows.
async fn verify(app: &App, peer: Peer, given: String, hash: String) -> Result<bool, Problem> {
    app.slowdown.try_now(peer.remote.ip()).map_err(|wait| {
        let seconds = whole_seconds(wait);
        let message = format!("Too many wrong passwords. Try again in {seconds} s.");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", message).retry_after(wait)
    })?;
    let right = hashing(app, move || password::verify(&given, &hash)).await?;
    if right {
        app.slowdown.succeeded(peer.remote.ip());
    }
    Ok(right)
}

/// Runs `work`, which hashes, on a blocking thread, a few at a time: each takes 19 MiB and 20 ms of a core.
async fn hashing<T: Send + 'static>(app: &App, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let turn = tokio::time::timeout(HASHING_TURN, app.hashing.clone().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        let message = "Too many logins at once. Try again in a moment.";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
        return Err(problem.retry_after(Duration::from_secs(1)));
    };
    blocking(move || {
        let done = work();
        drop(turn);
        done
    })
    .await
}

/// Begins a session and answers with its cookie.
async fn begin(app: &App, headers: &HeaderMap) -> Result<Response, Problem> {
    let secret = new_secret();
    let hash = secret_hash(&secret);
    let (store, now) = (app.store.clone(), app.clock.utc());
    blocking(move || store.db().begin_session(&hash, now)).await??;
    let body = Json(told(app, &Principal::Session(hash))?);
    Ok(with_cookie(body, cookie(&secret, headers)))
}

fn with_cookie(body: Json<Session>, cookie: HeaderValue) -> Response {
    ([(header::SET_COOKIE, cookie)], body).into_response()
}

/// Ends the session of the cookie.
#[utoipa::path(post, path = "/api/logout", tag = "access", responses((status = 200, body = Session)))]
async fn logout(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = match principal {
        Principal::Session(hash) => {
            let store = app.store.clone();
            blocking(move || store.db().end_session(&hash)).await??;
            Principal::Anonymous
        }
        other => other,
    };
    Ok(with_cookie(Json(told(&app, &after)?), no_cookie(&headers)))
}

/// Sets or changes the password; every other session ends.
#[utoipa::path(post, path = "/api/password", tag = "access", request_body = NewPassword, responses((status = 200, body = Session)))]
async fn set_password(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Body(new): Body<NewPassword>,
) -> Result<Response, Problem> {
    if let Some(wrong) = password::check(&new.new) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "weak_password", wrong).field("new"));
    }
    let before = app.store.db().password_hash()?;
    if let Some(hash) = &before {
        let current = new.current.unwrap_or_default();
        if !verify(&app, peer, current, hash.clone()).await? {
            let message = "The present password is wrong. It is asked for so that nobody changes it behind your back.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "wrong_password", message).field("current"));
        }
    }
    let hashed = hashing(&app, move || password::hash(&new.new)).await?.map_err(Problem::internal)?;
    let (store, now) = (app.store.clone(), app.clock.utc());
    let set = blocking(move || store.db().set_password(&hashed, Some(before.as_deref()), now)).await??;
    if !set {
        let message = "The password was changed by somebody else in the meantime.";
        return Err(Problem::new(StatusCode::CONFLICT, "conflict", message));
    }
    tracing::info!("the password was set from {}; every other session has ended", peer.remote.ip());
    begin(&app, &headers).await
}
