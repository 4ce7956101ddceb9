//! `GET /api/system`: what runs, on what, and where it keeps things.

use crate::encoder::Codec;
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
    /// The driver of the devices.
    pub driver: Driver,
    /// NVIDIA's devices that can be used; none is no fault.
    pub devices: Vec<Device>,
    /// Why there is no device, in a sentence; absent where there is one.
    pub no_device: Option<String>,
    /// Devices that the driver counts beside those and that cannot be used: each in a sentence.
    pub unusable_devices: Vec<String>,
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

/// NVIDIA's driver. What is absent is not known; where nothing is, `no_device` says why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Driver {
    /// Its release, e.g. `535.261.03`.
    pub release: Option<String>,
    /// The CUDA version that it goes with, e.g. `12.2`.
    pub cuda: Option<String>,
    /// The newest interface of the encoder (NVENC) that it knows, e.g. `12.1`.
    pub encoder_interface: Option<String>,
}

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Device {
    /// Its number, as the setting `device` names it.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Where it sits, e.g. `0000:65:00.0`.
    pub bus_id: Option<String>,
    /// CUDA's compute capability, e.g. `8.6`.
    pub capability: String,
    /// Its decoder (NVDEC).
    pub decoder: Engine,
    /// Its kernels: resizing, drawing, input of models.
    pub kernels: Engine,
    /// Its encoder (NVENC).
    pub encoder: Engine,
    /// Ids of the cameras that use it.
    pub cameras: Vec<String>,
    /// That it was lost while Sightline ran, and when it is tried again; absent while it is there.
    pub lost: Option<String>,
    /// How busy it is.
    pub load: DeviceLoad,
    /// The encode sessions that Sightline holds.
    pub sessions: Vec<EncodeSession>,
    /// How many more it takes, when that was last tried; absent until then. `POST /api/system/devices/{number}/room` tries it.
    pub more_sessions: Option<MoreSessions>,
}

/// One part of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Engine {
    /// Why it cannot be used at all; absent where it can.
    pub reason: Option<String>,
    /// What it does with each codec; empty for kernels, and where nothing can be used.
    pub codecs: Vec<Ability>,
}

/// What one part of a device does with one codec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Ability {
    /// The codec.
    pub codec: Codec,
    /// Bits of a sample.
    pub depth: u8,
    /// Largest width in pixels; absent where the codec cannot be had.
    pub max_width: Option<u32>,
    /// Largest height in pixels.
    pub max_height: Option<u32>,
    /// Why it cannot be had; absent where it can.
    pub reason: Option<String>,
}

/// How busy a device is, over all programs. What is absent could not be measured, and `reason` says why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DeviceLoad {
    /// Percent of the time in which kernels ran.
    pub gpu_percent: Option<u32>,
    /// Percent of the time in which the decoder (NVDEC) was busy.
    pub decoder_percent: Option<u32>,
    /// Percent of the time in which the encoder (NVENC) was busy.
    pub encoder_percent: Option<u32>,
    /// Memory in use.
    pub memory_used_bytes: Option<u64>,
    /// All of its memory.
    pub memory_total_bytes: Option<u64>,
    /// Why something is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An encode session that Sightline holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct EncodeSession {
    /// Who holds it: a camera's id and the rendition, as in `yard/main`.
    pub holder: String,
    /// What is encoded to.
    pub codec: Codec,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// How many encode sessions a device takes beside those that are held, found out by opening them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MoreSessions {
    /// So many were opened at once, and closed again.
    pub sessions: u32,
    /// True where the device took all that were tried, so that there may be more.
    pub at_least: bool,
    /// Sessions that Sightline held meanwhile.
    pub held: u32,
    /// When: RFC 3339.
    pub tried_at: String,
}

/// Time between two samples of the load.
pub const LOAD_STEP_MS: u64 = 1000;
/// Samples of the load that the server remembers: two minutes.
pub const LOAD_HISTORY: usize = 120;

/// `GET /api/system/load`: the load of every device, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct LoadHistory {
    /// Every second one, for two minutes; none where there is no device.
    pub samples: Vec<LoadSample>,
}

/// The load of every device at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct LoadSample {
    /// When, on the server's monotonic clock; what `after_ms` compares with.
    pub at_ms: f64,
    /// The same in UTC since 1970.
    pub utc_ms: f64,
    /// By the device's number.
    pub devices: BTreeMap<u32, DeviceLoad>,
}
