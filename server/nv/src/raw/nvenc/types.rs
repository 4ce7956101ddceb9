//! Structures of the encoder's interface.

use crate::raw::layout;
use std::ffi::{c_char, c_void};

/// `GUID`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guid(pub(crate) u32, pub(crate) u16, pub(crate) u16, pub(crate) [u8; 8]);

/// `NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS`.
#[repr(C)]
pub(crate) struct OpenSession {
    pub(crate) version: u32,
    pub(crate) device_type: u32,
    pub(crate) device: *mut c_void,
    pub(crate) reserved: *mut c_void,
    pub(crate) api_version: u32,
    pub(crate) reserved1: [u32; 253],
    pub(crate) reserved2: [*mut c_void; 64],
}

/// `NV_ENC_CAPS_PARAM`.
#[repr(C)]
pub(crate) struct CapsParam {
    pub(crate) version: u32,
    pub(crate) cap: u32,
    pub(crate) reserved: [u32; 62],
}

/// `NV_ENC_QP`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Qp {
    pub(crate) inter_p: u32,
    pub(crate) inter_b: u32,
    pub(crate) intra: u32,
}

/// `NV_ENC_RC_PARAMS`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct RcParams {
    pub(crate) version: u32,
    pub(crate) mode: u32,
    pub(crate) const_qp: Qp,
    pub(crate) average_bitrate: u32,
    pub(crate) max_bitrate: u32,
    pub(crate) vbv_buffer_size: u32,
    pub(crate) vbv_initial_delay: u32,
    pub(crate) flags: u32,
    pub(crate) min_qp: Qp,
    pub(crate) max_qp: Qp,
    pub(crate) initial_qp: Qp,
    pub(crate) temporal_layers: [u32; 3],
    pub(crate) target_quality: [u8; 2],
    pub(crate) lookahead_depth: u16,
    pub(crate) low_delay_key_frame_scale: u8,
    pub(crate) qp_index_offsets: [i8; 3],
    pub(crate) qp_map_mode: u32,
    pub(crate) multi_pass: u32,
    pub(crate) reserved: [u32; 6],
}

/// `NV_ENC_CONFIG_H264_VUI_PARAMETERS`; HEVC's is the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Vui {
    pub(crate) overscan: [u32; 2],
    pub(crate) signal_type_present: u32,
    pub(crate) video_format: u32,
    pub(crate) full_range: u32,
    pub(crate) colour_description_present: u32,
    pub(crate) primaries: u32,
    pub(crate) transfer: u32,
    pub(crate) matrix: u32,
    pub(crate) rest: [u32; 19],
}

/// `NV_ENC_CONFIG_H264`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ConfigH264 {
    pub(crate) flags: u32,
    pub(crate) level: u32,
    pub(crate) idr_period: u32,
    pub(crate) between: [u32; 13],
    pub(crate) slice_mode: u32,
    pub(crate) slice_mode_data: u32,
    pub(crate) vui: Vui,
    pub(crate) ltr: [u32; 2],
    pub(crate) chroma_format: u32,
    pub(crate) rest: [u32; 271],
    pub(crate) reserved: [*mut c_void; 64],
}

/// `NV_ENC_CONFIG_HEVC`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ConfigHevc {
    pub(crate) level: u32,
    pub(crate) tier: u32,
    pub(crate) unit_sizes: [u32; 2],
    pub(crate) flags: u32,
    pub(crate) idr_period: u32,
    pub(crate) between: [u32; 10],
    pub(crate) vui: Vui,
    pub(crate) rest: [u32; 218],
    pub(crate) reserved: [*mut c_void; 64],
}

/// `NV_ENC_CONFIG_AV1`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ConfigAv1 {
    pub(crate) level: u32,
    pub(crate) tier: u32,
    pub(crate) part_sizes: [u32; 2],
    pub(crate) flags: u32,
    pub(crate) idr_period: u32,
    pub(crate) intra_refresh: [u32; 2],
    pub(crate) most_references: u32,
    pub(crate) tiles: [u32; 2],
    pub(crate) tile_sizes: [*mut c_void; 2],
    pub(crate) temporal_layers: u32,
    pub(crate) primaries: u32,
    pub(crate) transfer: u32,
    pub(crate) matrix: u32,
    pub(crate) full_range: u32,
    pub(crate) chroma_position: u32,
    pub(crate) b_frames_as_references: u32,
    pub(crate) film_grain: *mut c_void,
    pub(crate) references: [u32; 2],
    pub(crate) rest: [u32; 235],
    pub(crate) reserved: [*mut c_void; 62],
}

/// `NV_ENC_CODEC_CONFIG`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) union CodecConfig {
    pub(crate) h264: ConfigH264,
    pub(crate) hevc: ConfigHevc,
    pub(crate) av1: ConfigAv1,
}

