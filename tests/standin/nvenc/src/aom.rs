//! libaom: one picture in, one temporal unit out, bitrates that change while it runs.
//!
//! Its own rate control takes seconds to follow another bitrate: as with x265, each picture's quantiser comes from `governor.rs`.
//!
//! It is spoken to by itself, as x265 is and for the same reason: libavcodec's lock is held by Debian's `ffmpeg` while it opens NVENC. Its
//! library refuses whoever names another version of the interface than its own, which is written down here as far as it is used.

use std::ffi::{CStr, c_int, c_long, c_ulong, c_void};
use std::ptr;
use std::sync::OnceLock;

use crate::coder::Coded;
use crate::governor::Governor;
use crate::plan::{Plan, Rate};
use crate::resources::Layout;

/// libaom 3.6, which is Debian 12's.
const LIBRARY: &CStr = c"libaom.so.3";
const VERSION: c_int = 29;
const REALTIME: u32 = 1;
const HIGH_DEPTH: c_long = 0x4_0000;
const FORCE_KEY: c_long = 1;
const KEY: u32 = 1;
const FRAME: u32 = 0;
const FORMAT_8: c_int = 0x102;
const FORMAT_16: c_int = 0x902;
const BY_QUALITY: u32 = 3;
/// Numbers of its settings: speed, quality, adaptive quantisers, primaries, transfer, matrix, range.
const SPEED: c_int = 13;
const QUALITY: c_int = 25;
const ADAPTIVE: c_int = 40;
const PRIMARIES: c_int = 45;
const TRANSFER: c_int = 46;
const MATRIX: c_int = 47;
const RANGE: c_int = 52;
/// Types of OBUs.
const SEQUENCE_HEADER: u8 = 1;
const DELIMITER: u8 = 2;

/// `aom_codec_enc_cfg_t`.
#[repr(C)]
struct Config {
    usage: u32,
    threads: u32,
    profile: u32,
    width: u32,
    height: u32,
    limits: [u32; 3],
    depth: u32,
    input_depth: u32,
    timebase: [c_int; 2],
    resilient: u32,
    pass: u32,
    lag: u32,
    drop: u32,
    resizing: [u32; 8],
    control: u32,
    statistics: [u64; 4],
    rates: [u32; 12],
    key_mode: u32,
    key_least: u32,
    key_most: u32,
    rest: [u32; 177],
}

const _: () = assert!(size_of::<Config>() == 904 && std::mem::offset_of!(Config, key_most) == 192);

/// The first members of `aom_image_t`.
#[repr(C)]
struct Image {
    head: [u32; 16],
    planes: [*mut u8; 3],
    stride: [c_int; 3],
}

/// The first members of `aom_codec_cx_pkt_t`.
#[repr(C)]
struct Packet {
    kind: u32,
    bytes: *const u8,
    size: usize,
    time: i64,
    duration: c_ulong,
    flags: u32,
}

/// `aom_codec_ctx_t`, which the library alone looks into.
type Context = [u64; 7];
type Interface = *const c_void;

struct Api {
    interface: unsafe extern "C" fn() -> Interface,
    defaults: unsafe extern "C" fn(Interface, *mut Config, u32) -> c_int,
    open: unsafe extern "C" fn(*mut Context, Interface, *const Config, c_long, c_int) -> c_int,
    control: unsafe extern "C" fn(*mut Context, c_int, ...) -> c_int,
    encode: unsafe extern "C" fn(*mut Context, *const Image, i64, c_ulong, c_long) -> c_int,
    packet: unsafe extern "C" fn(*mut Context, *mut *const c_void) -> *const Packet,
    close: unsafe extern "C" fn(*mut Context) -> c_int,
    image: unsafe extern "C" fn(*mut Image, c_int, u32, u32, u32) -> *mut Image,
    free_image: unsafe extern "C" fn(*mut Image),
}

/// The encoder. It is used by one thread at a time.
pub(crate) struct Aom {
    api: &'static Api,
    context: Box<Context>,
    image: *mut Image,
    size: (usize, usize),
    layout: Layout,
    governor: Governor,
    next: i64,
    header: Vec<u8>,
}

// SAFETY: whoever owns it is the only one to touch it.
unsafe impl Send for Aom {}

/// The library's functions.
fn api() -> Option<&'static Api> {
    static FOUND: OnceLock<Option<Api>> = OnceLock::new();
    // SAFETY: plain loader calls with texts that end in a zero byte.
    let found = FOUND.get_or_init(|| unsafe {
        let library = libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW);
        let api = if library.is_null() { None } else { lookup(library) };
        if api.is_none() {
            #[allow(clippy::print_stderr)]
            {
                eprintln!("stand-in driver: AV1 takes libaom.so.3 (Debian 12: libaom3), which is not here");
            }
        }
        api
    });
    found.as_ref()
}

