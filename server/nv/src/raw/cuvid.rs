//! Types of the decoder's interface (`cuviddec.h`, `nvcuvid.h`).

use super::layout;
use std::ffi::{c_int, c_ulong, c_void};

pub(crate) type Decoder = *mut c_void;
pub(crate) type Parser = *mut c_void;

pub(crate) const CODEC_H264: u32 = 4;
pub(crate) const CODEC_HEVC: u32 = 8;
pub(crate) const CODEC_AV1: u32 = 11;
pub(crate) const CHROMA_MONOCHROME: u32 = 0;
pub(crate) const CHROMA_420: u32 = 1;
pub(crate) const CHROMA_422: u32 = 2;
pub(crate) const SURFACE_NV12: u32 = 0;
pub(crate) const SURFACE_P016: u32 = 1;
pub(crate) const DEINTERLACE_WEAVE: u32 = 0;
pub(crate) const CREATE_PREFER_CUVID: c_ulong = 4;
pub(crate) const INVALID_VALUE: i32 = 1;
pub(crate) const MAP_FAILED: i32 = 205;
pub(crate) const STATUS_ERROR: u32 = 8;
pub(crate) const STATUS_ERROR_CONCEALED: u32 = 9;
pub(crate) const PACKET_END_OF_STREAM: c_ulong = 1;
pub(crate) const PACKET_TIMESTAMP: c_ulong = 2;
pub(crate) const PACKET_DISCONTINUITY: c_ulong = 4;
pub(crate) const PACKET_END_OF_PICTURE: c_ulong = 8;

/// `CUVIDDECODECAPS`.
#[repr(C)]
pub(crate) struct DecodeCaps {
    pub(crate) codec: u32,
    pub(crate) chroma: u32,
    pub(crate) bit_depth_minus8: u32,
    pub(crate) reserved1: [u32; 3],
    pub(crate) supported: u8,
    pub(crate) engines: u8,
    pub(crate) output_format_mask: u16,
    pub(crate) max_width: u32,
    pub(crate) max_height: u32,
    pub(crate) max_macroblocks: u32,
    pub(crate) min_width: u16,
    pub(crate) min_height: u16,
    pub(crate) histogram: [u8; 4],
    pub(crate) reserved3: [u32; 10],
}

/// Four edges, as the decoder's structures have them.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edges<T> {
    pub(crate) left: T,
    pub(crate) top: T,
    pub(crate) right: T,
    pub(crate) bottom: T,
}

/// `CUVIDDECODECREATEINFO`.
#[repr(C)]
pub(crate) struct DecodeCreateInfo {
    pub(crate) width: c_ulong,
    pub(crate) height: c_ulong,
    pub(crate) decode_surfaces: c_ulong,
    pub(crate) codec: u32,
    pub(crate) chroma: u32,
    pub(crate) creation_flags: c_ulong,
    pub(crate) bit_depth_minus8: c_ulong,
    pub(crate) intra_only: c_ulong,
    pub(crate) max_width: c_ulong,
    pub(crate) max_height: c_ulong,
    pub(crate) reserved1: c_ulong,
    pub(crate) display_area: Edges<i16>,
    pub(crate) output_format: u32,
    pub(crate) deinterlace: u32,
    pub(crate) target_width: c_ulong,
    pub(crate) target_height: c_ulong,
    pub(crate) output_surfaces: c_ulong,
    pub(crate) lock: *mut c_void,
    pub(crate) target_rect: Edges<i16>,
    pub(crate) histogram: c_ulong,
    pub(crate) reserved2: [c_ulong; 4],
}

/// `CUVIDPROCPARAMS`.
#[repr(C)]
pub(crate) struct ProcParams {
    pub(crate) progressive_frame: c_int,
    pub(crate) second_field: c_int,
    pub(crate) top_field_first: c_int,
    pub(crate) unpaired_field: c_int,
    pub(crate) reserved: [u32; 2],
    pub(crate) raw_input: [u64; 2],
    pub(crate) raw_output: [u64; 2],
    pub(crate) output_stream: super::cuda::Stream,
    pub(crate) reserved1: [u32; 46],
    pub(crate) histogram: *mut u64,
    pub(crate) reserved2: *mut c_void,
}