/// `NV_ENC_CONFIG`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Config {
    pub(crate) version: u32,
    pub(crate) profile: Guid,
    pub(crate) gop_length: u32,
    pub(crate) frame_interval_p: i32,
    pub(crate) monochrome: u32,
    pub(crate) frame_field_mode: u32,
    pub(crate) mv_precision: u32,
    pub(crate) rc: RcParams,
    pub(crate) codec: CodecConfig,
    pub(crate) reserved: [u32; 278],
    pub(crate) reserved2: [*mut c_void; 64],
}

/// `NV_ENC_INITIALIZE_PARAMS`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Initialize {
    pub(crate) version: u32,
    pub(crate) codec: Guid,
    pub(crate) preset: Guid,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dar_width: u32,
    pub(crate) dar_height: u32,
    pub(crate) frame_rate_num: u32,
    pub(crate) frame_rate_den: u32,
    pub(crate) enable_async: u32,
    pub(crate) enable_ptd: u32,
    pub(crate) flags: u32,
    pub(crate) private_size: u32,
    pub(crate) private: *mut c_void,
    pub(crate) config: *mut Config,
    pub(crate) max_width: u32,
    pub(crate) max_height: u32,
    pub(crate) me_hints: [u32; 8],
    pub(crate) tuning: u32,
    pub(crate) buffer_format: u32,
    pub(crate) rest: [u32; 287],
    pub(crate) reserved: [*mut c_void; 64],
}

/// `NV_ENC_RECONFIGURE_PARAMS`.
#[repr(C)]
pub(crate) struct Reconfigure {
    pub(crate) version: u32,
    pub(crate) again: Initialize,
    /// Bit 0 resets the encoder, bit 1 forces an IDR.
    pub(crate) flags: u32,
}

/// `NV_ENC_PRESET_CONFIG`.
#[repr(C)]
pub(crate) struct PresetConfig {
    pub(crate) version: u32,
    pub(crate) config: Config,
    pub(crate) reserved1: [u32; 255],
    pub(crate) reserved2: [*mut c_void; 64],
}

/// `NV_ENC_CREATE_BITSTREAM_BUFFER`.
#[repr(C)]
pub(crate) struct CreateBitstream {
    pub(crate) version: u32,
    pub(crate) size: u32,
    pub(crate) heap: u32,
    pub(crate) reserved: u32,
    pub(crate) buffer: *mut c_void,
    pub(crate) pointer: *mut c_void,
    pub(crate) reserved1: [u32; 58],
    pub(crate) reserved2: [*mut c_void; 64],
}

/// `NV_ENC_REGISTER_RESOURCE`.
#[repr(C)]
pub(crate) struct Register {
    pub(crate) version: u32,
    pub(crate) resource_type: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pitch: u32,
    pub(crate) sub_resource: u32,
    pub(crate) resource: *mut c_void,
    pub(crate) registered: *mut c_void,
    pub(crate) format: u32,
    pub(crate) usage: u32,
    pub(crate) fence: *mut c_void,
    pub(crate) chroma_offset: [u32; 2],
    pub(crate) reserved1: [u32; 245],
    pub(crate) reserved2: [*mut c_void; 61],
}

/// `NV_ENC_MAP_INPUT_RESOURCE`.
#[repr(C)]
pub(crate) struct MapInput {
    pub(crate) version: u32,
    pub(crate) sub_resource: u32,
    pub(crate) input: *mut c_void,
    pub(crate) registered: *mut c_void,
    pub(crate) mapped: *mut c_void,
    pub(crate) format: u32,
    pub(crate) reserved1: [u32; 251],
    pub(crate) reserved2: [*mut c_void; 63],
}

/// `NV_ENC_PIC_PARAMS`; what belongs to one codec alone stays zero.
#[repr(C)]
pub(crate) struct PicParams {
    pub(crate) version: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pitch: u32,
    pub(crate) flags: u32,
    pub(crate) frame_index: u32,
    pub(crate) time: u64,
    pub(crate) duration: u64,
    pub(crate) input: *mut c_void,
    pub(crate) output: *mut c_void,
    pub(crate) event: *mut c_void,
    pub(crate) format: u32,
    pub(crate) structure: u32,
    pub(crate) picture_type: u32,
    pub(crate) rest: [u64; 410],
}

/// `NV_ENC_LOCK_BITSTREAM`.
#[repr(C)]
pub(crate) struct LockBitstream {
    pub(crate) version: u32,
    /// Bit 0: do not wait.
    pub(crate) flags: u32,
    pub(crate) output: *mut c_void,
    pub(crate) slice_offsets: *mut u32,
    pub(crate) frame_index: u32,
    pub(crate) hw_status: u32,
    pub(crate) slices: u32,
    pub(crate) bytes: u32,
    pub(crate) time: u64,
    pub(crate) duration: u64,
    pub(crate) pointer: *mut c_void,
    pub(crate) picture_type: u32,
    pub(crate) structure: u32,
    pub(crate) average_qp: u32,
    pub(crate) satd: u32,
    pub(crate) rest: [u64; 184],
}

/// A place of the table whose function is not called here.
pub(crate) type Unused = *mut c_void;
type Session = *mut c_void;

