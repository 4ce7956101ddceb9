//! The one room that touches libav's raw pointers: what ffmpeg-next's safe layer does not give.
#![allow(unsafe_code)]

mod scale;

pub use scale::Scaler;

use crate::pipeline::frame::{PictureMut, PixelFormat, PlaneMut};
use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::{Once, OnceLock};

static INIT: Once = Once::new();

/// Prints nothing: libav's own log is silenced, its errors come back as values, which have words from here on.
pub fn init() {
    INIT.call_once(|| {
        ffmpeg::log::set_level(ffmpeg::log::Level::Quiet);
        ffmpeg::util::error::register_all();
    });
}

/// Has SVT-AV1 say on standard error no more than what goes wrong: it knows no other way than its environment. For `main`, which calls it
/// before there is another thread.
pub fn quiet_svtav1() {
    if std::env::var_os("SVT_LOG").is_none() {
        // SAFETY: no other thread reads the environment, because there is none yet.
        unsafe { std::env::set_var("SVT_LOG", "1") };
    }
}

/// What a container says of a video or audio track, beside its codec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackFacts {
    /// Decoder configuration record, or parameter sets with start codes.
    pub extradata: Vec<u8>,
    /// Sample aspect ratio; (0, 1) where unknown.
    pub sample_aspect: (i32, i32),
    /// Width in pixels as libavformat found it; audio: 0.
    pub width: i32,
    /// Height in pixels as libavformat found it; audio: 0.
    pub height: i32,
    /// Frames of reordering that libavformat saw (`video_delay`).
    pub reorder: i32,
    /// Samples a second as heard; video: 0.
    pub sample_rate: i32,
    /// Channels as heard; video: 0.
    pub channels: i32,
    /// The codec's profile (libavcodec/avcodec.h, `FF_PROFILE_`), negative where unknown.
    pub profile: i32,
}

/// Reads what [`ffmpeg::codec::Parameters`] keeps behind its pointer.
#[must_use]
pub fn track_facts(parameters: &ffmpeg::codec::Parameters) -> TrackFacts {
    // SAFETY: the pointer is valid for the life of `parameters`, which is borrowed for the whole of this function; the
    // fields are plain data, and `extradata` is null or holds `extradata_size` bytes (libavcodec/codec_par.h).
    unsafe {
        let raw = &*parameters.as_ptr();
        let extradata = match usize::try_from(raw.extradata_size) {
            Ok(len) if len > 0 && !raw.extradata.is_null() => std::slice::from_raw_parts(raw.extradata, len).to_vec(),
            _ => Vec::new(),
        };
        TrackFacts {
            extradata,
            sample_aspect: (raw.sample_aspect_ratio.num, raw.sample_aspect_ratio.den),
            width: raw.width,
            height: raw.height,
            reorder: raw.video_delay,
            sample_rate: raw.sample_rate,
            channels: raw.ch_layout.nb_channels,
            profile: raw.profile,
        }
    }
}

/// The three planes of an I420 frame that libav allocated, to be written. Empty planes where it is another format, or where
/// somebody else (an encoder that looks ahead) still reads the samples and there is no memory for others.
#[must_use]
pub fn i420_mut(frame: &mut ffmpeg::frame::Video) -> PictureMut<'_> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    // SAFETY: the frame is borrowed mutably for as long as the planes live, and after av_frame_make_writable nobody else
    // refers to its buffers (libavutil/frame.h). av_frame_get_buffer gives each plane of a YUV420P frame `linesize` bytes
    // for each of its rows, in places that do not overlap; `linesize` is positive for frames that libav allocates.
    let planes = unsafe {
        let raw = frame.as_mut_ptr();
        let ours = frame.format() == ffmpeg::format::Pixel::YUV420P && ffmpeg::ffi::av_frame_make_writable(raw) >= 0;
        [0, 1, 2].map(|index| {
            let (width, rows) = if index == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) };
            let (start, stride) = ((*raw).data[index], usize::try_from((*raw).linesize[index]).unwrap_or(0));
            let data: &mut [u8] =
                if ours && !start.is_null() { std::slice::from_raw_parts_mut(start, stride * rows) } else { &mut [] };
            PlaneMut { data, stride, width, height: rows }
        })
    };
    PictureMut { format: PixelFormat::I420, width, height, planes }
}

