//! Requests to the server's JSON API.

use serde::{Serialize, de::DeserializeOwned};
use sightline_shared::api::{CameraPatch, ErrorBody, Login, NewCamera, NewPassword, Session};
use sightline_shared::camera::Camera;
use sightline_shared::encoder::EncoderChanged;
use sightline_shared::models::Model;
use sightline_shared::probe::{NewProbe, Probe};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

/// Why a request gave nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// HTTP status; 0 where the server did not answer.
    pub(crate) status: u16,
    /// The word for programs, where the server sent one.
    pub(crate) code: String,
    /// Sentences for people.
    pub(crate) message: String,
    /// The field it is about.
    pub(crate) field: Option<String>,
}

impl Failure {
    fn silent() -> Self {
        let message =
            "The server does not answer. Is Sightline still running, and is this device still in its network?".into();
        Self { status: 0, code: "no_answer".into(), message, field: None }
    }

    fn of(status: u16, body: &str) -> Self {
        match serde_json::from_str::<ErrorBody>(body) {
            Ok(ErrorBody { error }) => Self { status, code: error.code, message: error.message, field: error.field },
            Err(_) => {
                let message = format!("The server answered with status {status} and no reason.");
                Self { status, code: String::new(), message, field: None }
            }
        }
    }
}

/// One segment of a path, percent-encoded.
pub(crate) fn encode(segment: &str) -> String {
    js_sys::encode_uri_component(segment).into()
}

async fn send(
    method: &str,
    path: &str,
    body: Option<String>,
    revision: Option<&str>,
) -> Result<(String, Option<String>), Failure> {
    send_with(RequestInit::new(), method, path, body, revision).await
}

async fn send_with(
    options: RequestInit,
    method: &str,
    path: &str,
    body: Option<String>,
    revision: Option<&str>,
) -> Result<(String, Option<String>), Failure> {
    let body = body.map(|body| (JsValue::from_str(&body), "application/json"));
    exchange(options, method, path, body, revision).await
}

/// One request with a body of any kind.
async fn exchange(
    options: RequestInit,
    method: &str,
    path: &str,
    body: Option<(JsValue, &str)>,
    revision: Option<&str>,
) -> Result<(String, Option<String>), Failure> {
    options.set_method(method);
    let headers = Headers::new().map_err(|_| Failure::silent())?;
    let mut wanted = vec![("accept", "application/json")];
    if let Some((body, kind)) = &body {
        options.set_body(body);
        wanted.push(("content-type", *kind));
    }
    if let Some(revision) = revision {
        wanted.push(("if-match", revision));
    }
    for (name, value) in wanted {
        headers.set(name, value).map_err(|_| Failure::silent())?;
    }
    options.set_headers(&headers);
    let window = web_sys::window().ok_or_else(Failure::silent)?;
    let answer = JsFuture::from(window.fetch_with_str_and_init(path, &options)).await.map_err(|_| Failure::silent())?;
    let answer: Response = answer.unchecked_into();
    let text = match answer.text() {
        Ok(promise) => JsFuture::from(promise).await.ok().and_then(|text| text.as_string()).unwrap_or_default(),
        Err(_) => String::new(),
    };
    if answer.ok() {
        Ok((text, answer.headers().get("etag").ok().flatten()))
    } else {
        Err(Failure::of(answer.status(), &text))
    }
}

async fn json<T: DeserializeOwned>(
    method: &str,
    path: &str,
    body: Option<String>,
    revision: Option<&str>,
) -> Result<T, Failure> {
    let (text, _) = send(method, path, body, revision).await?;
    read(&text)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure {
        status: 200,
        code: "unreadable".into(),
        message: format!(
            "The server's answer could not be read ({error}). Reload the page: it may be of another version."
        ),
        field: None,
    })
}

fn body(value: &impl Serialize) -> Option<String> {
    // Fails only for maps with keys that are no strings, which none of the bodies has.
    serde_json::to_string(value).ok()
}

pub(crate) fn camera_path(id: &str) -> String {
    format!("/api/cameras/{}", encode(id))
}

/// Where a clip lies.
pub(crate) fn clip_path(id: &str) -> String {
    format!("/api/clips/{}", encode(id))
}