/// # Safety
/// A library that the loader gave, and that is never unloaded.
unsafe fn lookup(library: *mut c_void) -> Option<Api> {
    macro_rules! symbol {
        ($name:literal) => {{
            // SAFETY: the text ends in a zero byte.
            let found = unsafe { libc::dlsym(library, $name.as_ptr()) };
            if found.is_null() {
                return None;
            }
            // The field that it becomes names the type.
            // SAFETY: the function has this signature in this version of the library.
            #[allow(clippy::missing_transmute_annotations)]
            let function = unsafe { std::mem::transmute::<*mut c_void, _>(found) };
            function
        }};
    }
    Some(Api {
        interface: symbol!(c"aom_codec_av1_cx"),
        defaults: symbol!(c"aom_codec_enc_config_default"),
        open: symbol!(c"aom_codec_enc_init_ver"),
        control: symbol!(c"aom_codec_control"),
        encode: symbol!(c"aom_codec_encode"),
        packet: symbol!(c"aom_codec_get_cx_data"),
        close: symbol!(c"aom_codec_destroy"),
        image: symbol!(c"aom_img_alloc"),
        free_image: symbol!(c"aom_img_free"),
    })
}

impl Aom {
    pub(crate) fn open(plan: &Plan) -> Option<Self> {
        // Its sequence header is settled with the first picture, and clients ask for it before: another encoder says what it will be.
        let mut other = Self::new(plan)?;
        // SAFETY: the image was made by the library for this encoder.
        let unit = unsafe { obus(other.unit(0)?.0)? };
        let (_, header) = unit.into_iter().find(|(kind, _)| *kind == SEQUENCE_HEADER)?;
        drop(other);
        let mut coder = Self::new(plan)?;
        coder.header = header;
        Some(coder)
    }

    fn new(plan: &Plan) -> Option<Self> {
        let api = api()?;
        let deep = plan.layout == Layout::P010;
        let size = (usize::try_from(plan.width).ok()?, usize::try_from(plan.height).ok()?);
        // SAFETY: numbers alone, for which zero is a value; each answer is looked at, and what was made is freed by `drop`.
        unsafe {
            let interface = (api.interface)();
            let mut config: Box<Config> = Box::new(std::mem::zeroed());
            if (api.defaults)(interface, &raw mut *config, REALTIME) != 0 {
                return None;
            }
            settle(&mut config, plan);
            let mut context: Box<Context> = Box::default();
            let flags = if deep { HIGH_DEPTH } else { 0 };
            if (api.open)(&raw mut *context, interface, &raw const *config, flags, VERSION) != 0 {
                return None;
            }
            let format = if deep { FORMAT_16 } else { FORMAT_8 };
            let image = (api.image)(ptr::null_mut(), format, plan.width, plan.height, 32);
            let mut coder = Self {
                api,
                context,
                image,
                size,
                layout: plan.layout,
                governor: Governor::new(&governed(plan)),
                next: 0,
                header: Vec::new(),
            };
            if image.is_null() {
                return None;
            }
            coder.set(plan);
            coder.blacken();
            Some(coder)
        }
    }

    /// Settles what is set by number.
    fn set(&mut self, plan: &Plan) {
        let quality = match plan.rate {
            Rate::Quantizer(quantizer) => quantizer / 4,
            Rate::Quality(quality) => quality,
            Rate::Variable | Rate::Constant => 35,
        };
        let (primaries, transfer, matrix) = plan.colour;
        let all = [(SPEED, 10), (ADAPTIVE, 0), (QUALITY, quality.min(63)), (PRIMARIES, primaries)];
        let more = [(TRANSFER, transfer), (MATRIX, matrix), (RANGE, plan.full_range.into())];
        for (name, value) in all.into_iter().chain(more) {
            // SAFETY: the encoder is open, and each of these takes a number.
            unsafe { (self.api.control)(&raw mut *self.context, name, value) };
        }
    }

    /// A picture in the image that can be encoded.
    fn blacken(&mut self) {
        // SAFETY: the image is allocated; each plane has its rows of so many bytes.
        unsafe {
            let image = &*self.image;
            for (plane, to) in image.planes.iter().enumerate() {
                let rows = if plane == 0 { self.size.1 } else { self.size.1 / 2 };
                to.write_bytes(0, usize::try_from(image.stride[plane]).unwrap_or(0) * rows);
            }
        }
    }

    /// Sets what may change while the encoder runs.
    pub(crate) fn set_rate(&mut self, plan: &Plan) {
        self.governor.follow(&governed(plan));
    }

    /// The sequence header.
    pub(crate) fn sets(&self) -> Vec<u8> {
        self.header.clone()
    }

