//! Checked settings: types that cannot hold a wrong value, made once, at the edge.

pub mod address;
pub mod detect;
pub mod encoder;
pub mod file;
pub mod files;
pub mod mask;
pub mod polygon;
pub mod privacy;
pub mod sample;
mod section;
pub mod server;
pub mod slug;
pub mod typed;
pub mod zones;

pub use privacy::Privacy;
pub use section::Mistake;
pub use server::ServerSettings;

use crate::device::Wish;
use sightline_shared::camera::{DetectSettings, Role, Transport, VideoMode};
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::scene::Zone;
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
    /// An address that libavformat opens (rtsps, http, https, rtmp, srt), without its credentials, and the credentials.
    Network {
        /// The address, no user information in it.
        url: url::Url,
        /// User and password.
        credentials: Option<Credentials>,
    },
    /// A file on this machine, played in a loop by its own clock.
    File(PathBuf),
    /// A camera of this machine: the device of V4L2.
    Device(PathBuf),
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
    /// The address and the credentials of what is reached over the network.
    #[must_use]
    pub fn remote(&self) -> Option<(&url::Url, Option<&Credentials>)> {
        match self {
            Self::Rtsp { url, credentials } | Self::Network { url, credentials } => Some((url, credentials.as_ref())),
            Self::File(_) | Self::Device(_) | Self::Demo => None,
        }
    }

    /// The address as it may be shown: `rtsp://user:***@host/path`, a file's path, or `demo:`. Passwords that some makes put
    /// into the path (`password=...`) are masked too.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Rtsp { url, credentials: None } | Self::Network { url, credentials: None } => {
                mask::mask(url.as_str()).into_owned()
            }
            Self::Rtsp { url, credentials: Some(credentials) }
            | Self::Network { url, credentials: Some(credentials) } => {
                let url_text = mask::mask(url.as_str());
                let rest = url_text.split_once("://").map_or("", |(_, rest)| rest);
                let password = if credentials.password.is_empty() { "" } else { ":***" };
                format!("{}://{}{password}@{rest}", url.scheme(), address::encode_user(&credentials.user))
            }
            Self::File(path) => path.display().to_string(),
            Self::Device(path) => format!("v4l2:{}", path.display()),
            Self::Demo => "demo:".into(),
        }
    }

    /// A name for a camera that was given none: the host, or the file's name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Rtsp { url, .. } | Self::Network { url, .. } => url.host_str().unwrap_or_default().to_owned(),
            Self::File(path) | Self::Device(path) => {
                path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
            }
            Self::Demo => "Demo".into(),
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
    /// What is asked of the encoder of `main`.
    pub encoder: EncoderSettings,
    /// Which device, and what decodes.
    pub hardware: Wish,
    /// Areas and lines.
    pub zones: Vec<Zone>,
    /// What nobody is to see.
    pub privacy: Privacy,
    /// Whether the API may change it.
    pub editable: bool,
}

/// One camera of the settings file, checked; the store adds the `uid`.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraDraft {
    /// Slug.
    pub id: String,
    /// Name shown.
    pub name: String,
    /// False: known, and left alone.
    pub enabled: bool,
    /// As in [`CameraSettings::streams`].
    pub streams: Vec<StreamSettings>,
    /// RTSP's transport.
    pub transport: Transport,
    /// How the picture reaches viewers.
    pub video: VideoMode,
    /// The detector.
    pub detect: DetectSettings,
    /// What is asked of the encoder of `main`.
    pub encoder: EncoderSettings,
    /// Which device, and what decodes.
    pub hardware: Wish,
    /// Areas and lines.
    pub zones: Vec<Zone>,
    /// What nobody is to see.
    pub privacy: Privacy,
}

impl CameraDraft {
    /// The camera with its identity.
    #[must_use]
    pub fn with_uid(self, uid: String, editable: bool) -> CameraSettings {
        let Self { id, name, enabled, streams, transport, video, detect, encoder, hardware, zones, privacy } = self;
        CameraSettings {
            uid,
            id,
            name,
            enabled,
            streams,
            transport,
            video,
            detect,
            encoder,
            hardware,
            zones,
            privacy,
            editable,
        }
    }
}

/// Brings the roles of a camera's streams into the form that [`CameraSettings`] promises: one stream is viewed, one (the same, if
/// none says so) is looked at.
///
/// # Errors
/// Words for a person.
pub fn settle_roles(streams: &mut [StreamSettings]) -> Result<(), &'static str> {
    let with = |streams: &[StreamSettings], role| streams.iter().filter(|stream| stream.roles.contains(&role)).count();
    for stream in &mut *streams {
        if stream.roles.is_empty() {
            return Err("Every stream needs a role: \"view\", \"detect\" or both.");
        }
        let mut seen = Vec::new();
        stream.roles.retain(|role| {
            !seen.contains(role) && {
                seen.push(*role);
                true
            }
        });
    }
    if with(streams, Role::View) != 1 {
        return Err("Exactly one stream of a camera has the role \"view\".");
    }
    match with(streams, Role::Detect) {
        0 => streams.iter_mut().filter(|s| s.roles.contains(&Role::View)).for_each(|s| s.roles.push(Role::Detect)),
        1 => {}
        _ => return Err("At most one stream of a camera has the role \"detect\"."),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
