//! x264 and x265 through libavcodec: one picture in, one picture out, bitrates that change while it runs.

use std::ffi::{CStr, c_int};
use std::ptr;

use ffmpeg_sys_next as ff;

use crate::codec::Codec;
use crate::plan::Plan;
use crate::resources::Layout;
use crate::x264;
use crate::x265::{self, Governor};

/// The encoder. It is used by one thread at a time.
pub(crate) struct Coder {
    context: *mut ff::AVCodecContext,
    frame: *mut ff::AVFrame,
    packet: *mut ff::AVPacket,
    next: i64,
    fps: (u32, u32),
    layout: Layout,
    rate: RateControl,
}

/// Who holds the encoder to its bitrate.
enum RateControl {
    /// x264 itself.
    X264,
    /// We do: libavcodec cannot tell a running x265 another bitrate.
    X265(Governor),
}

// SAFETY: whoever owns it is the only one to touch it.
unsafe impl Send for Coder {}

/// A coded picture without parameter sets.
pub(crate) struct Coded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) key: bool,
}

/// Sets one of an encoder's own options before it is opened.
///
/// # Safety
/// The context is allocated and not open.
pub(crate) unsafe fn option(context: *mut ff::AVCodecContext, name: &CStr, value: &CStr) {
    // SAFETY: the encoder's own options, with texts that end in a zero byte.
    unsafe { ff::av_opt_set((*context).priv_data, name.as_ptr(), value.as_ptr(), 0) };
}

/// The same for a whole number.
///
/// # Safety
/// The context is allocated and not open.
pub(crate) unsafe fn level(context: *mut ff::AVCodecContext, name: &CStr, level: u32) {
    // SAFETY: the encoder's own options, with a text that ends in a zero byte.
    unsafe { ff::av_opt_set_double((*context).priv_data, name.as_ptr(), level.into(), 0) };
}

/// libavcodec's pixels of what the encoder is given: x265 takes planes alone.
fn pixels(plan: &Plan) -> ff::AVPixelFormat {
    match (plan.codec, plan.layout) {
        (Codec::H264, _) => ff::AVPixelFormat::AV_PIX_FMT_NV12,
        (Codec::Hevc, Layout::Nv12) => ff::AVPixelFormat::AV_PIX_FMT_YUV420P,
        (Codec::Hevc, Layout::P010) => ff::AVPixelFormat::AV_PIX_FMT_YUV420P10LE,
    }
}

impl Coder {
    pub(crate) fn open(plan: &Plan) -> Option<Self> {
        let (name, rate) = match plan.codec {
            Codec::H264 => (c"libx264", RateControl::X264),
            Codec::Hevc => (c"libx265", RateControl::X265(Governor::new(plan))),
        };
        // SAFETY: each pointer is looked at before it is used; texts end in a zero byte.
        unsafe {
            let codec = ff::avcodec_find_encoder_by_name(name.as_ptr());
            let context = if codec.is_null() { ptr::null_mut() } else { ff::avcodec_alloc_context3(codec) };
            if context.is_null() {
                return None;
            }
            let (frame, packet) = (ff::av_frame_alloc(), ff::av_packet_alloc());
            let mut coder = Self { context, frame, packet, next: 0, fps: plan.fps, layout: plan.layout, rate };
            coder.set(plan);
            let opened = ff::avcodec_open2(context, codec, ptr::null_mut()) >= 0;
            (opened && coder.prepare(plan) && !coder.packet.is_null()).then_some(coder)
        }
    }

    /// Settles everything before the encoder is opened.
    ///
    /// # Safety
    /// The context is allocated and not open.
    unsafe fn set(&mut self, plan: &Plan) {
        let number = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
        // SAFETY: an encoder's settings before it is opened.
        unsafe {
            let context = &mut *self.context;
            // Quiet by itself: the level of the process is its client's own.
            context.log_level_offset = ff::AV_LOG_TRACE + 1;
            context.width = number(plan.width);
            context.height = number(plan.height);
            context.pix_fmt = pixels(plan);
            context.time_base = ff::AVRational { num: number(plan.fps.1), den: number(plan.fps.0) };
            context.framerate = ff::AVRational { num: number(plan.fps.0), den: number(plan.fps.1) };
            context.gop_size = plan.gop();
            context.max_b_frames = 0;
            context.thread_count = 1;
            context.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
            // Numbers of libavutil are those of the codecs' tables, as the client's are.
            (&raw mut context.color_primaries).cast::<u32>().write(plan.colour.0);
            (&raw mut context.color_trc).cast::<u32>().write(plan.colour.1);
            (&raw mut context.colorspace).cast::<u32>().write(plan.colour.2);
            (&raw mut context.color_range).cast::<u32>().write(if plan.full_range { 2 } else { 1 });
            if plan.shape.0 > 0 && plan.shape.1 > 0 {
                let (wide, high) = (i64::from(plan.shape.0), i64::from(plan.shape.1));
                let shape = &mut context.sample_aspect_ratio;
                let (across, down) = (wide * i64::from(plan.height), high * i64::from(plan.width));
                ff::av_reduce(&mut shape.num, &mut shape.den, across, down, 255);
            }
            match plan.codec {
                Codec::H264 => x264::set_own(self.context, plan),
                Codec::Hevc => x265::set_own(self.context, plan),
            }
        }
        self.set_rate(plan);
    }

