//! `GET /api/openapi.json`: the API's description, made from the very handlers that the router is made of. A route that is
//! served is a route that is told; what all routes have in common (errors, who may ask) is added here once.

use super::{App, VERSION};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sightline_shared::api::ErrorBody;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const ABOUT: &str = "Cameras, what is seen in them, and what is kept of them. While no password is set, whoever asks from the \
    server's own machine may do everything; once one is set, log in (a cookie) or send a bearer token. Times are RFC 3339 in \
    UTC, durations carry their unit in the name, bitrates are bits per second.";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "system", responses((status = 200, body = serde_json::Value)))]
async fn openapi(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi.clone()).into_response()
}

/// An empty description to collect routes in.
pub(super) fn begin() -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let info = InfoBuilder::new().title("Sightline").version(VERSION).description(Some(ABOUT)).license(Some(license));
    OpenApiBuilder::new().info(info).build()
}

/// Adds to every operation of `open` routes what they share, and to those of the others that they need a login.
pub(super) fn finish(mut document: OpenApi, open: &OpenApi) -> String {
    let components = document.components.get_or_insert_default();
    components.schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    let mut nested = Vec::new();
    <ErrorBody as ToSchema>::schemas(&mut nested);
    components.schemas.extend(nested);
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(super::principal::COOKIE, "Given by POST /api/login."));
    components.security_schemes.insert("session".into(), SecurityScheme::ApiKey(cookie).into());
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Made by POST /api/tokens.")).build();
    components.security_schemes.insert("token".into(), SecurityScheme::Http(bearer).into());
    for (path, item) in &mut document.paths.paths {
        let anybody = open.paths.paths.contains_key(path);
        for operation in operations(item) {
            let content = Content::new(Some(Ref::from_schema_name(ErrorBody::name())));
            let refusal = ResponseBuilder::new()
                .description("What was wrong and what to do.")
                .content("application/json", content)
                .build();
            operation.responses.responses.entry("default".into()).or_insert_with(|| refusal.into());
            if !anybody {
                let schemes = ["session", "token"].map(|name| SecurityRequirement::new(name, [""; 0]));
                operation.security = Some(schemes.to_vec());
            }
        }
    }
    document.to_json().expect("a description has string keys and no failing serializers")
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}
