//! An encode session with no more care than the test gives it: every status comes back as a number.
#![allow(unused_unsafe)]

use std::ffi::c_void;
use std::mem::{MaybeUninit, zeroed};
use std::ptr::null_mut;

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

use crate::library::Library;

type Answer = Result<*mut c_void, u32>;

/// A session of 320 by 240 at 25 frames a second.
pub(crate) struct Encoder {
    table: api::NV_ENCODE_API_FUNCTION_LIST,
    handle: *mut c_void,
    codec: api::GUID,
    /// What its pictures are told of as.
    pub(crate) format: api::NV_ENC_BUFFER_FORMAT,
}

macro_rules! ask {
    ($self:ident.$entry:ident($($argument:expr),*)) => {
        // SAFETY: structures of the interface's version, with versions that the test chose.
        unsafe { $self.table.$entry.expect("the table has it")($self.handle, $($argument),*) as u32 }
    };
}

fn answer(code: u32, value: *mut c_void) -> Answer {
    if code == 0 { Ok(value) } else { Err(code) }
}

impl Encoder {
    pub(crate) fn open(context: u64) -> Result<Self, u32> {
        let library = Library::open("libnvidia-encode.so.1");
        // SAFETY: structures of numbers and pointers, for which zero is a value; the functions are those of the header.
        unsafe {
            let mut table: api::NV_ENCODE_API_FUNCTION_LIST = zeroed();
            table.version = api::NV_ENCODE_API_FUNCTION_LIST_VER;
            type Create = unsafe extern "C" fn(*mut api::NV_ENCODE_API_FUNCTION_LIST) -> u32;
            let create = std::mem::transmute::<*mut c_void, Create>(library.symbol("NvEncodeAPICreateInstance"));
            let code = create(&raw mut table);
            if code != 0 {
                return Err(code);
            }
            let mut how: api::NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS = zeroed();
            how.version = api::NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS_VER;
            how.apiVersion = api::NVENCAPI_VERSION;
            how.deviceType = api::NV_ENC_DEVICE_TYPE::NV_ENC_DEVICE_TYPE_CUDA;
            how.device = context as *mut c_void;
            let mut handle = null_mut();
            let code = table.nvEncOpenEncodeSessionEx.expect("the table has it")(&raw mut how, &raw mut handle) as u32;
            let format = api::NV_ENC_BUFFER_FORMAT::NV_ENC_BUFFER_FORMAT_NV12;
            if code == 0 { Ok(Self { table, handle, codec: api::NV_ENC_CODEC_H264_GUID, format }) } else { Err(code) }
        }
    }

    /// A session for HEVC, of 10 bit where `deep` says so.
    pub(crate) fn hevc(context: u64, deep: bool) -> Self {
        let format = api::NV_ENC_BUFFER_FORMAT::NV_ENC_BUFFER_FORMAT_YUV420_10BIT;
        let session = Self::open(context).expect("a session");
        let format = if deep { format } else { session.format };
        Self { codec: api::NV_ENC_CODEC_HEVC_GUID, format, ..session }
    }

    /// A session for AV1.
    pub(crate) fn av1(context: u64) -> Self {
        Self { codec: api::NV_ENC_CODEC_AV1_GUID, ..Self::open(context).expect("a session") }
    }

    /// The first numbers of the codecs that are told of.
    pub(crate) fn codecs(&self) -> Vec<u32> {
        let mut guids = [self.codec; 8];
        let (mut all, mut count) = (0, 0);
        assert_eq!(ask!(self.nvEncGetEncodeGUIDCount(&raw mut all)), 0);
        assert_eq!(ask!(self.nvEncGetEncodeGUIDs(guids.as_mut_ptr(), 8, &raw mut count)), 0);
        assert_eq!(all, count);
        guids[..count as usize].iter().map(|guid| guid.Data1).collect()
    }

    /// What the encoder says of an ability.
    pub(crate) fn ability(&self, ability: api::NV_ENC_CAPS) -> Result<i32, u32> {
        // SAFETY: as above.
        let mut how: api::NV_ENC_CAPS_PARAM = unsafe { zeroed() };
        (how.version, how.capsToQuery) = (api::NV_ENC_CAPS_PARAM_VER, ability);
        let mut value = 0;
        let code = ask!(self.nvEncGetEncodeCaps(self.codec, &raw mut how, &raw mut value));
        if code == 0 { Ok(value) } else { Err(code) }
    }

    /// The newest version of the interface that the driver knows.
    pub(crate) fn newest() -> u32 {
        let library = Library::open("libnvidia-encode.so.1");
        let mut version = 0;
        // SAFETY: the function is that of the header, and a number is written.
        unsafe {
            type Newest = unsafe extern "C" fn(*mut u32) -> u32;
            let newest = library.symbol("NvEncodeAPIGetMaxSupportedVersion");
            let newest = std::mem::transmute::<*mut c_void, Newest>(newest);
            assert_eq!(newest(&raw mut version), 0);
        }
        version
    }

