//! A decoder with no more care than the test gives it: parser, callbacks, and pictures that are mapped when the test says so.

use std::ffi::{c_int, c_ulong, c_void};
use std::mem::zeroed;
use std::path::Path;
use std::process::Command;

use nvidia_video_codec_sdk::sys::cuviddec as dec;
use nvidia_video_codec_sdk::sys::nvcuvid as par;

use crate::library::{Cuda, Library, call};

pub(crate) const WIDTH: usize = 320;
pub(crate) const HEIGHT: usize = 240;

/// 24 pictures of H.264, 320 by 240.
pub(crate) fn clip(folder: &Path, how: &[&str]) -> Vec<u8> {
    let path = folder.join("clip.h264");
    let source = format!("testsrc2=s={WIDTH}x{HEIGHT}:r=24:d=1");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"]);
    command.args(["-c:v", "libx264", "-g", "12"]).args(how).arg(&path).env_remove("LD_LIBRARY_PATH");
    assert!(command.status().expect("ffmpeg runs").success());
    std::fs::read(path).expect("the clip")
}

/// What a client does with a picture that is to be shown.
type Shown = Box<dyn FnMut(&Decoder, c_int)>;

/// A client.
pub(crate) struct Decoder {
    library: Library,
    pub(crate) handle: u64,
    /// How many pictures may be mapped at once.
    outputs: c_ulong,
    /// Whether it makes do with fewer surfaces than the parser asks for.
    pub(crate) stingy: bool,
    /// The status of the first call that failed inside a callback.
    pub(crate) failed: u32,
    shown: Option<Shown>,
}

/// A decoder for pictures of this codec and size with nothing wrong about it.
pub(crate) fn request(codec: dec::cudaVideoCodec, width: usize, height: usize) -> dec::CUVIDDECODECREATEINFO {
    // SAFETY: numbers and enumerations, of which zero is a value of each.
    let mut info: dec::CUVIDDECODECREATEINFO = unsafe { zeroed() };
    info.CodecType = codec;
    info.ChromaFormat = dec::cudaVideoChromaFormat::cudaVideoChromaFormat_420;
    info.OutputFormat = dec::cudaVideoSurfaceFormat::cudaVideoSurfaceFormat_NV12;
    (info.ulWidth, info.ulHeight) = (width as c_ulong, height as c_ulong);
    (info.ulTargetWidth, info.ulTargetHeight) = (info.ulWidth, info.ulHeight);
    (info.ulNumDecodeSurfaces, info.ulNumOutputSurfaces) = (8, 2);
    info
}

// SAFETY: called by the parser with the client's own pointer and a format.
unsafe extern "C" fn sequence(client: *mut c_void, format: *mut par::CUVIDEOFORMAT) -> c_int {
    // SAFETY: the pointer that `parse` gave, which nobody else uses meanwhile.
    let (decoder, format) = unsafe { (&mut *client.cast::<Decoder>(), &*format) };
    let mut info = request(format.codec, format.coded_width as usize, format.coded_height as usize);
    let surfaces = if decoder.stingy { 2 } else { format.min_num_decode_surfaces };
    info.ulNumDecodeSurfaces = c_ulong::from(surfaces);
    info.ulNumOutputSurfaces = decoder.outputs;
    let mut handle = 0_u64;
    decoder.failed = call!(decoder.cuvidCreateDecoder(&raw mut handle, &raw mut info));
    decoder.handle = handle;
    c_int::from(surfaces) * c_int::from(decoder.failed == 0)
}

// SAFETY: as above, with a picture.
unsafe extern "C" fn decode(client: *mut c_void, picture: *mut dec::CUVIDPICPARAMS) -> c_int {
    // SAFETY: as above.
    let decoder = unsafe { &mut *client.cast::<Decoder>() };
    decoder.failed = call!(decoder.cuvidDecodePicture(decoder.handle, picture));
    c_int::from(decoder.failed == 0)
}

// SAFETY: as above, with what is to be shown.
unsafe extern "C" fn display(client: *mut c_void, info: *mut par::CUVIDPARSERDISPINFO) -> c_int {
    // SAFETY: as above.
    let (decoder, index) = unsafe { (&mut *client.cast::<Decoder>(), (*info).picture_index) };
    if let Some(mut shown) = decoder.shown.take() {
        shown(decoder, index);
        decoder.shown = Some(shown);
    }
    1
}