    /// Encodes a picture of two planes that stand `chroma` bytes apart.
    ///
    /// # Safety
    /// Both planes can be read at this pitch and the encoder's size.
    pub(crate) unsafe fn encode(&mut self, luma: *const u8, pitch: usize, chroma: usize, key: bool) -> Option<Coded> {
        // SAFETY: the caller's planes; what the library gives is read before the next call.
        unsafe {
            self.fill(luma, pitch, chroma);
            if let Some(quantiser) = self.governor.quantiser() {
                (self.api.control)(&raw mut *self.context, QUALITY, quantiser * 63 / 51);
            }
            let (unit, key) = self.unit(if key { FORCE_KEY } else { 0 })?;
            // What stands in front of it is put there again where the client wants it.
            let own = obus(unit)?.into_iter().filter(|(kind, _)| ![SEQUENCE_HEADER, DELIMITER].contains(kind));
            let coded = Coded { bytes: own.flat_map(|(_, obu)| obu).collect(), key };
            self.governor.learn(coded.bytes.len(), key);
            Some(coded)
        }
    }

    /// The temporal unit of the picture in the image, and whether it is a key frame.
    ///
    /// # Safety
    /// What it gives is the library's until the next call.
    unsafe fn unit(&mut self, flags: c_long) -> Option<(&[u8], bool)> {
        // SAFETY: the encoder is open, and the image is one of its size.
        unsafe {
            let context = &raw mut *self.context;
            if (self.api.encode)(context, self.image, self.next, 1, flags) != 0 {
                return None;
            }
            self.next += 1;
            let mut at = ptr::null();
            let packet = (self.api.packet)(context, &raw mut at).as_ref().filter(|packet| packet.kind == FRAME)?;
            Some((std::slice::from_raw_parts(packet.bytes, packet.size), packet.flags & KEY != 0))
        }
    }

    /// Parts chroma that stands in pairs into two planes; samples of 10 bit come down from the upper bits.
    ///
    /// # Safety
    /// As for [`Self::encode`].
    unsafe fn fill(&mut self, luma: *const u8, pitch: usize, chroma: usize) {
        let (width, height) = self.size;
        let deep = self.layout == Layout::P010;
        // SAFETY: within the caller's planes, and those of the image, which was made for this size.
        unsafe {
            let image = &*self.image;
            for (plane, to) in image.planes.iter().enumerate() {
                let (from, step, first) = if plane == 0 { (luma, 1, 0) } else { (luma.add(chroma), 2, plane - 1) };
                let (width, height) = if plane == 0 { (width, height) } else { (width / 2, height / 2) };
                let stride = usize::try_from(image.stride[plane]).unwrap_or(0);
                for y in 0..height {
                    let (row, line) = (from.add(y * pitch), to.add(y * stride));
                    for x in 0..width {
                        let at = x * step + first;
                        if deep {
                            let sample = row.cast::<u16>().add(at).read_unaligned() >> 6;
                            line.cast::<u16>().add(x).write(sample);
                        } else {
                            line.add(x).write(row.add(at).read());
                        }
                    }
                }
            }
        }
    }
}

/// Settles a configuration before the encoder is opened.
fn settle(config: &mut Config, plan: &Plan) {
    let depth = if plan.layout == Layout::P010 { 10 } else { 8 };
    (config.width, config.height, config.threads) = (plan.width, plan.height, 1);
    (config.depth, config.input_depth) = (depth, depth);
    let signed = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
    config.timebase = [signed(plan.fps.1), signed(plan.fps.0)];
    (config.lag, config.drop) = (0, 0);
    let gop = plan.gop().unsigned_abs();
    (config.key_mode, config.key_least, config.key_most) = (1, gop, gop);
    config.control = BY_QUALITY;
}

/// The plan with a quality of the scale that its governor goes by.
fn governed(plan: &Plan) -> Plan {
    let rate = match plan.rate {
        Rate::Quality(quality) => Rate::Quality(quality * 51 / 63),
        rate => rate,
    };
    Plan { rate, ..*plan }
}

/// The OBUs of a temporal unit with their types; `None` where it is no unit.
fn obus(unit: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let (mut all, mut rest) = (Vec::new(), unit);
    while let Some(header) = rest.first() {
        // Each has its size and no extension.
        let (mut at, mut size, mut shift) = (1, 0_usize, 0);
        loop {
            let byte = *rest.get(at)?;
            (at, size, shift) = (at + 1, size | usize::from(byte & 0x7f) << shift, shift + 7);
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        all.push((header >> 3 & 15, rest.get(..at + size)?.to_vec()));
        rest = &rest[at + size..];
    }
    Some(all)
}

impl Drop for Aom {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed once.
        unsafe {
            (self.api.close)(&raw mut *self.context);
            if !self.image.is_null() {
                (self.api.free_image)(self.image);
            }
        }
    }
}
