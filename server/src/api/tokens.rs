//! Bearer tokens for programs.

use super::error::Problem;
use super::json::Body;
use super::session::new_secret;
use super::{App, blocking, rfc3339};
use crate::store::{MAX_TOKENS, TokenRow, secret_hash};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sightline_shared::api::{NewToken, Token};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove))
}

fn told(row: TokenRow, token: Option<String>) -> Token {
    let TokenRow { id, name, created_s, used_s } = row;
    Token { id, name, created_at: rfc3339(created_s), used_at: used_s.map(rfc3339), token }
}

/// Bearer tokens for programs, without their secrets.
#[utoipa::path(get, path = "/api/tokens", tag = "access", operation_id = "list_tokens", responses((status = 200, body = Vec<Token>)))]
async fn list(State(app): State<App>) -> Result<Json<Vec<Token>>, Problem> {
    Ok(Json(app.store.db().tokens()?.into_iter().map(|row| told(row, None)).collect()))
}

/// Makes a token; its secret is told this once.
#[utoipa::path(post, path = "/api/tokens", tag = "access", operation_id = "add_token", request_body = NewToken, responses((status = 201, body = Token)))]
async fn add(State(app): State<App>, Body(new): Body<NewToken>) -> Result<(StatusCode, Json<Token>), Problem> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        let message = "A token's name has 1 to 100 characters.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_name", message).field("name"));
    }
    // The prefix lets people and secret scanners recognise one.
    let secret = format!("sightline_{}", new_secret());
    let hash = secret_hash(&secret);
    let (store, now) = (app.store.clone(), app.clock.utc());
    let row = blocking(move || store.db().add_token(&name, &hash, now)).await??.ok_or_else(|| {
        let message = format!("There are {MAX_TOKENS} tokens already. Delete one that is not used.");
        Problem::new(StatusCode::CONFLICT, "too_many", message)
    })?;
    Ok((StatusCode::CREATED, Json(told(row, Some(secret)))))
}

/// Ends a token.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "access", operation_id = "remove_token", params(("id" = String, Path)), responses((status = 204)))]
async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let store = app.store.clone();
    if blocking(move || store.db().delete_token(&id)).await?? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("There is no such token."))
    }
}
