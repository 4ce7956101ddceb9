//! x265: one picture in, one picture out, bitrates that change while it runs.
//!
//! It is spoken to by itself: libavcodec opens it under a lock that Debian's `ffmpeg` already holds when it opens NVENC. Of its interface,
//! which has another name with every change, the functions and the first members of its structures are enough: parameters are set by name.
//! Its own rate control does not follow another bitrate while it runs, so that each picture's quantiser comes from `governor.rs`.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use crate::coder::Coded;
use crate::governor::Governor;
use crate::plan::{Plan, Rate};
use crate::resources::Layout;

/// The version of the interface that is written down here, which is Debian 12's and Ubuntu 24.04's.
const LIBRARY: &CStr = c"libx265.so.199";
const ENTRY: &CStr = c"x265_api_get_199";
const TYPE_AUTO: c_int = 0;
const TYPE_IDR: c_int = 1;

/// `x265_api`, as far as it is used.
#[repr(C)]
struct Api {
    numbers: [c_int; 8],
    texts: [*const c_char; 2],
    param_alloc: unsafe extern "C" fn() -> *mut c_void,
    param_free: unsafe extern "C" fn(*mut c_void),
    param_default: *const c_void,
    param_parse: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> c_int,
    param_apply_profile: *const c_void,
    param_default_preset: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> c_int,
    picture_alloc: unsafe extern "C" fn() -> *mut Picture,
    picture_free: unsafe extern "C" fn(*mut Picture),
    picture_init: unsafe extern "C" fn(*mut c_void, *mut Picture),
    encoder_open: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    encoder_parameters: *const c_void,
    encoder_reconfig: *const c_void,
    encoder_reconfig_zone: *const c_void,
    encoder_headers: unsafe extern "C" fn(*mut c_void, *mut *mut Nal, *mut u32) -> c_int,
    encoder_encode: unsafe extern "C" fn(*mut c_void, *mut *mut Nal, *mut u32, *mut Picture, *mut Picture) -> c_int,
    encoder_get_stats: *const c_void,
    encoder_log: *const c_void,
    encoder_close: unsafe extern "C" fn(*mut c_void),
}

/// The first members of `x265_picture`, which the library allocates in whole.
#[repr(C)]
struct Picture {
    pts: i64,
    dts: i64,
    user: *mut c_void,
    planes: [*mut c_void; 3],
    stride: [c_int; 3],
    depth: c_int,
    kind: c_int,
    number: c_int,
    space: c_int,
    /// One more than the quantiser; 0 leaves it to the encoder.
    quantiser: c_int,
}

/// `x265_nal`.
#[repr(C)]
struct Nal {
    kind: u32,
    size: u32,
    payload: *mut u8,
}

/// The encoder. It is used by one thread at a time.
pub(crate) struct X265 {
    api: &'static Api,
    encoder: *mut c_void,
    parameters: *mut c_void,
    /// What goes in, and what comes out.
    pictures: [*mut Picture; 2],
    chroma: [Vec<u8>; 2],
    size: (usize, usize),
    layout: Layout,
    next: i64,
    governor: Governor,
}

// SAFETY: whoever owns it is the only one to touch it.
unsafe impl Send for X265 {}

/// The library's functions for samples of this depth.
fn api(layout: Layout) -> Option<&'static Api> {
    static ENTRIES: OnceLock<Option<unsafe extern "C" fn(c_int) -> *const Api>> = OnceLock::new();
    let entry = (*ENTRIES.get_or_init(|| {
        // SAFETY: plain loader calls with texts that end in a zero byte; the entry has this signature in this version of the library.
        unsafe {
            let library = libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW);
            let symbol = if library.is_null() { ptr::null_mut() } else { libc::dlsym(library, ENTRY.as_ptr()) };
            if symbol.is_null() {
                #[allow(clippy::print_stderr)]
                {
                    eprintln!("stand-in driver: HEVC takes libx265.so.199 (Debian 12: libx265-199), which is not here");
                }
                return None;
            }
            Some(std::mem::transmute::<*mut c_void, unsafe extern "C" fn(c_int) -> *const Api>(symbol))
        }
    }))?;
    // SAFETY: the structure lives as long as the library, which is never unloaded.
    unsafe { entry(if layout == Layout::P010 { 10 } else { 8 }).as_ref() }
}

