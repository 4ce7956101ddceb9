//! Types of the encoder's interface (`nvEncodeAPI.h`, version 12.1).

mod types;

pub(crate) use types::*;

/// NVENCAPI 12.1.
pub(crate) const API_VERSION: u32 = 12 | 1 << 24;

/// `NVENCAPI_STRUCT_VERSION`.
const fn version(of: u32) -> u32 {
    API_VERSION | of << 16 | 0x7 << 28
}

const TOP: u32 = 1 << 31;
pub(crate) const FUNCTION_LIST_VERSION: u32 = version(2);
pub(crate) const OPEN_SESSION_VERSION: u32 = version(1);
pub(crate) const CAPS_PARAM_VERSION: u32 = version(1);
pub(crate) const CONFIG_VERSION: u32 = version(8) | TOP;
pub(crate) const INITIALIZE_VERSION: u32 = version(6) | TOP;
pub(crate) const RECONFIGURE_VERSION: u32 = version(1) | TOP;
pub(crate) const PRESET_CONFIG_VERSION: u32 = version(4) | TOP;
pub(crate) const PIC_PARAMS_VERSION: u32 = version(6) | TOP;
pub(crate) const LOCK_BITSTREAM_VERSION: u32 = version(1) | TOP;
pub(crate) const CREATE_BITSTREAM_VERSION: u32 = version(1);
pub(crate) const MAP_INPUT_VERSION: u32 = version(4);
pub(crate) const REGISTER_VERSION: u32 = version(4);

pub(crate) const STATUS_NO_ENCODE_DEVICE: i32 = 1;
pub(crate) const STATUS_UNSUPPORTED_DEVICE: i32 = 2;
pub(crate) const STATUS_OUT_OF_MEMORY: i32 = 10;
pub(crate) const STATUS_NEED_MORE_INPUT: i32 = 17;
/// The names of `NVENCSTATUS`, from 0.
pub(crate) const STATUS_NAMES: [&str; 27] = [
    "success",
    "no encode device",
    "unsupported device",
    "invalid encoder device",
    "invalid device",
    "device does not exist",
    "invalid pointer",
    "invalid event",
    "invalid parameter",
    "invalid call",
    "out of memory",
    "encoder not initialised",
    "unsupported parameter",
    "lock busy",
    "not enough buffer",
    "invalid version",
    "map failed",
    "need more input",
    "encoder busy",
    "event not registered",
    "generic error",
    "incompatible client key",
    "unimplemented",
    "resource register failed",
    "resource not registered",
    "resource not mapped",
    "need more output",
];

pub(crate) const DEVICE_TYPE_CUDA: u32 = 1;
pub(crate) const RESOURCE_CUDA_DEVICE_POINTER: u32 = 1;
pub(crate) const RC_CONSTQP: u32 = 0;
pub(crate) const RC_VBR: u32 = 1;
pub(crate) const RC_CBR: u32 = 2;
pub(crate) const MULTI_PASS_QUARTER: u32 = 1;
pub(crate) const FORMAT_NV12: u32 = 1;
pub(crate) const FORMAT_YUV420_10: u32 = 0x1_0000;
pub(crate) const PICTURE_FRAME: u32 = 1;
pub(crate) const PICTURE_TYPE_IDR: u32 = 3;
pub(crate) const FLAG_FORCE_IDR: u32 = 2;
pub(crate) const FLAG_OUTPUT_PARAMETER_SETS: u32 = 4;
pub(crate) const FLAG_END_OF_STREAM: u32 = 8;
pub(crate) const INFINITE_GOP: u32 = 0xffff_ffff;

pub(crate) const CAP_MAX_B_FRAMES: u32 = 0;
pub(crate) const CAP_RC_MODES: u32 = 1;
pub(crate) const CAP_WIDTH_MAX: u32 = 16;
pub(crate) const CAP_HEIGHT_MAX: u32 = 17;
pub(crate) const CAP_DYN_SIZE: u32 = 19;
pub(crate) const CAP_DYN_BITRATE: u32 = 20;
pub(crate) const CAP_CUSTOM_VBV: u32 = 26;
pub(crate) const CAP_LOOKAHEAD: u32 = 37;
pub(crate) const CAP_TEMPORAL_AQ: u32 = 38;
pub(crate) const CAP_10_BIT: u32 = 39;
pub(crate) const CAP_WIDTH_MIN: u32 = 45;
pub(crate) const CAP_HEIGHT_MIN: u32 = 46;
pub(crate) const CAP_ENGINES: u32 = 49;

