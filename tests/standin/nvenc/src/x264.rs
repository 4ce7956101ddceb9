//! x264 through libavcodec: one picture in, one picture out, bitrates that change while it runs.

use std::ffi::{CStr, c_int};
use std::ptr;

use ffmpeg_sys_next as ff;

use crate::codec::Profile;
use crate::coder::Coded;
use crate::plan::{Plan, Rate};

/// The encoder. It is used by one thread at a time.
pub(crate) struct X264 {
    context: *mut ff::AVCodecContext,
    frame: *mut ff::AVFrame,
    packet: *mut ff::AVPacket,
    next: i64,
    fps: (u32, u32),
}

// SAFETY: whoever owns it is the only one to touch it.
unsafe impl Send for X264 {}

impl X264 {
    pub(crate) fn open(plan: &Plan) -> Option<Self> {
        // SAFETY: each pointer is looked at before it is used; texts end in a zero byte.
        unsafe {
            let codec = ff::avcodec_find_encoder_by_name(c"libx264".as_ptr());
            let context = if codec.is_null() { ptr::null_mut() } else { ff::avcodec_alloc_context3(codec) };
            if context.is_null() {
                return None;
            }
            let encoder =
                Self { context, frame: ff::av_frame_alloc(), packet: ff::av_packet_alloc(), next: 0, fps: plan.fps };
            encoder.set(plan);
            let opened = ff::avcodec_open2(context, codec, ptr::null_mut()) >= 0;
            (opened && encoder.prepare(plan) && !encoder.packet.is_null()).then_some(encoder)
        }
    }

    /// Settles everything before the encoder is opened.
    ///
    /// # Safety
    /// The context is allocated and not open.
    unsafe fn set(&self, plan: &Plan) {
        let number = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
        // SAFETY: an encoder's settings before it is opened.
        unsafe {
            let context = &mut *self.context;
            // Quiet by itself: the level of the process is its client's own.
            context.log_level_offset = ff::AV_LOG_TRACE + 1;
            context.width = number(plan.width);
            context.height = number(plan.height);
            context.pix_fmt = ff::AVPixelFormat::AV_PIX_FMT_NV12;
            context.time_base = ff::AVRational { num: number(plan.fps.1), den: number(plan.fps.0) };
            context.framerate = ff::AVRational { num: number(plan.fps.0), den: number(plan.fps.1) };
            context.gop_size = plan.gop();
            context.keyint_min = plan.gop().min(1 << 20);
            context.max_b_frames = 0;
            context.thread_count = 1;
            context.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
            // Numbers of libavutil are those of H.264's tables, as the client's are.
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
            self.set_own(plan);
        }
        self.set_rate(plan);
    }

    /// Settles what is x264's own.
    ///
    /// # Safety
    /// The context is allocated and not open.
    unsafe fn set_own(&self, plan: &Plan) {
        // SAFETY: the encoder's own options, with texts that end in a zero byte.
        unsafe {
            let own = (*self.context).priv_data;
            let option = |name: &CStr, value: &CStr| ff::av_opt_set(own, name.as_ptr(), value.as_ptr(), 0);
            option(c"preset", c"superfast");
            option(c"tune", c"zerolatency");
            option(c"forced-idr", c"1");
            let profile = match plan.profile {
                Profile::Baseline => c"baseline",
                Profile::Main => c"main",
                _ => c"high",
            };
            option(c"profile", profile);
            option(c"x264-params", c"scenecut=0:sliced-threads=0:annexb=1");
            let level = |name: &CStr, level: u32| ff::av_opt_set_int(own, name.as_ptr(), level.into(), 0);
            match plan.rate {
                Rate::Quantizer(quantizer) => level(c"qp", quantizer),
                Rate::Quality(quality) => level(c"crf", quality),
                Rate::Variable | Rate::Constant => 0,
            };
        }
    }

    /// Sets what may change while the encoder runs.
    pub(crate) fn set_rate(&self, plan: &Plan) {
        if matches!(plan.rate, Rate::Quantizer(_)) {
            return;
        }
        // x264 goes on counting in the frames of the start: bits of a second are converted to them.
        let (own, now) = ((self.fps.0, self.fps.1), (plan.fps.0, plan.fps.1));
        let scale = f64::from(own.0) / f64::from(own.1) * f64::from(now.1) / f64::from(now.0);
        let scaled = |bits: u32| (f64::from(bits) * scale) as i64;
        if matches!(plan.rate, Rate::Quality(_)) {
            return self.cap(plan.maximum, plan.buffer);
        }
        let average = plan.bitrate();
        let maximum = match plan.rate {
            Rate::Constant => average,
            _ => plan.maximum.max(average),
        };
        let buffer = if plan.buffer == 0 { maximum } else { plan.buffer };
        // SAFETY: fields that the encoder compares with its own before each picture.
        unsafe {
            (*self.context).bit_rate = scaled(average);
            (*self.context).rc_max_rate = scaled(maximum);
            (*self.context).rc_buffer_size = c_int::try_from(buffer).unwrap_or(c_int::MAX);
        }
    }

    /// Holds what is encoded by quality to a maximum, where there is one.
    fn cap(&self, maximum: u32, buffer: u32) {
        // SAFETY: fields that the encoder compares with its own before each picture.
        unsafe {
            (*self.context).bit_rate = 0;
            (*self.context).rc_max_rate = i64::from(maximum);
            let buffer = if buffer == 0 { maximum } else { buffer };
            (*self.context).rc_buffer_size = c_int::try_from(buffer).unwrap_or(c_int::MAX);
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
            frame.format = ff::AVPixelFormat::AV_PIX_FMT_NV12 as c_int;
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
            let (width, height) = (usize::try_from(frame.width).ok()?, usize::try_from(frame.height).ok()?);
            for (plane, (from, rows)) in [(luma, height), (luma.add(chroma), height / 2)].into_iter().enumerate() {
                let stride = usize::try_from(frame.linesize[plane]).ok()?;
                for y in 0..rows {
                    frame.data[plane].add(y * stride).copy_from_nonoverlapping(from.add(y * pitch), width);
                }
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
            Some(Coded { bytes, key })
        }
    }
}

impl Drop for X264 {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed once.
        unsafe {
            ff::avcodec_free_context(&mut self.context);
            ff::av_frame_free(&mut self.frame);
            ff::av_packet_free(&mut self.packet);
        }
    }
}
