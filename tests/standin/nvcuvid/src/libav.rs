//! libavcodec as a decoder that gives each picture in the order of decoding.

use std::ffi::c_int;
use std::ptr;

use ffmpeg_sys_next as ff;
use ffmpeg_sys_next::AVPixelFormat;

use crate::codec::Codec;

/// A decoded picture: three planes at 4:2:0.
pub(crate) struct Picture {
    frame: *mut ff::AVFrame,
    pub(crate) planes: [*const u8; 3],
    pub(crate) strides: [isize; 3],
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) deep: bool,
}

// SAFETY: the frame is a reference of its own to counted buffers, and is only read.
unsafe impl Send for Picture {}
// SAFETY: as above.
unsafe impl Sync for Picture {}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: made by `av_frame_clone`, freed once.
        unsafe { ff::av_frame_free(&mut self.frame) };
    }
}

impl Picture {
    /// A reference to what the decoder is about to write into.
    ///
    /// # Safety
    /// libavcodec's frame with its buffers.
    unsafe fn of(frame: *const ff::AVFrame) -> Option<Self> {
        // SAFETY: libavcodec's frame, allocated just now.
        unsafe {
            let format = (*frame).format;
            let deep = format == AVPixelFormat::AV_PIX_FMT_YUV420P10LE as c_int;
            let plain = [AVPixelFormat::AV_PIX_FMT_YUV420P as c_int, AVPixelFormat::AV_PIX_FMT_YUVJ420P as c_int];
            if !deep && !plain.contains(&format) {
                return None;
            }
            let size = |number: c_int| usize::try_from(number).unwrap_or(0);
            let (width, height) = (size((*frame).width), size((*frame).height));
            let clone = ff::av_frame_clone(frame);
            if clone.is_null() {
                return None;
            }
            let plane = |number: usize| (*clone).data[number].cast_const();
            let stride = |number: usize| (*clone).linesize[number] as isize;
            let (planes, strides) = ([plane(0), plane(1), plane(2)], [stride(0), stride(1), stride(2)]);
            Some(Self { frame: clone, planes, strides, width, height, deep })
        }
    }
}

/// The decoder. It is used by one thread at a time.
pub(crate) struct Decoder {
    context: *mut ff::AVCodecContext,
    packet: *mut ff::AVPacket,
    output: *mut ff::AVFrame,
    newest: Box<Option<Picture>>,
}

// SAFETY: whoever owns the decoder is the only one to touch it.
unsafe impl Send for Decoder {}

/// Called by libavcodec for the memory of each picture, before it is decoded: the one moment that tells which is which.
unsafe extern "C" fn get_buffer(context: *mut ff::AVCodecContext, frame: *mut ff::AVFrame, flags: c_int) -> c_int {
    // SAFETY: libavcodec's own pointers; `opaque` is the boxed slot of `Decoder::open`, which lives as long as the context.
    unsafe {
        let status = ff::avcodec_default_get_buffer2(context, frame, flags);
        if status >= 0 {
            *(*context).opaque.cast::<Option<Picture>>() = Picture::of(frame);
        }
        status
    }
}

impl Decoder {
    pub(crate) fn open(codec: Codec) -> Option<Self> {
        // SAFETY: each pointer is looked at before it is used.
        unsafe {
            let found = ff::avcodec_find_decoder(codec.libav());
            let context = if found.is_null() { ptr::null_mut() } else { ff::avcodec_alloc_context3(found) };
            if context.is_null() {
                return None;
            }
            // Quiet by itself: the level of the process is its client's own.
            (*context).log_level_offset = ff::AV_LOG_TRACE + 1;
            let mut newest = Box::new(None);
            (*context).opaque = ptr::from_mut::<Option<Picture>>(newest.as_mut()).cast();
            (*context).get_buffer2 = Some(get_buffer);
            // A second thread would give pictures a packet late.
            (*context).thread_count = 1;
            if codec == Codec::Av1 {
                (*context).flags |= ff::AV_CODEC_FLAG_LOW_DELAY as c_int;
            }
            let decoder = Self { context, packet: ff::av_packet_alloc(), output: ff::av_frame_alloc(), newest };
            let opened = ff::avcodec_open2(context, found, ptr::null_mut()) >= 0;
            (opened && !decoder.packet.is_null() && !decoder.output.is_null()).then_some(decoder)
        }
    }

    /// Decodes one picture; none where it is the second field of the last one, or nothing could be made of it.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<Option<Picture>, ()> {
        *self.newest = None;
        let length = c_int::try_from(bytes.len()).map_err(|_| ())?;
        // SAFETY: the packet's data has the length asked for, with libavcodec's own padding behind it.
        unsafe {
            if ff::av_new_packet(self.packet, length) < 0 {
                return Err(());
            }
            (*self.packet).data.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            let mut status = ff::avcodec_send_packet(self.context, self.packet);
            ff::av_packet_unref(self.packet);
            while ff::avcodec_receive_frame(self.context, self.output) >= 0 {
                // dav1d has memory of its own, and gives a temporal unit's picture at once.
                if self.newest.is_none() && (*self.context).codec_id == ff::AVCodecID::AV_CODEC_ID_AV1 {
                    *self.newest = Picture::of(self.output);
                }
                ff::av_frame_unref(self.output);
                status = status.max(0);
            }
            if status < 0 && self.newest.is_none() {
                return Err(());
            }
        }
        Ok(self.newest.take())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed once; the slot that the context points to lives until after this.
        unsafe {
            ff::avcodec_free_context(&mut self.context);
            ff::av_packet_free(&mut self.packet);
            ff::av_frame_free(&mut self.output);
        }
    }
}

/// What libavcodec's parser says about an access unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) order: i64,
    pub(crate) intra: bool,
    pub(crate) frame: bool,
}

/// libavcodec's parser, for the headers of complete access units.
pub(crate) struct Headers {
    context: *mut ff::AVCodecContext,
    parser: *mut ff::AVCodecParserContext,
}

// SAFETY: whoever owns it is the only one to touch it.
unsafe impl Send for Headers {}

impl Headers {
    pub(crate) fn open(codec: Codec) -> Option<Self> {
        // SAFETY: each pointer is looked at before it is used.
        unsafe {
            let context = ff::avcodec_alloc_context3(ptr::null());
            let parser = ff::av_parser_init(codec.libav() as c_int);
            let headers = Self { context, parser };
            if context.is_null() || parser.is_null() {
                return None;
            }
            (*context).codec_id = codec.libav();
            (*context).log_level_offset = ff::AV_LOG_TRACE + 1;
            (*parser).flags |= ff::PARSER_FLAG_COMPLETE_FRAMES;
            Some(headers)
        }
    }

    pub(crate) fn read(&mut self, unit: &[u8]) -> Header {
        let mut padded = unit.to_vec();
        padded.resize(unit.len() + 64, 0);
        let (mut out, mut length) = (ptr::null_mut(), 0);
        // SAFETY: the bytes have the padding that libavcodec asks for and outlive the call.
        unsafe {
            let size = c_int::try_from(unit.len()).unwrap_or(0);
            ff::av_parser_parse2(self.parser, self.context, &mut out, &mut length, padded.as_ptr(), size, 0, 0, 0);
            let parser = &*self.parser;
            Header {
                order: i64::from(parser.output_picture_number),
                intra: parser.pict_type == ff::AVPictureType::AV_PICTURE_TYPE_I as c_int,
                frame: ![1, 2].contains(&(parser.picture_structure as c_int)),
            }
        }
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed once.
        unsafe {
            ff::av_parser_close(self.parser);
            ff::avcodec_free_context(&mut self.context);
        }
    }
}
