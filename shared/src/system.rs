//! `GET /api/system`: what runs, on what, and where it keeps things.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct System {
    /// Version of the program.
    pub version: String,
    /// RFC 3339.
    pub started_at: String,
    /// Seconds since then.
    pub uptime_s: f64,
    /// Address and port that it listens on.
    pub listen: String,
    /// What each stage uses, by stage name.
    pub stages: BTreeMap<String, Stage>,
    /// What each encoder can do here.
    pub encoders: Vec<crate::encoder::EncoderCaps>,
    /// The settings file.
    pub settings: SettingsFile,
    /// The data folder.
    pub data_dir: String,
    /// The file system of the data folder.
    pub disk: Option<Disk>,
    /// Cameras that are set up.
    pub cameras: u32,
    /// Of these, how many are live.
    pub cameras_live: u32,
    /// Viewers connected to live pictures.
    pub viewers: u32,
}

/// One stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Stage {
    /// What does the work; absent where the stage is not built yet or idle.
    pub backend: Option<String>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// The settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct SettingsFile {
    /// Where it is.
    pub path: String,
    /// Changes with every change; what `ETag` and `If-Match` carry.
    pub revision: String,
    /// Why it cannot be changed from the dashboard.
    pub read_only: Option<String>,
    /// What is wrong with it; the settings in force are older then.
    pub mistakes: Vec<SettingsMistake>,
}

/// One mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingsMistake {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// A file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Disk {
    /// Its size.
    pub total_bytes: u64,
    /// What an ordinary user may still write.
    pub free_bytes: u64,
}