impl X265 {
    pub(crate) fn open(plan: &Plan) -> Option<Self> {
        let api = api(plan.layout)?;
        let size = (usize::try_from(plan.width).ok()?, usize::try_from(plan.height).ok()?);
        let half = size.0 / 2 * (size.1 / 2) * usize::try_from(plan.layout.bytes()).ok()?;
        // SAFETY: each pointer is looked at before it is used; what was allocated is freed by `drop`.
        unsafe {
            let (parameters, pictures) = ((api.param_alloc)(), [(api.picture_alloc)(), (api.picture_alloc)()]);
            let mut coder = Self {
                api,
                encoder: ptr::null_mut(),
                parameters,
                pictures,
                chroma: [vec![0; half], vec![0; half]],
                size,
                layout: plan.layout,
                next: 0,
                governor: Governor::new(plan),
            };
            if parameters.is_null() || pictures.iter().any(|picture| picture.is_null()) || !coder.set(plan) {
                return None;
            }
            coder.encoder = (api.encoder_open)(parameters);
            pictures.iter().for_each(|picture| (api.picture_init)(parameters, *picture));
            (!coder.encoder.is_null()).then_some(coder)
        }
    }

    fn parse(&self, name: &str, value: &str) -> bool {
        let (Ok(name), Ok(value)) = (CString::new(name), CString::new(value)) else { return false };
        // SAFETY: the parameters are allocated, and both texts end in a zero byte.
        unsafe { (self.api.param_parse)(self.parameters, name.as_ptr(), value.as_ptr()) == 0 }
    }

    /// Settles everything before the encoder is opened.
    fn set(&mut self, plan: &Plan) -> bool {
        // SAFETY: the parameters are allocated, and both texts end in a zero byte.
        let preset = unsafe {
            (self.api.param_default_preset)(self.parameters, c"ultrafast".as_ptr(), c"zerolatency".as_ptr()) == 0
        };
        let quiet = [("log-level", "none"), ("info", "0"), ("annexb", "1"), ("repeat-headers", "0")];
        let alone = [("pools", "none"), ("frame-threads", "1"), ("scenecut", "0"), ("open-gop", "0"), ("bframes", "0")];
        let range = if plan.full_range { "full" } else { "limited" };
        let told = [
            ("input-res", format!("{}x{}", plan.width, plan.height)),
            ("fps", format!("{}/{}", plan.fps.0, plan.fps.1)),
            ("keyint", plan.gop().to_string()),
            ("colorprim", plan.colour.0.to_string()),
            ("transfer", plan.colour.1.to_string()),
            ("colormatrix", plan.colour.2.to_string()),
            ("range", range.to_owned()),
            ("sar", self.sample_aspect(plan)),
        ];
        let fixed = quiet.iter().chain(&alone).all(|(name, value)| self.parse(name, value));
        let own = told.iter().all(|(name, value)| self.parse(name, value));
        let rate = match plan.rate {
            Rate::Quantizer(quantizer) => self.parse("qp", &quantizer.to_string()),
            Rate::Quality(quality) => self.parse("crf", &quality.to_string()),
            Rate::Variable | Rate::Constant => self.parse("crf", "28"),
        };
        preset && fixed && own && rate
    }

    fn sample_aspect(&self, plan: &Plan) -> String {
        let (wide, high) = plan.shape;
        if wide == 0 || high == 0 {
            return "1:1".into();
        }
        let (across, down) = (u64::from(wide) * u64::from(plan.height), u64::from(high) * u64::from(plan.width));
        let (mut a, mut b) = (across, down);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        format!("{}:{}", across / a.max(1), down / a.max(1))
    }

    /// Sets what may change while the encoder runs.
    pub(crate) fn set_rate(&mut self, plan: &Plan) {
        self.governor.follow(plan);
    }