/// What libavcodec's libx264 wrapper takes over before each frame (`reconfig_encoder` in libx264.c).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Bits a second.
    pub bitrate: i64,
    /// Bits a second.
    pub max: i64,
    /// Bits.
    pub buffer: i64,
    /// Constant quality, where that is the rate control.
    pub crf: Option<f64>,
}

/// Tells a running libx264 other rates.
///
/// # Errors
/// The encoder knows no `crf`: it is not libx264.
pub fn set_rates(encoder: &mut ffmpeg::encoder::video::Encoder, rates: &Rates) -> Result<(), ffmpeg::Error> {
    // SAFETY: the context is open and borrowed mutably, so that no encoding call runs meanwhile; the three numbers are plain
    // fields that may be set by the user (libavcodec/avcodec.h), and av_opt_set_double checks name and range itself.
    unsafe {
        let raw = encoder.as_mut_ptr();
        (*raw).bit_rate = rates.bitrate;
        (*raw).rc_max_rate = rates.max;
        (*raw).rc_buffer_size = i32::try_from(rates.buffer).unwrap_or(i32::MAX);
        if let Some(crf) = rates.crf {
            let set = ffmpeg::ffi::av_opt_set_double((*raw).priv_data, c"crf".as_ptr(), crf, 0);
            if set < 0 {
                return Err(ffmpeg::Error::from(set));
            }
        }
    }
    Ok(())
}

/// When a file begins, in microseconds of its own clock, as libavformat found it.
#[must_use]
pub fn input_start(input: &ffmpeg::format::context::Input) -> Option<i64> {
    // SAFETY: the context is open and borrowed; the field is a plain number (libavformat/avformat.h).
    let start = unsafe { (*input.as_ptr()).start_time };
    (start != ffmpeg::ffi::AV_NOPTS_VALUE).then_some(start)
}

/// What a container is told of a track of video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoTrack<'a> {
    /// Its codec.
    pub codec: ffmpeg::codec::Id,
    /// The container's name of the codec, where it is not to choose itself.
    pub tag: Option<[u8; 4]>,
    /// Width in pixels as coded.
    pub width: u32,
    /// Height in pixels as coded.
    pub height: u32,
    /// Sample aspect ratio.
    pub sample_aspect: (u32, u32),
    /// Parameter sets behind start codes, or a sequence header.
    pub extradata: &'a [u8],
}

/// The parameters of a track, for a container that is written.
#[must_use]
pub fn video_parameters(track: &VideoTrack<'_>) -> ffmpeg::codec::Parameters {
    let mut parameters = ffmpeg::codec::Parameters::new();
    parameters.set_medium(ffmpeg::media::Type::Video);
    parameters.set_id(track.codec);
    let signed = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    // SAFETY: the pointer is valid for the life of `parameters`. Its extradata is allocated by av_mallocz with the padding that
    // libavcodec reads beyond it, is copied in whole, and belongs to the parameters from then on, which free it
    // (libavcodec/codec_par.h); where there is no memory it stays absent. The other fields are plain numbers.
    unsafe {
        let raw = &mut *parameters.as_mut_ptr();
        (raw.width, raw.height) = (signed(track.width), signed(track.height));
        raw.codec_tag = track.tag.map_or(0, u32::from_le_bytes);
        raw.sample_aspect_ratio =
            ffmpeg::ffi::AVRational { num: signed(track.sample_aspect.0), den: signed(track.sample_aspect.1) };
        let padded = track.extradata.len() + ffmpeg::ffi::AV_INPUT_BUFFER_PADDING_SIZE as usize;
        let bytes = ffmpeg::ffi::av_mallocz(padded).cast::<u8>();
        if !bytes.is_null() {
            std::ptr::copy_nonoverlapping(track.extradata.as_ptr(), bytes, track.extradata.len());
            raw.extradata = bytes;
            raw.extradata_size = i32::try_from(track.extradata.len()).unwrap_or(0);
        }
    }
    parameters
}

/// The same parameters without the tag that the container they come from had for the codec: another one has its own.
#[must_use]
pub fn without_tag(parameters: &ffmpeg::codec::Parameters) -> ffmpeg::codec::Parameters {
    let mut copy = parameters.clone();
    // SAFETY: the pointer is valid for the life of `copy`, which owns what it points to; the field is a plain number.
    unsafe { (*copy.as_mut_ptr()).codec_tag = 0 };
    copy
}

