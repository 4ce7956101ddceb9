//! What clients ask of a decoder: what it can do, and whether it does what they want.

use nvidia_video_codec_sdk::sys::cuviddec::{CUVIDDECODECAPS, CUVIDDECODECREATEINFO};
use sightline_standin::fault::Refused;
use sightline_standin::memory::ALIGN;
use sightline_standin::{Cu, abi, machine};

use crate::codec::Codec;
use crate::convert::Layout;

const LARGEST: u64 = 8192;

/// Whether pictures of that kind can be decoded, as far as no fault is asked for.
fn decodes(codec: Codec, chroma: u32, depth: u32) -> bool {
    let faults = machine().faults();
    let refused = |one: &Refused| match one {
        Refused::H264 => codec == Codec::H264,
        Refused::Hevc => codec == Codec::Hevc,
        Refused::Av1 => codec == Codec::Av1,
        Refused::Hevc10 => codec == Codec::Hevc && depth > 8,
        Refused::EncodeHevc | Refused::EncodeHevc10 | Refused::EncodeAv1 => false,
    };
    codec.decodes(chroma, depth) && !faults.no_nvdec && !faults.refused.iter().any(refused)
}

/// The numbers of the structure, read without a look at its enumerations: a client may hold values that these do not know.
///
/// # Safety
/// A 32 bit field of a client's structure.
pub(crate) unsafe fn number<T>(field: *const T) -> u32 {
    // SAFETY: each enumeration of the interface is a 32 bit number in the client's structure.
    unsafe { field.cast::<u32>().read() }
}

/// What a client asks for, in numbers.
struct Asked {
    codec: u32,
    chroma: u32,
    output: u32,
    deinterlace: u32,
    depth: u64,
    coded: (u64, u64),
    target: (u64, u64),
    /// Left, top, right, bottom of what is shown, and of where it goes.
    area: [i64; 4],
    rect: [i64; 4],
    surfaces: (u64, u64),
}

impl Asked {
    /// Reads the client's structure.
    ///
    /// # Safety
    /// The client's structure.
    unsafe fn read(info: *const CUVIDDECODECREATEINFO) -> Self {
        // SAFETY: plain numbers of the caller's structure; enumerations are read as numbers.
        unsafe {
            let (area, rect) = ((*info).display_area, (*info).target_rect);
            Self {
                codec: number(&raw const (*info).CodecType),
                chroma: number(&raw const (*info).ChromaFormat),
                output: number(&raw const (*info).OutputFormat),
                deinterlace: number(&raw const (*info).DeinterlaceMode),
                depth: (*info).bitDepthMinus8 + 8,
                coded: ((*info).ulWidth, (*info).ulHeight),
                target: ((*info).ulTargetWidth, (*info).ulTargetHeight),
                area: [area.left, area.top, area.right, area.bottom].map(i64::from),
                rect: [rect.left, rect.top, rect.right, rect.bottom].map(i64::from),
                surfaces: ((*info).ulNumDecodeSurfaces, (*info).ulNumOutputSurfaces),
            }
        }
    }

    /// Whether the device decodes such a stream.
    fn decodable(&self) -> Result<Codec, Cu> {
        let codec = Codec::from_number(self.codec).ok_or(Cu::NOT_SUPPORTED)?;
        let depth = u32::try_from(self.depth).map_err(|_| Cu::INVALID_VALUE)?;
        let sizes = (48..=LARGEST).contains(&self.coded.0) && (16..=LARGEST).contains(&self.coded.1);
        let format = self.output == u32::from(depth > 8);
        if sizes && format && decodes(codec, self.chroma, depth) { Ok(codec) } else { Err(Cu::NOT_SUPPORTED) }
    }

    /// The part of the pictures that is shown, if that and where it goes is something the device takes.
    fn shown(&self) -> Result<[i64; 4], Cu> {
        let (wide, high) = (self.coded.0.cast_signed(), self.coded.1.cast_signed());
        let shown = if self.area == [0; 4] { [0, 0, wide, high] } else { self.area };
        let inside = 0 <= shown[0] && shown[0] < shown[2] && shown[2] <= wide;
        let inside = inside && 0 <= shown[1] && shown[1] < shown[3] && shown[3] <= high;
        let counts = (1..=64).contains(&self.surfaces.0) && (1..=64).contains(&self.surfaces.1);
        let even = |side: u64| side > 0 && side.is_multiple_of(2);
        if !inside || !counts || self.deinterlace > 2 || !even(self.target.0) || !even(self.target.1) {
            return Err(Cu::INVALID_VALUE);
        }
        let (to_width, to_height) = (self.target.0.cast_signed(), self.target.1.cast_signed());
        // A device scales here; nobody of ours asks it to, since kernels do.
        let length = |from: i64, to: i64| (to - from + 1) & !1;
        let plain = length(shown[0], shown[2]) == to_width && length(shown[1], shown[3]) == to_height;
        let whole = self.rect == [0; 4] || self.rect == [0, 0, to_width, to_height];
        if plain && whole { Ok(shown) } else { Err(Cu::NOT_SUPPORTED) }
    }
}

/// Checks what is asked for.
///
/// # Safety
/// The client's structure.
pub(crate) unsafe fn layout(info: *const CUVIDDECODECREATEINFO) -> Result<(Codec, Layout), Cu> {
    // SAFETY: the caller's promise.
    let asked = unsafe { Asked::read(info) };
    let (codec, shown) = (asked.decodable()?, asked.shown()?);
    let size = |value: u64| usize::try_from(value).unwrap_or(0);
    let deep = asked.depth > 8;
    let row = size(asked.target.0) * if deep { 2 } else { 1 };
    let layout = Layout {
        left: size(shown[0].cast_unsigned()),
        top: size(shown[1].cast_unsigned()),
        width: size(asked.target.0),
        height: size(asked.target.1),
        pitch: row.next_multiple_of(usize::try_from(ALIGN).unwrap_or(512)),
        deep,
    };
    Ok((codec, layout))
}

abi! {
    fn cuvidGetDecoderCaps(caps: *mut CUVIDDECODECAPS) {
        machine().current()?;
        if caps.is_null() {
            return Err(Cu::INVALID_VALUE);
        }
        let codec = Codec::from_number(number(&raw const (*caps).eCodecType));
        let (chroma, depth) = (number(&raw const (*caps).eChromaFormat), (*caps).nBitDepthMinus8.saturating_add(8));
        let decodes = codec.is_some_and(|codec| decodes(codec, chroma, depth));
        (*caps).bIsSupported = u8::from(decodes);
        (*caps).nNumNVDECs = u8::from(decodes);
        (*caps).nOutputFormatMask = match (decodes, depth) { (false, _) => 0, (true, 8) => 1, (true, _) => 2 };
        let largest = if decodes { u32::try_from(LARGEST).unwrap_or(0) } else { 0 };
        (*caps).nMaxWidth = largest;
        (*caps).nMaxHeight = largest;
        (*caps).nMaxMBCount = largest * largest / 256;
        (*caps).nMinWidth = if decodes { 48 } else { 0 };
        (*caps).nMinHeight = if decodes { 16 } else { 0 };
        (*caps).bIsHistogramSupported = 0;
        (*caps).nCounterBitDepth = 0;
        (*caps).nMaxHistogramBins = 0;
        Ok(())
    }
}
