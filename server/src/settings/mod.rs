//! Checked settings: types that cannot hold a wrong value, made once, at the edge.

use sightline_shared::camera::{DetectSettings, Role, Transport, VideoMode};
use std::path::PathBuf;

/// Where a stream comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Origin {
    /// An RTSP address without its credentials, and the credentials.
    Rtsp {
        /// The address, no user information in it.
        url: url::Url,
        /// User and password.
        credentials: Option<Credentials>,
    },
    /// A file on this machine, played in a loop by its own clock.
    File(PathBuf),
    /// The demo camera.
    Demo,
}

/// A user and a password; `Debug` never shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}:***)", self.user)
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Origin {
    /// The address as it may be shown: `rtsp://user:***@host/path`, a file's path, or `demo:`.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Rtsp { url, credentials: None } => url.to_string(),
            Self::Rtsp { url, credentials: Some(credentials) } => {
                let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
                format!("{}://{}:***@{rest}", url.scheme(), credentials.user)
            }
            Self::File(path) => path.display().to_string(),
            Self::Demo => "demo:".into(),
        }
    }
}

/// One stream of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Where it comes from.
    pub origin: Origin,
    /// What it is for; never empty.
    pub roles: Vec<Role>,
}

/// One camera, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraSettings {
    /// Immutable.
    pub uid: String,
    /// Slug.
    pub id: String,
    /// Name shown.
    pub name: String,
    /// False: known, and left alone.
    pub enabled: bool,
    /// At least one; exactly one has [`Role::View`].
    pub streams: Vec<StreamSettings>,
    /// RTSP's transport.
    pub transport: Transport,
    /// How the picture reaches viewers.
    pub video: VideoMode,
    /// The detector.
    pub detect: DetectSettings,
    /// Whether the API may change it.
    pub editable: bool,
}