/// Whether the container that is written takes a codec.
#[must_use]
pub fn takes(output: &ffmpeg::format::context::Output, codec: ffmpeg::codec::Id) -> bool {
    // SAFETY: the context is open and borrowed, and its format is one of libavformat's statics.
    unsafe { ffmpeg::ffi::avformat_query_codec((*output.as_ptr()).oformat, codec.into(), 0) == 1 }
}

/// A conversion of layouts that may go to another thread.
pub struct Converter(pub ffmpeg::software::scaling::Context);

// SAFETY: a SwsContext is a block of memory that libswscale touches only in calls that are given it, each of which has it borrowed
// mutably here; it keeps nothing of the thread that made it (libswscale/swscale.h).
unsafe impl Send for Converter {}

/// What a demuxer may open: asked for the address itself and for whatever it leads to (the segments of a playlist).
pub trait Terms {
    /// Options of that one connection; `None` refuses it.
    fn of(url: &str) -> Option<Vec<(&'static CStr, CString)>>;
}

/// Opens what lies behind an address, on the terms of `T`. `interrupt` ends the wait at any time.
///
/// # Errors
/// libavformat's.
pub fn open_address<T: Terms, I: FnMut() -> bool + Send + 'static>(
    url: &str,
    format: Option<&str>,
    options: ffmpeg::Dictionary<'_>,
    interrupt: I,
) -> Result<ffmpeg::format::context::Input, ffmpeg::Error> {
    init();
    let invalid = |_| ffmpeg::Error::InvalidData;
    let url = CString::new(url).map_err(invalid)?;
    let format = format.map(CString::new).transpose().map_err(invalid)?;
    // SAFETY: a context of libavformat's own making is given the callbacks before it is opened. `avformat_open_input`
    // takes it over and frees it where it fails; the guard that owns `interrupt` outlives it in both cases, since `wrap`
    // keeps it and the error paths drop it last. The dictionary is given back to its owner whatever happened.
    unsafe {
        let mut context = ffi::avformat_alloc_context();
        if context.is_null() {
            return Err(ffmpeg::Error::Unknown);
        }
        let interrupt = ffmpeg::util::interrupt::new(Box::new(interrupt));
        (*context).interrupt_callback = interrupt.interrupt;
        (*context).io_open = Some(open_further::<T>);
        let format = match &format {
            None => std::ptr::null(),
            Some(name) => match ffi::av_find_input_format(name.as_ptr()) {
                found if found.is_null() => {
                    ffi::avformat_free_context(context);
                    return Err(ffmpeg::Error::DemuxerNotFound);
                }
                found => found,
            },
        };
        let mut options = options.disown();
        let opened = ffi::avformat_open_input(&raw mut context, url.as_ptr(), format, &raw mut options);
        drop(ffmpeg::Dictionary::own(options));
        if opened < 0 {
            return Err(ffmpeg::Error::from(opened));
        }
        let found = ffi::avformat_find_stream_info(context, std::ptr::null_mut());
        if found < 0 {
            ffi::avformat_close_input(&raw mut context);
            return Err(ffmpeg::Error::from(found));
        }
        Ok(ffmpeg::format::context::Input::wrap_with_interrupt(context, interrupt.guard))
    }
}

/// Opens one address for a demuxer. libavformat's own callback does not pass on the check of certificates from a playlist to
/// its segments.
///
/// # Safety
/// For libavformat alone, as `io_open` of a context that it made.
unsafe extern "C" fn open_further<T: Terms>(
    context: *mut ffi::AVFormatContext,
    io: *mut *mut ffi::AVIOContext,
    url: *const c_char,
    flags: c_int,
    options: *mut *mut ffi::AVDictionary,
) -> c_int {
    // SAFETY: libavformat calls this with pointers that are valid for the call; `options` may be null. Both strings of
    // `av_dict_set` are copied by it. Where `avio_open2` succeeds, `*io` is a context of its own making, whose `read_packet`
    // is a public field.
    unsafe {
        let refused = c_int::from(ffmpeg::Error::ProtocolNotFound);
        let Ok(text) = CStr::from_ptr(url).to_str() else { return refused };
        let Some(terms) = T::of(text) else { return refused };
        let mut own = std::ptr::null_mut();
        if !options.is_null() {
            ffi::av_dict_copy(&raw mut own, *options, 0);
        }
        for (name, value) in terms {
            ffi::av_dict_set(&raw mut own, name.as_ptr(), value.as_ptr(), 0);
        }
        let opened = ffi::avio_open2(io, url, flags, &raw const (*context).interrupt_callback, &raw mut own);
        ffi::av_dict_free(&raw mut own);
        if opened >= 0
            && let Some(read) = (**io).read_packet
            && std::ptr::fn_addr_eq(*READ.get_or_init(|| read), read)
        {
            (**io).read_packet = Some(counted_read);
        }
        opened
    }
}