impl Decoder {
    pub(crate) fn new(outputs: c_ulong) -> Box<Self> {
        Box::new(Self {
            library: Library::open("libnvcuvid.so.1"),
            handle: 0,
            outputs,
            stingy: false,
            failed: 0,
            shown: None,
        })
    }

    pub(crate) fn create(&self, info: &mut dec::CUVIDDECODECREATEINFO) -> u32 {
        let (decoder, mut handle) = (self, 0_u64);
        call!(decoder.cuvidCreateDecoder(&raw mut handle, ptr(info)))
    }

    /// Whether a codec and depth can be decoded.
    pub(crate) fn can(&self, codec: dec::cudaVideoCodec, depth: u32) -> bool {
        let decoder = self;
        // SAFETY: numbers and enumerations, of which zero is a value of each.
        let mut caps: dec::CUVIDDECODECAPS = unsafe { zeroed() };
        (caps.eCodecType, caps.nBitDepthMinus8) = (codec, depth - 8);
        caps.eChromaFormat = dec::cudaVideoChromaFormat::cudaVideoChromaFormat_420;
        assert_eq!(call!(decoder.cuvidGetDecoderCaps(&raw mut caps)), 0);
        caps.bIsSupported == 1
    }

    /// Feeds a whole stream; what is to be shown goes to `shown` inside of it. The parser's answer.
    pub(crate) fn parse(&mut self, bytes: &[u8], shown: impl FnMut(&Self, c_int) + 'static) -> u32 {
        self.shown = Some(Box::new(shown));
        // SAFETY: numbers, pointers and enumerations, of which zero is a value of each.
        let mut how: par::CUVIDPARSERPARAMS = unsafe { zeroed() };
        how.CodecType = dec::cudaVideoCodec::cudaVideoCodec_H264;
        how.ulMaxNumDecodeSurfaces = 1;
        how.pUserData = std::ptr::from_mut(self).cast();
        how.pfnSequenceCallback = Some(sequence);
        how.pfnDecodePicture = Some(decode);
        how.pfnDisplayPicture = Some(display);
        let (decoder, mut parser) = (self, 0_u64);
        assert_eq!(call!(decoder.cuvidCreateVideoParser(&raw mut parser, &raw mut how)), 0);
        // SAFETY: as above.
        let mut packet: par::CUVIDSOURCEDATAPACKET = unsafe { zeroed() };
        packet.flags = 1;
        packet.payload_size = bytes.len() as c_ulong;
        packet.payload = bytes.as_ptr();
        let code = call!(decoder.cuvidParseVideoData(parser, &raw mut packet));
        assert_eq!(call!(decoder.cuvidDestroyVideoParser(parser)), 0);
        code
    }

    /// Maps a picture in the order of a stream.
    pub(crate) fn map(&self, index: c_int, stream: u64) -> Result<(u64, usize), u32> {
        let (decoder, mut address, mut pitch) = (self, 0_u64, 0_u32);
        // SAFETY: as above.
        let mut how: dec::CUVIDPROCPARAMS = unsafe { zeroed() };
        (how.progressive_frame, how.output_stream) = (1, stream as *mut _);
        let (to, pitch_to) = (&raw mut address, &raw mut pitch);
        let code = call!(decoder.cuvidMapVideoFrame64(decoder.handle, index, to, pitch_to, &raw mut how));
        if code == 0 { Ok((address, pitch as usize)) } else { Err(code) }
    }

    pub(crate) fn unmap(&self, address: u64) -> u32 {
        let decoder = self;
        call!(decoder.cuvidUnmapVideoFrame64(decoder.handle, address))
    }

    /// A picture's luma, with every care.
    pub(crate) fn luma(&self, cuda: &Cuda, index: c_int) -> Vec<u8> {
        let (address, pitch) = self.map(index, 0).expect("it can be mapped");
        assert_eq!(call!(cuda.cuCtxSynchronize()), 0);
        let bytes = cuda.read_now(address, pitch * HEIGHT);
        assert_eq!(self.unmap(address), 0);
        bytes.chunks(pitch).flat_map(|row| row[..WIDTH].to_vec()).collect()
    }

    pub(crate) fn destroy(&self) -> u32 {
        let decoder = self;
        call!(decoder.cuvidDestroyDecoder(decoder.handle))
    }
}

fn ptr<T>(value: &mut T) -> *mut T {
    value
}
