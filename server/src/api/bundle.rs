//! The dashboard's files, embedded in the program (read from the disk in debug builds).

use super::error::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Bundle;

/// What is shown where the dashboard was not built.
const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>Sightline</title>\
    <h1>Sightline runs, without its dashboard</h1>\
    <p>This program was built before the dashboard. Run <code>make build</code> (or <code>make run</code>) in the source folder.\
    <p>The API works: <a href=/api/health>/api/health</a>.";

/// Answers everything that is not the API: a file, or the application for any of its own addresses.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path() == "/api" || uri.path().starts_with("/api/") {
        return Problem::not_found(format!("There is no {}.", uri.path())).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "Only GET works here.").into_response();
    }
    respond(uri.path(), &headers, &|path| Bundle::get(path))
}

fn respond(path: &str, headers: &HeaderMap, get: &dyn Fn(&str) -> Option<EmbeddedFile>) -> Response {
    let name = path.trim_start_matches('/');
    if let Some(file) = get(name).filter(|_| !name.is_empty()) {
        return answer(name, file, headers);
    }
    // Addresses of the application have no dot; a file that is not there is no page.
    if name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return Problem::not_found(format!("There is no {path}.")).into_response();
    }
    match get("index.html") {
        Some(file) => answer("index.html", file, headers),
        None => Html(NOT_BUILT).into_response(),
    }
}

fn answer(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{hash}\"");
    let cache = if has_hash(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = file.metadata.mimetype().to_owned();
        ([(header::CONTENT_TYPE, with_charset(kind))], Body::from(file.data.into_owned())).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    response
}

fn with_charset(kind: String) -> String {
    if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind }
}

/// Trunk names files `name-<hash>.ext` and `name-<hash>_bg.wasm`: another content has another name.
fn has_hash(name: &str) -> bool {
    let hex = |part: &str| part.len() >= 12 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let stem = name.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    stem.rsplit_once('-').is_some_and(|(_, hash)| hex(hash.trim_end_matches("_bg")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn file(path: &str) -> Option<EmbeddedFile> {
        let known = ["index.html", "sightline-0123456789abcdef_bg.wasm", "start.js"].contains(&path);
        let mime = if path.ends_with("html") { "text/html" } else { "application/wasm" };
        known.then(|| EmbeddedFile {
            data: Cow::Owned(path.as_bytes().to_vec()),
            metadata: rust_embed::Metadata::__rust_embed_new([7; 32], None, None, mime),
        })
    }

    #[test]
    fn files_are_cached_by_name_and_pages_fall_back() {
        let ask = |path: &str, etag: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(etag) = etag {
                headers.insert(header::IF_NONE_MATCH, etag.parse().expect("a value"));
            }
            respond(path, &headers, &file)
        };
        let header = |response: &Response, name| {
            response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
        };
        let wasm = ask("/sightline-0123456789abcdef_bg.wasm", None);
        assert!(header(&wasm, header::CACHE_CONTROL).contains("immutable"));
        for path in ["/", "/cameras/yard", "/login", "/index.html"] {
            let page = ask(path, None);
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&page, header::CONTENT_TYPE), "text/html; charset=utf-8");
            assert_eq!(header(&page, header::CACHE_CONTROL), "no-cache");
            let etag = header(&page, header::ETAG);
            assert_eq!(ask(path, Some(&etag)).status(), StatusCode::NOT_MODIFIED);
            assert_eq!(ask(path, Some("\"x\"")).status(), StatusCode::OK);
        }
        assert_eq!(ask("/gone-0123456789abcdef.js", None).status(), StatusCode::NOT_FOUND);
        let empty = respond("/", &HeaderMap::new(), &|_| None);
        assert_eq!(empty.status(), StatusCode::OK);
    }
}