    /// All three parameter sets with their start codes.
    pub(crate) fn sets(&self) -> Vec<u8> {
        let (mut nals, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the encoder is open; what it gives is read at once.
        unsafe {
            let size = (self.api.encoder_headers)(self.encoder, &raw mut nals, &raw mut count);
            if size > 0 { joined(nals, count) } else { Vec::new() }
        }
    }

    /// Encodes a picture of two planes that stand `chroma` bytes apart.
    ///
    /// # Safety
    /// Both planes can be read at this pitch and the encoder's size.
    pub(crate) unsafe fn encode(&mut self, luma: *const u8, pitch: usize, chroma: usize, key: bool) -> Option<Coded> {
        // SAFETY: the caller's planes; the library copies the picture before the call returns.
        unsafe {
            let row = self.part(luma.add(chroma), pitch);
            let picture = &mut *self.pictures[0];
            let [u, v] = &mut self.chroma;
            picture.planes = [luma.cast_mut().cast(), u.as_mut_ptr().cast(), v.as_mut_ptr().cast()];
            let (luma_stride, chroma_stride) = (c_int::try_from(pitch).ok()?, c_int::try_from(row).ok()?);
            picture.stride = [luma_stride, chroma_stride, chroma_stride];
            // P010's samples stand in the upper bits: as samples of 16 bit they are shifted down by the library.
            picture.depth = if self.layout == Layout::P010 { 16 } else { 8 };
            picture.kind = if key { TYPE_IDR } else { TYPE_AUTO };
            picture.quantiser = self.governor.quantiser().map_or(0, |quantiser| quantiser + 1);
            picture.pts = self.next;
            self.next += 1;
            let (mut nals, mut count) = (ptr::null_mut(), 0);
            let [input, output] = self.pictures;
            if (self.api.encoder_encode)(self.encoder, &raw mut nals, &raw mut count, input, output) != 1 {
                return None;
            }
            let coded = Coded { bytes: joined(nals, count), key: (*output).kind == TYPE_IDR };
            self.governor.learn(coded.bytes.len(), coded.key);
            Some(coded)
        }
    }

    /// Parts chroma that stands in pairs into two planes; gives the bytes of their rows.
    ///
    /// # Safety
    /// The plane can be read at this pitch and half the encoder's size.
    unsafe fn part(&mut self, from: *const u8, pitch: usize) -> usize {
        let bytes = if self.layout == Layout::P010 { 2 } else { 1 };
        let (width, height) = (self.size.0 / 2, self.size.1 / 2);
        for (plane, to) in self.chroma.iter_mut().enumerate() {
            for y in 0..height {
                for x in 0..width {
                    let at = (y * width + x) * bytes;
                    // SAFETY: within the row, by the caller's promise; the plane was made for this size.
                    unsafe {
                        let pair = from.add(y * pitch + (2 * x + plane) * bytes);
                        to.as_mut_ptr().add(at).copy_from_nonoverlapping(pair, bytes);
                    }
                }
            }
        }
        width * bytes
    }
}

/// The bytes of all NAL units: they stand one behind the other.
///
/// # Safety
/// What the encoder gave, before the next call.
unsafe fn joined(nals: *const Nal, count: u32) -> Vec<u8> {
    let count = usize::try_from(count).unwrap_or(0);
    let mut all = Vec::new();
    for at in 0..count {
        // SAFETY: the caller's promise.
        unsafe {
            let nal = &*nals.add(at);
            all.extend_from_slice(std::slice::from_raw_parts(nal.payload, usize::try_from(nal.size).unwrap_or(0)));
        }
    }
    all
}

impl Drop for X265 {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed once, the encoder before its parameters.
        unsafe {
            if !self.encoder.is_null() {
                (self.api.encoder_close)(self.encoder);
            }
            self.pictures
                .iter()
                .filter(|picture| !picture.is_null())
                .for_each(|picture| (self.api.picture_free)(*picture));
            if !self.parameters.is_null() {
                (self.api.param_free)(self.parameters);
            }
        }
    }
}
