//! What of a camera's work a device does, and why the rest is done in software.

use serde::{Deserialize, Serialize};

/// What decodes a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DecoderChoice {
    /// The device where it can, else software.
    #[default]
    Auto,
    /// NVIDIA's decoder, also where auto would rather not; software where it cannot.
    Nvdec,
    /// libavcodec.
    Software,
}

/// The word for a device that is not pinned.
pub const ANY_DEVICE: &str = "auto";

/// The hardware of one camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct HardwareInfo {
    /// Number of the device that it uses; absent while it uses none.
    pub device: Option<u32>,
    /// Its name.
    pub device_name: Option<String>,
    /// What decodes the viewed stream, e.g. `software (libavcodec h264)`; absent while nobody wants its frames.
    pub decoder: Option<String>,
    /// Why that is not the device; absent where it is.
    pub decoder_reason: Option<String>,
    /// Why the device's encoder is not there for its renditions; what keeps one of them from using it stands in that rendition's reason.
    pub encoder_reason: Option<String>,
    /// Bytes of frames that came from the device to the host: for encoders in software, snapshots, and detectors that need every pixel.
    pub frames_to_host_bytes: u64,
    /// Bytes of pictures that the device made small for a detector before they came to the host.
    pub looks_to_host_bytes: u64,
    /// Bytes of pictures that went from the host to the device.
    pub frames_to_device_bytes: u64,
}
