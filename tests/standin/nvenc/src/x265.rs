//! What is x265's own: its options, its planes, and a rate control that can be told another bitrate between two pictures.
//!
//! libavcodec hands no change of the bitrate on to a running x265. So x265 encodes by quality, and each picture comes with an offset of
//! its quantisers (a region of interest as large as the picture), which is steered by what the pictures before took.

use std::ffi::{CString, c_int};

use ffmpeg_sys_next as ff;

use crate::codec::Profile;
use crate::coder::{level, option};
use crate::plan::{Plan, Rate};

/// Quality that offsets are counted from.
const MIDDLE: u32 = 28;
/// Offsets, in quantisers.
const LEAST: f64 = -22.0;
const MOST: f64 = 22.0;
/// Pictures over which a debt of bits is paid back.
const WINDOW: f64 = 8.0;

/// Settles what is x265's own.
///
/// # Safety
/// The context is allocated and not open.
pub(crate) unsafe fn set_own(context: *mut ff::AVCodecContext, plan: &Plan) {
    let gop = plan.gop();
    // Adaptive quantisers have to be on for offsets to be heeded, and with next to no strength they are nothing but the offset.
    let params = format!(
        "log-level=none:info=0:scenecut=0:open-gop=0:annexb=1:pools=none:frame-threads=1:keyint={gop}:aq-mode=1:aq-strength=0.01"
    );
    // SAFETY: the caller's promise.
    unsafe {
        option(context, c"preset", c"ultrafast");
        option(context, c"tune", c"zerolatency");
        option(context, c"forced-idr", c"1");
        option(
            context,
            c"profile",
            if plan.profile == Profile::HevcMain10 && deep(plan) { c"main10" } else { c"main" },
        );
        if let Ok(params) = CString::new(params) {
            option(context, c"x265-params", &params);
        }
        match plan.rate {
            Rate::Quantizer(quantizer) => level(context, c"qp", quantizer),
            Rate::Quality(quality) => level(context, c"crf", quality),
            Rate::Variable | Rate::Constant => level(context, c"crf", MIDDLE),
        }
    }
}

fn deep(plan: &Plan) -> bool {
    plan.layout == crate::resources::Layout::P010
}

/// Holds x265 to a bitrate from outside.
pub(crate) struct Governor {
    /// Bits of a picture, 0 where nothing is held to.
    target: f64,
    /// Whether pictures may be better than asked for, as with a bitrate, or only worse, as below a maximum.
    free: bool,
    offset: f64,
    /// Bits that were spent beyond the target.
    debt: f64,
    /// Bits of a second count as 51 quantisers of so many.
    range: f64,
}

impl Governor {
    pub(crate) fn new(plan: &Plan) -> Self {
        let range = if deep(plan) { 63.0 } else { 51.0 };
        let mut governor = Self { target: 0.0, free: false, offset: 0.0, debt: 0.0, range };
        governor.follow(plan);
        governor
    }

    /// Goes over to other rates.
    pub(crate) fn follow(&mut self, plan: &Plan) {
        let second = match plan.rate {
            Rate::Quantizer(_) => 0,
            Rate::Quality(_) => plan.maximum,
            Rate::Variable | Rate::Constant => plan.bitrate(),
        };
        let target = f64::from(second) * f64::from(plan.fps.1) / f64::from(plan.fps.0);
        if self.target > 0.0 && target > 0.0 {
            // Six quantisers halve the bits, about.
            self.turn(6.0 * (self.target / target).log2());
            self.debt *= target / self.target;
        }
        self.target = target;
        self.free = !matches!(plan.rate, Rate::Quality(_));
    }

    fn turn(&mut self, by: f64) {
        self.offset = (self.offset + by).clamp(if self.free { LEAST } else { 0.0 }, MOST);
    }

    /// Gives the frame its offset.
    ///
    /// # Safety
    /// The frame is writable and nobody else's.
    pub(crate) unsafe fn steer(&self, frame: &mut ff::AVFrame) -> Option<()> {
        if self.target <= 0.0 {
            return Some(());
        }
        let kind = ff::AVFrameSideDataType::AV_FRAME_DATA_REGIONS_OF_INTEREST;
        let size = size_of::<ff::AVRegionOfInterest>();
        // SAFETY: side data of the size that the structure has is written once.
        unsafe {
            ff::av_frame_remove_side_data(frame, kind);
            let data = ff::av_frame_new_side_data(frame, kind, size).as_mut()?;
            data.data.cast::<ff::AVRegionOfInterest>().write_unaligned(ff::AVRegionOfInterest {
                self_size: u32::try_from(size).ok()?,
                top: 0,
                bottom: frame.height,
                left: 0,
                right: frame.width,
                qoffset: ff::AVRational { num: (self.offset / self.range * 10_000.0) as c_int, den: 10_000 },
            });
        }
        Some(())
    }

    /// Learns what a picture took.
    pub(crate) fn learn(&mut self, bytes: usize, key: bool) {
        if self.target <= 0.0 {
            return;
        }
        let bits = bytes as f64 * 8.0;
        self.debt = (self.debt + bits - self.target).clamp(-2.0 * self.target, 2.0 * WINDOW * self.target);
        // A key frame is as large as it is; those behind it pay for it.
        if !key {
            let wanted = (self.target - self.debt / WINDOW).max(self.target / 4.0);
            self.turn((3.0 * (bits / wanted).log2()).clamp(-4.0, 6.0));
        }
    }
}

/// Every second byte of a row: one of the two chroma planes.
///
/// # Safety
/// `2 * count - 1` bytes can be read, and `count` written.
pub(crate) unsafe fn part(from: *const u8, to: *mut u8, count: usize) {
    for x in 0..count {
        // SAFETY: the caller's promise.
        unsafe { to.add(x).write(from.add(2 * x).read()) };
    }
}

/// Samples that stand in the upper 10 bits of 16, every `step`-th of them, as x265 wants them: in the lower ones.
///
/// # Safety
/// So many samples of 16 bit can be read at that step, and `count` written.
pub(crate) unsafe fn lower(from: *const u8, step: usize, to: *mut u8, count: usize) {
    let (from, to) = (from.cast::<u16>(), to.cast::<u16>());
    for x in 0..count {
        // SAFETY: the caller's promise; rows of pictures may begin at any byte.
        unsafe { to.add(x).write_unaligned(from.add(step * x).read_unaligned() >> 6) };
    }
}