    /// Sets what may change while the encoder runs.
    pub(crate) fn set_rate(&mut self, plan: &Plan) {
        match &mut self.rate {
            // SAFETY: the context lives as long as this.
            RateControl::X264 => unsafe { x264::set_rate(self.context, self.fps, plan) },
            RateControl::X265(governor) => governor.follow(plan),
        }
    }

    /// Gives the frame its memory.
    ///
    /// # Safety
    /// The frame is null or allocated and empty.
    unsafe fn prepare(&self, plan: &Plan) -> bool {
        // SAFETY: the frame is looked at before it is used.
        unsafe {
            let Some(frame) = self.frame.as_mut() else { return false };
            frame.format = pixels(plan) as c_int;
            frame.width = c_int::try_from(plan.width).unwrap_or(0);
            frame.height = c_int::try_from(plan.height).unwrap_or(0);
            ff::av_frame_get_buffer(self.frame, 0) >= 0
        }
    }

    /// Both parameter sets with their start codes.
    pub(crate) fn sets(&self) -> Vec<u8> {
        // SAFETY: what `avcodec_open2` left there.
        unsafe {
            let context = &*self.context;
            let length = usize::try_from(context.extradata_size).unwrap_or(0);
            if context.extradata.is_null() {
                Vec::new()
            } else {
                std::slice::from_raw_parts(context.extradata, length).to_vec()
            }
        }
    }

    /// Encodes a picture of two planes that stand `chroma` bytes apart.
    ///
    /// # Safety
    /// Both planes can be read at this pitch and the encoder's size.
    pub(crate) unsafe fn encode(&mut self, luma: *const u8, pitch: usize, chroma: usize, key: bool) -> Option<Coded> {
        // SAFETY: the caller's planes; the frame's own have its size.
        unsafe {
            if ff::av_frame_make_writable(self.frame) < 0 {
                return None;
            }
            let frame = &mut *self.frame;
            self.fill(frame, (luma, luma.add(chroma)), pitch)?;
            if let RateControl::X265(governor) = &self.rate {
                governor.steer(frame)?;
            }
            frame.pts = self.next;
            self.next += 1;
            frame.pict_type =
                if key { ff::AVPictureType::AV_PICTURE_TYPE_I } else { ff::AVPictureType::AV_PICTURE_TYPE_NONE };
            if ff::avcodec_send_frame(self.context, self.frame) < 0
                || ff::avcodec_receive_packet(self.context, self.packet) < 0
            {
                return None;
            }
            let packet = &*self.packet;
            let bytes = std::slice::from_raw_parts(packet.data, usize::try_from(packet.size).ok()?).to_vec();
            let key = packet.flags & ff::AV_PKT_FLAG_KEY != 0;
            ff::av_packet_unref(self.packet);
            if let RateControl::X265(governor) = &mut self.rate {
                governor.learn(bytes.len(), key);
            }
            Some(Coded { bytes, key })
        }
    }

    /// Copies both planes into the frame as it wants them.
    ///
    /// # Safety
    /// Both planes can be read at this pitch and the frame's size, and the frame is writable.
    unsafe fn fill(&self, frame: &mut ff::AVFrame, (luma, chroma): (*const u8, *const u8), pitch: usize) -> Option<()> {
        let (width, height) = (usize::try_from(frame.width).ok()?, usize::try_from(frame.height).ok()?);
        let stride = |plane: usize| usize::try_from(frame.linesize[plane]).ok();
        // SAFETY: the caller's planes; the frame's own have its size.
        unsafe {
            let row = |plane: usize, y: usize| Some(frame.data[plane].add(y * stride(plane)?));
            for y in 0..height {
                match self.layout {
                    Layout::Nv12 => row(0, y)?.copy_from_nonoverlapping(luma.add(y * pitch), width),
                    Layout::P010 => x265::lower(luma.add(y * pitch), 1, row(0, y)?, width),
                }
            }
            for y in 0..height / 2 {
                let from = chroma.add(y * pitch);
                match (&self.rate, self.layout) {
                    (RateControl::X264, _) => row(1, y)?.copy_from_nonoverlapping(from, width),
                    (RateControl::X265(_), Layout::Nv12) => {
                        x265::part(from, row(1, y)?, width / 2);
                        x265::part(from.add(1), row(2, y)?, width / 2);
                    }
                    (RateControl::X265(_), Layout::P010) => {
                        x265::lower(from, 2, row(1, y)?, width / 2);
                        x265::lower(from.add(2), 2, row(2, y)?, width / 2);
                    }
                }
            }
        }
        Some(())
    }
}

impl Drop for Coder {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed once.
        unsafe {
            ff::avcodec_free_context(&mut self.context);
            ff::av_frame_free(&mut self.frame);
            ff::av_packet_free(&mut self.packet);
        }
    }
}