    /// One key frame at the start, then none; 1 Mbit a second.
    pub(crate) fn config(&self) -> api::NV_ENC_CONFIG {
        // SAFETY: as above.
        unsafe {
            let mut preset = MaybeUninit::<api::NV_ENC_PRESET_CONFIG>::zeroed();
            let to = preset.as_mut_ptr();
            (*to).version = api::NV_ENC_PRESET_CONFIG_VER;
            (*to).presetCfg.version = api::NV_ENC_CONFIG_VER;
            let tuning = api::NV_ENC_TUNING_INFO::NV_ENC_TUNING_INFO_ULTRA_LOW_LATENCY;
            let ids = (self.codec, api::NV_ENC_PRESET_P1_GUID);
            assert_eq!(ask!(self.nvEncGetEncodePresetConfigEx(ids.0, ids.1, tuning, to)), 0);
            let mut preset = preset.assume_init();
            preset.presetCfg.rcParams.averageBitRate = 1_000_000;
            preset.presetCfg.rcParams.vbvBufferSize = 200_000;
            preset.presetCfg
        }
    }

    pub(crate) fn parameters(&self, config: &mut api::NV_ENC_CONFIG) -> api::NV_ENC_INITIALIZE_PARAMS {
        // SAFETY: as above.
        let mut init: api::NV_ENC_INITIALIZE_PARAMS = unsafe { zeroed() };
        init.version = api::NV_ENC_INITIALIZE_PARAMS_VER;
        init.encodeGUID = self.codec;
        init.presetGUID = api::NV_ENC_PRESET_P1_GUID;
        (init.encodeWidth, init.encodeHeight) = (320, 240);
        (init.frameRateNum, init.frameRateDen) = (25, 1);
        init.enablePTD = 1;
        init.encodeConfig = config;
        init
    }

    pub(crate) fn initialize(&self, init: &mut api::NV_ENC_INITIALIZE_PARAMS) -> u32 {
        ask!(self.nvEncInitializeEncoder(init))
    }

    pub(crate) fn reconfigure(&self, how: &mut api::NV_ENC_RECONFIGURE_PARAMS) -> u32 {
        ask!(self.nvEncReconfigureEncoder(how))
    }

    pub(crate) fn register(&self, address: u64, pitch: u32) -> Answer {
        // SAFETY: as above.
        let mut how: api::NV_ENC_REGISTER_RESOURCE = unsafe { zeroed() };
        how.version = api::NV_ENC_REGISTER_RESOURCE_VER;
        how.resourceType = api::NV_ENC_INPUT_RESOURCE_TYPE::NV_ENC_INPUT_RESOURCE_TYPE_CUDADEVICEPTR;
        (how.width, how.height, how.pitch) = (320, 240, pitch);
        how.resourceToRegister = address as *mut c_void;
        how.bufferFormat = self.format;
        answer(ask!(self.nvEncRegisterResource(&raw mut how)), how.registeredResource)
    }

    pub(crate) fn unregister(&self, registered: *mut c_void) -> u32 {
        ask!(self.nvEncUnregisterResource(registered))
    }

    pub(crate) fn map(&self, registered: *mut c_void) -> Answer {
        // SAFETY: as above.
        let mut how: api::NV_ENC_MAP_INPUT_RESOURCE = unsafe { zeroed() };
        how.version = api::NV_ENC_MAP_INPUT_RESOURCE_VER;
        how.registeredResource = registered;
        answer(ask!(self.nvEncMapInputResource(&raw mut how)), how.mappedResource)
    }

    pub(crate) fn unmap(&self, mapped: *mut c_void) -> u32 {
        ask!(self.nvEncUnmapInputResource(mapped))
    }

    pub(crate) fn unlock(&self, output: *mut c_void) -> u32 {
        ask!(self.nvEncUnlockBitstream(output))
    }

    pub(crate) fn destroy_output(&self, output: *mut c_void) -> u32 {
        ask!(self.nvEncDestroyBitstreamBuffer(output))
    }

    /// The session's end.
    pub(crate) fn close(self) -> u32 {
        ask!(self.nvEncDestroyEncoder())
    }

    /// The stream that inputs are written in.
    pub(crate) fn follow(&self, mut stream: u64) -> u32 {
        let stream: api::NV_ENC_CUSTREAM_PTR = (&raw mut stream).cast();
        ask!(self.nvEncSetIOCudaStreams(stream, stream))
    }

    /// The end of the stream.
    pub(crate) fn finish(&self) -> u32 {
        // SAFETY: as above.
        unsafe {
            let mut picture = MaybeUninit::<api::NV_ENC_PIC_PARAMS>::zeroed();
            let to = picture.as_mut_ptr();
            (*to).version = api::NV_ENC_PIC_PARAMS_VER;
            (*to).encodePicFlags = 8;
            ask!(self.nvEncEncodePicture(to))
        }
    }

