//! Every error answer: a status, a word for programs, sentences for people, and never a password.

use crate::settings::mask::mask;
use crate::store::StoreError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sightline_shared::api::{ApiError, ErrorBody};
use std::time::Duration;

/// An error on its way out.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: ApiError,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, message: impl AsRef<str>) -> Self {
        let message = mask(message.as_ref()).into_owned();
        Self { status, error: ApiError { code: code.into(), message, field: None }, retry_after: None }
    }

    pub(super) fn field(mut self, field: &str) -> Self {
        self.error.field = Some(field.into());
        self
    }

    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(super) fn bad_request(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn not_found(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Something of ours failed: told to the log in full, to the caller in brief.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!("a request failed: {error}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed inside Sightline; its log says what.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.error })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Seconds, rounded up.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Mistakes { .. } => Self::new(StatusCode::CONFLICT, "settings_wrong", message),
            StoreError::Gone(_) => Self::new(StatusCode::CONFLICT, "settings_gone", message),
            StoreError::Secrets { .. } => Self::new(StatusCode::CONFLICT, "secrets_wrong", message),
            StoreError::Conflict => Self::new(StatusCode::PRECONDITION_FAILED, "conflict", message),
            StoreError::NoCamera(_) => Self::not_found(message),
            StoreError::Taken(_) => Self::new(StatusCode::CONFLICT, "exists", message).field("id"),
            StoreError::ReadOnly(_) => Self::new(StatusCode::CONFLICT, "read_only", message),
            StoreError::Demo => Self::new(StatusCode::CONFLICT, "not_editable", message),
            StoreError::Field { field, code, .. } => Self::new(StatusCode::BAD_REQUEST, code, message).field(field),
            StoreError::Locked(_)
            | StoreError::Io { .. }
            | StoreError::Database(_)
            | StoreError::NewerDatabase { .. } => Self::internal(message),
        }
    }
}
