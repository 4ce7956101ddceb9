//! Bodies of the HTTP API that both ends use.

use crate::camera::{DetectSettings, Role, Transport, VideoMode};
use crate::device::DecoderChoice;
use crate::encoder::EncoderSettings;
use crate::scene::{Mask, Zone};
use serde::{Deserialize, Serialize};

/// Every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The error.
    pub error: ApiError,
}

/// What was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// A word for programs, e.g. `bad_url`, `not_found`, `login_required`, `conflict`.
    pub code: String,
    /// Sentences for people.
    pub message: String,
    /// The field of the request it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
}

/// `GET /api/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Version of the program.
    pub version: String,
    /// `ok`.
    pub state: String,
}

/// `GET /api/session`: who is asking, and whether a login is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// `anonymous`, `local` (no password set, asked from this machine) or `user`.
    pub principal: String,
    /// Whether a password is set.
    pub password_set: bool,
    /// Version of the program.
    pub version: String,
}

/// `POST /api/login`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// The password.
    pub password: String,
}

/// `POST /api/password`: sets or changes the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPassword {
    /// The present one, where one is set.
    #[serde(default)]
    pub current: Option<String>,
    /// The new one.
    pub new: String,
}

/// One stream of a [`NewCamera`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewStream {
    /// Its address.
    pub url: String,
    /// What it is for.
    pub roles: Vec<Role>,
}

/// `POST /api/cameras`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NewCamera {
    /// The slug; made from the name if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name shown; made from the address if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address, e.g. `rtsp://user:password@10.0.0.7/stream1`.
    #[cfg_attr(feature = "openapi", schema(example = "rtsp://127.0.0.1:9/stream1"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Several streams instead of one `url`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<NewStream>,
    /// RTSP's transport.
    pub transport: Transport,
    /// How the picture reaches viewers.
    pub video: VideoMode,
    /// The device that it uses, by its number, or `auto`, which is the default.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(auto|[0-9]{1,2})$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What decodes it.
    pub decoder: DecoderChoice,
    /// The detector's settings.
    #[serde(deserialize_with = "crate::object::object")]
    pub detect: DetectSettings,
    /// What is asked of the encoder of `main`.
    #[serde(deserialize_with = "crate::object::object")]
    pub encoder: EncoderSettings,
    /// Zones and lines.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::object::objects")]
    pub zones: Vec<Zone>,
    /// Pieces of the picture that nobody is to see.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::object::objects")]
    pub masks: Vec<Mask>,
    /// Serve and keep `source`, which masks cannot cover, all the same.
    pub unmasked_source: bool,
}

/// `PATCH /api/cameras/{id}`: absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CameraPatch {
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New address. A masked password (`***`) keeps the one that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// New transport.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// New video mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoMode>,
    /// Another device, by its number, or `auto`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(auto|[0-9]{1,2})$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Another decoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoder: Option<DecoderChoice>,
    /// New detector settings, as a whole.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::object::optional")]
    pub detect: Option<DetectSettings>,
    /// New settings of the encoder of `main`, as a whole; `PATCH /api/cameras/{id}/encoder` changes some of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::object::optional")]
    pub encoder: Option<EncoderSettings>,
    /// On or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// New zones and lines, all of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::object::optional_objects")]
    pub zones: Option<Vec<Zone>>,
    /// New masks, all of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::object::optional_objects")]
    pub masks: Option<Vec<Mask>>,
    /// Whether `source` is served and kept although it has masks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmasked_source: Option<bool>,
}

/// `GET /api/timings`: what each stage of a camera did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Timings {
    /// By stage name: `source`, `fragment`, `decode`, `detect`, `track`, for `main` `process`, `encode`, for `small` `process_small`,
    /// `encode_small`, and `send`; `second` where second models look at crops. A stage's time is from entering its queue to leaving it, so that the stages of a frame add up.
    pub stages: std::collections::BTreeMap<String, StageTimings>,
}

/// One stage. Times are those of the window asked for; counts run since the camera was started, and
/// `in = out + held + sum of dropped` at every moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct StageTimings {
    /// Median of the time an item spent in the stage.
    pub p50_ms: Option<f64>,
    /// 95 in 100 were faster.
    pub p95_ms: Option<f64>,
    /// 99 in 100 were faster.
    pub p99_ms: Option<f64>,
    /// The slowest.
    pub max_ms: Option<f64>,
    /// Median of the time that a device worked on an item, by the device's own clock; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_p50_ms: Option<f64>,
    /// 95 in 100 were faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_p95_ms: Option<f64>,
    /// Items that came.
    #[serde(rename = "in")]
    pub entered: u64,
    /// Items that were passed on.
    #[serde(rename = "out")]
    pub left: u64,
    /// Items waiting or being worked on now.
    pub held: u64,
    /// Items thrown away, by cause.
    pub dropped: std::collections::BTreeMap<String, u64>,
}

/// `POST /api/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for, e.g. `prometheus`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
}

/// A bearer token for programs, as `GET /api/tokens` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Names it in `DELETE /api/tokens/{id}`.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339, to the hour.
    pub used_at: Option<String>,
    /// What a program sends as `Authorization: Bearer ...`; told once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
}