/// Bits of [`RcParams::flags`].
pub(crate) const RC_ENABLE_AQ: u32 = 1 << 3;
pub(crate) const RC_ENABLE_LOOKAHEAD: u32 = 1 << 5;
pub(crate) const RC_ZERO_REORDER_DELAY: u32 = 1 << 9;
/// Bit of [`ConfigH264::flags`].
pub(crate) const H264_REPEAT_PARAMETER_SETS: u32 = 1 << 12;
/// Bits of [`ConfigHevc::flags`].
pub(crate) const HEVC_REPEAT_PARAMETER_SETS: u32 = 1 << 7;
pub(crate) const HEVC_CHROMA_SHIFT: u32 = 9;
pub(crate) const HEVC_DEPTH_SHIFT: u32 = 11;
/// Bits of [`ConfigAv1::flags`].
pub(crate) const AV1_ANNEX_B: u32 = 1;
pub(crate) const AV1_DISABLE_SEQUENCE_HEADER: u32 = 1 << 4;
pub(crate) const AV1_REPEAT_SEQUENCE_HEADER: u32 = 1 << 5;
pub(crate) const AV1_CHROMA_SHIFT: u32 = 7;
pub(crate) const AV1_INPUT_DEPTH_SHIFT: u32 = 12;
pub(crate) const AV1_DEPTH_SHIFT: u32 = 15;
/// `NV_ENC_LEVEL_AV1_AUTOSELECT`; 0 is level 2.0.
pub(crate) const AV1_LEVEL_AUTO: u32 = 24;

pub(crate) const GUID_H264: Guid = Guid(0x6bc8_2762, 0x4e63, 0x4ca4, [0xaa, 0x85, 0x1e, 0x50, 0xf3, 0x21, 0xf6, 0xbf]);
pub(crate) const GUID_HEVC: Guid = Guid(0x790c_dc88, 0x4522, 0x4d7b, [0x94, 0x25, 0xbd, 0xa9, 0x97, 0x5f, 0x76, 0x3]);
pub(crate) const GUID_AV1: Guid = Guid(0x0a35_2289, 0x0aa7, 0x4759, [0x86, 0x2d, 0x5d, 0x15, 0xcd, 0x16, 0xd2, 0x54]);
pub(crate) const PROFILE_H264_HIGH: Guid =
    Guid(0xe7cb_c309, 0x4f7a, 0x4b89, [0xaf, 0x2a, 0xd5, 0x37, 0xc9, 0x2b, 0xe3, 0x10]);
pub(crate) const PROFILE_HEVC_MAIN: Guid =
    Guid(0xb514_c39a, 0xb55b, 0x40fa, [0x87, 0x8f, 0xf1, 0x25, 0x3b, 0x4d, 0xfd, 0xec]);
pub(crate) const PROFILE_HEVC_MAIN10: Guid =
    Guid(0xfa4d_2b6c, 0x3a5b, 0x411a, [0x80, 0x18, 0x0a, 0x3f, 0x5e, 0x3c, 0x9b, 0xe5]);
pub(crate) const PROFILE_AV1_MAIN: Guid =
    Guid(0x5f2a_39f5, 0xf14e, 0x4f95, [0x9a, 0x9e, 0xb7, 0x6d, 0x56, 0x8f, 0xcf, 0x97]);
/// P1 to P7.
pub(crate) const PRESETS: [Guid; 7] = [
    Guid(0xfc0a_8d3e, 0x45f8, 0x4cf8, [0x80, 0xc7, 0x29, 0x88, 0x71, 0x59, 0xe, 0xbf]),
    Guid(0xf581_cfb8, 0x88d6, 0x4381, [0x93, 0xf0, 0xdf, 0x13, 0xf9, 0xc2, 0x7d, 0xab]),
    Guid(0x3685_0110, 0x3a07, 0x441f, [0x94, 0xd5, 0x36, 0x70, 0x63, 0x1f, 0x91, 0xf6]),
    Guid(0x90a7_b826, 0xdf06, 0x4862, [0xb9, 0xd2, 0xcd, 0x6d, 0x73, 0xa0, 0x86, 0x81]),
    Guid(0x21c6_e6b4, 0x297a, 0x4cba, [0x99, 0x8f, 0xb6, 0xcb, 0xde, 0x72, 0xad, 0xe3]),
    Guid(0x8e75_c279, 0x6299, 0x4ab6, [0x83, 0x2, 0xb, 0x21, 0x5a, 0x33, 0x5c, 0xf5]),
    Guid(0x8484_8c12, 0x6f71, 0x4c13, [0x93, 0x1b, 0x53, 0xe2, 0x83, 0xf5, 0x79, 0x74]),
];