/// Who is asking.
pub(crate) async fn session() -> Result<Session, Failure> {
    json("GET", "/api/session", None, None).await
}

/// Logs in.
pub(crate) async fn login(password: String) -> Result<(), Failure> {
    send("POST", "/api/login", body(&Login { password }), None).await.map(|_| ())
}

/// Logs out.
pub(crate) async fn logout() -> Result<(), Failure> {
    send("POST", "/api/logout", None, None).await.map(|_| ())
}

/// Sets or changes the password.
pub(crate) async fn set_password(new: NewPassword) -> Result<(), Failure> {
    send("POST", "/api/password", body(&new), None).await.map(|_| ())
}

/// All cameras, in the order of the wall.
pub(crate) async fn cameras() -> Result<Vec<Camera>, Failure> {
    json("GET", "/api/cameras", None, None).await
}

/// One camera.
pub(crate) async fn camera(id: &str) -> Result<Camera, Failure> {
    json("GET", &camera_path(id), None, None).await
}

/// One camera with the revision of its settings, to be given back with a change.
pub(crate) async fn camera_revision(id: &str) -> Result<(Camera, Option<String>), Failure> {
    let (text, revision) = send("GET", &camera_path(id), None, None).await?;
    let camera = serde_json::from_str(&text).map_err(|_| Failure::of(200, ""))?;
    Ok((camera, revision))
}

/// Adds a camera; answered before anything is connected.
pub(crate) async fn add_camera(new: &NewCamera) -> Result<Camera, Failure> {
    json("POST", "/api/cameras", body(new), None).await
}

/// Looks at a stream; `abort` lets go of it.
pub(crate) async fn probe(new: &NewProbe, abort: &AbortSignal) -> Result<Probe, Failure> {
    let options = RequestInit::new();
    options.set_signal(Some(abort));
    let (text, _) = send_with(options, "POST", "/api/probe", body(new), None).await?;
    read(&text)
}

/// Changes a camera.
pub(crate) async fn patch_camera(id: &str, patch: &CameraPatch, revision: Option<&str>) -> Result<Camera, Failure> {
    json("PATCH", &camera_path(id), body(patch), revision).await
}

/// Changes the encoder of a camera's rendition `main` by a merge patch.
pub(crate) async fn patch_encoder(id: &str, patch: &serde_json::Value) -> Result<EncoderChanged, Failure> {
    json("PATCH", &format!("{}/encoder", camera_path(id)), body(patch), None).await
}

/// Asks for a key frame of `main` now.
pub(crate) async fn key_frame(id: &str) -> Result<(), Failure> {
    send("POST", &format!("{}/keyframe", camera_path(id)), None, None).await.map(|_| ())
}

/// Adds a model from a file.
pub(crate) async fn add_model(name: &str, file: &web_sys::File) -> Result<Model, Failure> {
    let path = format!("/api/models?name={}", encode(name));
    let body = Some((JsValue::from(file.clone()), "application/octet-stream"));
    let (text, _) = exchange(RequestInit::new(), "POST", &path, body, None).await?;
    read(&text)
}

/// Gives the person a file to save.
pub(crate) fn save_file(name: &str, kind: &str, text: &str) {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    let document = web_sys::window().and_then(|window| window.document());
    let link = document.and_then(|document| document.create_element("a").ok());
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser has taken the bytes when the click is done.
    let _ = web_sys::Url::revoke_object_url(&url);
}

/// Any JSON answer, for pages that show what is there.
pub(crate) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    json("GET", path, None, None).await
}

/// Any JSON answer to a JSON body.
pub(crate) async fn post<T: DeserializeOwned>(path: &str, value: &impl Serialize) -> Result<T, Failure> {
    json("POST", path, body(value), None).await
}

/// Any JSON answer to a change.
pub(crate) async fn patch<T: DeserializeOwned>(path: &str, value: &impl Serialize) -> Result<T, Failure> {
    json("PATCH", path, body(value), None).await
}

/// Deletes what lies at a path.
pub(crate) async fn delete(path: &str) -> Result<(), Failure> {
    send("DELETE", path, None, None).await.map(|_| ())
}