    /// What comes of a structure of each kind whose version is another.
    pub(crate) fn wrong_versions(&self) -> [u32; 6] {
        const WRONG: u32 = 1 << 16;
        // SAFETY: as above; the version is looked at before anything else.
        unsafe {
            let mut register: api::NV_ENC_REGISTER_RESOURCE = zeroed();
            register.version = api::NV_ENC_REGISTER_RESOURCE_VER ^ WRONG;
            let mut map: api::NV_ENC_MAP_INPUT_RESOURCE = zeroed();
            map.version = api::NV_ENC_MAP_INPUT_RESOURCE_VER ^ WRONG;
            let mut output: api::NV_ENC_CREATE_BITSTREAM_BUFFER = zeroed();
            output.version = api::NV_ENC_CREATE_BITSTREAM_BUFFER_VER ^ WRONG;
            let mut again: api::NV_ENC_RECONFIGURE_PARAMS = zeroed();
            again.version = api::NV_ENC_RECONFIGURE_PARAMS_VER ^ WRONG;
            let mut picture = MaybeUninit::<api::NV_ENC_PIC_PARAMS>::zeroed();
            (*picture.as_mut_ptr()).version = api::NV_ENC_PIC_PARAMS_VER ^ WRONG;
            let mut lock = MaybeUninit::<api::NV_ENC_LOCK_BITSTREAM>::zeroed();
            (*lock.as_mut_ptr()).version = api::NV_ENC_LOCK_BITSTREAM_VER ^ WRONG;
            [
                ask!(self.nvEncRegisterResource(&raw mut register)),
                ask!(self.nvEncMapInputResource(&raw mut map)),
                ask!(self.nvEncCreateBitstreamBuffer(&raw mut output)),
                ask!(self.nvEncReconfigureEncoder(&raw mut again)),
                ask!(self.nvEncEncodePicture(picture.as_mut_ptr())),
                ask!(self.nvEncLockBitstream(lock.as_mut_ptr())),
            ]
        }
    }

    pub(crate) fn output(&self) -> *mut c_void {
        // SAFETY: as above.
        let mut how: api::NV_ENC_CREATE_BITSTREAM_BUFFER = unsafe { zeroed() };
        how.version = api::NV_ENC_CREATE_BITSTREAM_BUFFER_VER;
        assert_eq!(ask!(self.nvEncCreateBitstreamBuffer(&raw mut how)), 0);
        how.bitstreamBuffer
    }

    pub(crate) fn encode(&self, input: *mut c_void, output: *mut c_void, flags: u32) -> u32 {
        self.encode_at(input, output, flags, 0)
    }

    pub(crate) fn encode_at(&self, input: *mut c_void, output: *mut c_void, flags: u32, time: u64) -> u32 {
        // SAFETY: as above; the enumerations have a member of every value that is left at zero or are set here.
        unsafe {
            let mut picture = MaybeUninit::<api::NV_ENC_PIC_PARAMS>::zeroed();
            let to = picture.as_mut_ptr();
            (*to).version = api::NV_ENC_PIC_PARAMS_VER;
            (*to).encodePicFlags = flags;
            (*to).inputBuffer = input;
            (*to).inputTimeStamp = time;
            (*to).outputBitstream = output;
            (*to).bufferFmt = self.format;
            (*to).pictureStruct = api::NV_ENC_PIC_STRUCT::NV_ENC_PIC_STRUCT_FRAME;
            ask!(self.nvEncEncodePicture(to))
        }
    }

    /// The bytes and the type of what was encoded.
    pub(crate) fn fetch(&self, output: *mut c_void) -> Result<(Vec<u8>, u32), u32> {
        self.lock(output, true).map(|(bytes, kind, _)| {
            assert_eq!(self.unlock(output), 0);
            (bytes, kind)
        })
    }

    /// As [`Encoder::fetch`], with its time, and locked still.
    pub(crate) fn lock(&self, output: *mut c_void, wait: bool) -> Result<(Vec<u8>, u32, u64), u32> {
        // SAFETY: as above; the bytes live until the output is unlocked.
        unsafe {
            let mut how = MaybeUninit::<api::NV_ENC_LOCK_BITSTREAM>::zeroed();
            let to = how.as_mut_ptr();
            (*to).version = api::NV_ENC_LOCK_BITSTREAM_VER;
            (*to).outputBitstream = output;
            (*to).set_doNotWait(u32::from(!wait));
            let code = ask!(self.nvEncLockBitstream(to));
            if code != 0 {
                return Err(code);
            }
            let size = (*to).bitstreamSizeInBytes as usize;
            let bytes = std::slice::from_raw_parts((*to).bitstreamBufferPtr.cast::<u8>(), size).to_vec();
            let kind = (&raw const (*to).pictureType).cast::<u32>().read();
            Ok((bytes, kind, (*to).outputTimeStamp))
        }
    }
}
