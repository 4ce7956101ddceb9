//! Reads a JSON body; what is wrong with it is told without repeating any of its values, one of which may be a password.

use super::error::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

/// The largest body that is read.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// A JSON body of type `T`.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // Besides being right, this keeps plain HTML forms of other pages out.
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "bad_request",
                "Send the body as JSON, with Content-Type: application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            Problem::new(error.status(), "bad_request", format!("The body cannot be read: at most {MAX_BODY} bytes."))
        })?;
        // serde would take an array for a struct's fields in order.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::bad_request("The body does not fit: expected an object (line 1, column 1)."));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Problem::bad_request(describe(&error)))
    }
}

fn describe(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    if !error.is_data() {
        return format!("The body is not JSON ({place}).");
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let safe = ["missing field", "unknown field", "duplicate field"].iter().any(|start| text.starts_with(start));
    let told = if safe { text } else { text.rfind("expected ").map_or("a value does not fit", |at| &text[at..]) };
    format!("The body does not fit: {told} ({place}).")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::api::{Login, NewCamera};

    #[test]
    fn mistakes_are_told_without_their_values() {
        let login = |text: &str| describe(&serde_json::from_str::<Login>(text).expect_err(text));
        assert!(login("{\"password\": 12345678}").contains("expected a string"));
        assert!(!login("{\"password\": 12345678}").contains("12345678"));
        assert!(login("{}").contains("missing field `password`"));
        assert!(login("hunter2").contains("not JSON") && !login("hunter2").contains("hunter2"));
        let camera = |text: &str| describe(&serde_json::from_str::<NewCamera>(text).expect_err(text));
        assert!(camera("{\"transport\": \"hidden\"}").contains("expected one of `auto`, `tcp`, `udp`"));
        assert!(!camera("{\"transport\": \"hidden\"}").contains("hidden"));
        assert!(camera("{\"ulr\": \"x\"}").contains("unknown field `ulr`"));
    }
}