/// # Safety
/// Called with the `opaque` of its context and a buffer of as many bytes as it is told.
type ReadPacket = unsafe extern "C" fn(*mut c_void, *mut u8, c_int) -> c_int;

/// libavformat's own reading of an address; the same function for every one.
static READ: OnceLock<ReadPacket> = OnceLock::new();

thread_local! {
    /// Bytes that this thread may still read from addresses.
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Runs `work`, in which this thread reads at most so many bytes from addresses opened by [`open_address`]; gives what it gave,
/// and whether they were not enough. A playlist without end would otherwise be kept as a list without end.
pub fn within_bytes<T>(bytes: u64, work: impl FnOnce() -> T) -> (T, bool) {
    LEFT.set(bytes);
    let done = work();
    (done, LEFT.replace(u64::MAX) == 0)
}

/// Reads as [`READ`] does, and no more than [`LEFT`].
///
/// # Safety
/// For libavformat alone, as `read_packet` of a context whose own was [`READ`].
unsafe extern "C" fn counted_read(opaque: *mut c_void, buffer: *mut u8, size: c_int) -> c_int {
    let left = LEFT.get();
    let Some(read) = READ.get().filter(|_| left > 0) else {
        return c_int::from(ffmpeg::Error::Other { errno: ffmpeg::util::error::EFBIG });
    };
    let size = c_int::try_from(left).map_or(size, |left| size.min(left));
    // SAFETY: this stands in for `read` on contexts whose function it was, with the same `opaque` and buffer; `size` is only
    // made smaller.
    let got = unsafe { read(opaque, buffer, size) };
    LEFT.set(left - u64::try_from(got).unwrap_or(0).min(left));
    got
}

/// Whether a TLS handshake with `host` succeeds where its certificate is not looked at: tells a certificate that is not
/// trusted from a connection that fails. Nothing is sent over it.
pub fn tls_answers(host: &str, port: u16, interrupt: impl FnMut() -> bool + Send + 'static) -> bool {
    init();
    let Ok(url) = CString::new(format!("tls://{host}:{port}?verify=0")) else { return false };
    let interrupt = ffmpeg::util::interrupt::new(Box::new(interrupt));
    // SAFETY: `io` is written by `avio_open2` and closed here; the callback's guard lives until the end of the function.
    unsafe {
        let mut io = std::ptr::null_mut();
        let flags = ffi::AVIO_FLAG_READ as c_int;
        let opened =
            ffi::avio_open2(&raw mut io, url.as_ptr(), flags, &raw const interrupt.interrupt, std::ptr::null_mut());
        if opened >= 0 {
            ffi::avio_closep(&raw mut io);
        }
        opened >= 0
    }
}

/// Makes the demuxers of libavdevice known. It is loaded when it is first asked for, not linked: it draws in the libraries
/// of a whole desktop, and most machines have no camera of their own.
///
/// # Errors
/// What to install.
pub fn load_devices() -> Result<(), String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            // libavdevice has had the major version of libavformat in every release since FFmpeg 5.
            let major = ffmpeg::format::version() >> 16;
            let missing = |_| {
                format!(
                    "Cameras of this machine need libavdevice {major}. On Debian: apt-get install libavdevice{major}."
                )
            };
            // SAFETY: the library of FFmpeg that belongs to the linked libavformat runs nothing when it is loaded, the
            // function has this signature (libavdevice/avdevice.h), and the library is never unloaded.
            unsafe {
                let library = libloading::Library::new(format!("libavdevice.so.{major}")).map_err(missing)?;
                let library = Box::leak(Box::new(library));
                let register: libloading::Symbol<'_, unsafe extern "C" fn()> =
                    library.get(b"avdevice_register_all\0").map_err(missing)?;
                register();
            }
            Ok(())
        })
        .clone()
}