/// `NV_ENCODE_API_FUNCTION_LIST`.
#[repr(C)]
pub(crate) struct FunctionList {
    pub(crate) version: u32,
    pub(crate) reserved: u32,
    pub(crate) open_session_old: Unused,
    pub(crate) guid_count: Option<unsafe extern "C" fn(Session, *mut u32) -> i32>,
    pub(crate) profiles: [Unused; 2],
    pub(crate) guids: Option<unsafe extern "C" fn(Session, *mut Guid, u32, *mut u32) -> i32>,
    pub(crate) input_formats: [Unused; 2],
    pub(crate) caps: Option<unsafe extern "C" fn(Session, Guid, *mut CapsParam, *mut i32) -> i32>,
    pub(crate) presets: [Unused; 3],
    pub(crate) initialize: Option<unsafe extern "C" fn(Session, *mut Initialize) -> i32>,
    pub(crate) input_buffers: [Unused; 2],
    pub(crate) create_bitstream: Option<unsafe extern "C" fn(Session, *mut CreateBitstream) -> i32>,
    pub(crate) destroy_bitstream: Option<unsafe extern "C" fn(Session, *mut c_void) -> i32>,
    pub(crate) encode: Option<unsafe extern "C" fn(Session, *mut PicParams) -> i32>,
    pub(crate) lock_bitstream: Option<unsafe extern "C" fn(Session, *mut LockBitstream) -> i32>,
    pub(crate) unlock_bitstream: Option<unsafe extern "C" fn(Session, *mut c_void) -> i32>,
    pub(crate) more: [Unused; 6],
    pub(crate) map_input: Option<unsafe extern "C" fn(Session, *mut MapInput) -> i32>,
    pub(crate) unmap_input: Option<unsafe extern "C" fn(Session, *mut c_void) -> i32>,
    pub(crate) destroy: Option<unsafe extern "C" fn(Session) -> i32>,
    pub(crate) invalidate: Unused,
    pub(crate) open_session: Option<unsafe extern "C" fn(*mut OpenSession, *mut Session) -> i32>,
    pub(crate) register: Option<unsafe extern "C" fn(Session, *mut Register) -> i32>,
    pub(crate) unregister: Option<unsafe extern "C" fn(Session, *mut c_void) -> i32>,
    pub(crate) reconfigure: Option<unsafe extern "C" fn(Session, *mut Reconfigure) -> i32>,
    pub(crate) motion: [Unused; 4],
    pub(crate) last_error: Option<unsafe extern "C" fn(Session) -> *const c_char>,
    pub(crate) set_streams: Option<unsafe extern "C" fn(Session, *mut c_void, *mut c_void) -> i32>,
    pub(crate) preset_config: Option<unsafe extern "C" fn(Session, Guid, Guid, u32, *mut PresetConfig) -> i32>,
    pub(crate) rest: [Unused; 278],
}

layout!(OpenSession, 1552, device: 8, api_version: 24);
layout!(CapsParam, 256);
layout!(RcParams, 128, average_bitrate: 20, min_qp: 40, temporal_layers: 76, target_quality: 88, lookahead_depth: 90,
    low_delay_key_frame_scale: 92, qp_map_mode: 96, multi_pass: 100);
layout!(Vui, 112, signal_type_present: 8, matrix: 32);
layout!(ConfigH264, 1792, idr_period: 8, slice_mode: 64, vui: 72, chroma_format: 192, reserved: 1280);
layout!(ConfigHevc, 1560, idr_period: 20, vui: 64, reserved: 1048);
layout!(ConfigAv1, 1552, flags: 16, idr_period: 20, most_references: 32, tile_sizes: 48, primaries: 68, full_range: 80,
    film_grain: 96, references: 104, reserved: 1056);
layout!(CodecConfig, 1792);
layout!(Config, 3584, gop_length: 20, rc: 40, codec: 168, reserved: 1960);
layout!(Initialize, 1808, width: 36, enable_ptd: 64, private_size: 72, config: 88, max_width: 96, tuning: 136,
    buffer_format: 140, reserved: 1296);
layout!(Reconfigure, 1824, again: 8, flags: 1816);
layout!(PresetConfig, 5128, config: 8);
layout!(CreateBitstream, 776, buffer: 16);
layout!(Register, 1536, resource: 24, format: 40, chroma_offset: 56);
layout!(MapInput, 1544, registered: 16, mapped: 24, format: 32);
layout!(PicParams, 3360, time: 24, input: 40, format: 64, picture_type: 72, rest: 80);
layout!(LockBitstream, 1552, output: 8, bytes: 36, pointer: 56, picture_type: 64, average_qp: 72);
layout!(FunctionList, 2552, guid_count: 16, guids: 40, caps: 64, initialize: 96, create_bitstream: 120,
    destroy_bitstream: 128, encode: 136, lock_bitstream: 144, unlock_bitstream: 152, map_input: 208, unmap_input: 216,
    destroy: 224, open_session: 240, register: 248, unregister: 256, reconfigure: 264, last_error: 304,
    set_streams: 312, preset_config: 320);