/// `CUVIDGETDECODESTATUS`.
#[repr(C)]
pub(crate) struct DecodeStatus {
    pub(crate) status: u32,
    pub(crate) reserved: [u32; 31],
    pub(crate) reserved_pointers: [*mut c_void; 8],
}

/// The front of `CUVIDPICPARAMS`; the driver's parser makes it and its decoder reads it, we only look which picture it is.
#[repr(C)]
pub(crate) struct PicParams {
    pub(crate) width_in_blocks: c_int,
    pub(crate) height_in_blocks: c_int,
    pub(crate) picture_index: c_int,
}

/// `CUVIDEOFORMAT`.
#[repr(C)]
pub(crate) struct VideoFormat {
    pub(crate) codec: u32,
    pub(crate) frame_rate: [u32; 2],
    pub(crate) progressive: u8,
    pub(crate) bit_depth_luma_minus8: u8,
    pub(crate) bit_depth_chroma_minus8: u8,
    pub(crate) min_decode_surfaces: u8,
    pub(crate) coded_width: u32,
    pub(crate) coded_height: u32,
    pub(crate) display_area: Edges<c_int>,
    pub(crate) chroma: u32,
    pub(crate) bitrate: u32,
    pub(crate) display_aspect: [c_int; 2],
    /// Three bits of video format, then one of full range.
    pub(crate) signal_flags: u8,
    pub(crate) primaries: u8,
    pub(crate) transfer: u8,
    pub(crate) matrix: u8,
    pub(crate) sequence_header_bytes: u32,
}

/// `CUVIDSOURCEDATAPACKET`.
#[repr(C)]
pub(crate) struct SourceDataPacket {
    pub(crate) flags: c_ulong,
    pub(crate) payload_size: c_ulong,
    pub(crate) payload: *const u8,
    pub(crate) timestamp: i64,
}

/// `CUVIDPARSERDISPINFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct DisplayInfo {
    pub(crate) picture_index: c_int,
    pub(crate) progressive_frame: c_int,
    pub(crate) top_field_first: c_int,
    pub(crate) repeat_first_field: c_int,
    pub(crate) timestamp: i64,
}

pub(crate) type SequenceCallback = unsafe extern "C" fn(*mut c_void, *mut VideoFormat) -> c_int;
pub(crate) type DecodeCallback = unsafe extern "C" fn(*mut c_void, *mut PicParams) -> c_int;
pub(crate) type DisplayCallback = unsafe extern "C" fn(*mut c_void, *mut DisplayInfo) -> c_int;

/// `CUVIDPARSERPARAMS`.
#[repr(C)]
pub(crate) struct ParserParams {
    pub(crate) codec: u32,
    pub(crate) max_decode_surfaces: u32,
    pub(crate) clock_rate: u32,
    pub(crate) error_threshold: u32,
    pub(crate) max_display_delay: u32,
    pub(crate) annex_b: u32,
    pub(crate) reserved1: [u32; 4],
    pub(crate) user_data: *mut c_void,
    pub(crate) sequence: Option<SequenceCallback>,
    pub(crate) decode: Option<DecodeCallback>,
    pub(crate) display: Option<DisplayCallback>,
    pub(crate) operating_point: *mut c_void,
    pub(crate) sei: *mut c_void,
    pub(crate) reserved2: [*mut c_void; 5],
    pub(crate) extended: *mut c_void,
}

layout!(DecodeCaps, 88, supported: 24, max_width: 28, min_width: 40);
layout!(DecodeCreateInfo, 176, creation_flags: 32, display_area: 80, output_format: 88, target_width: 96, target_rect: 128);
layout!(ProcParams, 264, raw_input: 24, output_stream: 56, histogram: 248);
layout!(DecodeStatus, 192);
layout!(PicParams, 12, picture_index: 8);
layout!(VideoFormat, 64, progressive: 12, coded_width: 16, display_area: 24, chroma: 40, signal_flags: 56, sequence_header_bytes: 60);
layout!(SourceDataPacket, 32, timestamp: 24);
layout!(DisplayInfo, 24, timestamp: 16);
layout!(ParserParams, 136, user_data: 40, sequence: 48, operating_point: 72, extended: 128);
