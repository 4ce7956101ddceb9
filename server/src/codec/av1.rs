//! AV1: parameters from av1C records and sequence headers (AV1 in ISOBMFF section 2.3, AV1 specification section 5.5).

use super::bits::BitReader;
use super::{CodecError, checked_size, millifps};
use crate::pipeline::packet::{VideoCodec, VideoParams};
use bytes::Bytes;

/// OBU type of a sequence header.
const SEQUENCE_HEADER: u8 = 1;
/// OBU type of a temporal delimiter, which samples of MP4 do not have.
const TEMPORAL_DELIMITER: u8 = 2;
/// Fixed bytes of a record, before its OBUs.
const FIXED: usize = 4;

/// Parameters of a stream from its av1C record.
///
/// # Errors
/// It is not such a record, holds no sequence header, or a picture that is not carried.
pub fn video_params_from_av1c(record: &[u8]) -> Result<VideoParams, CodecError> {
    let (fixed, obus) = record.split_at_checked(FIXED).ok_or(CodecError::Truncated("the av1C record"))?;
    // Marker and version are one byte: 0x81.
    if fixed[0] != 0x81 {
        return Err(CodecError::Value { field: "version", value: fixed[0].into() });
    }
    let header = obu(obus, SEQUENCE_HEADER).ok_or(CodecError::Missing("sequence header"))?;
    build(&obus[header.whole.clone()], &obus[header.payload])
}

/// Parameters after an access unit whose sequence header is not that of `params`.
pub(super) fn with_in_band(params: &VideoParams, data: &[u8]) -> Result<Option<VideoParams>, CodecError> {
    Ok(video_params_in_band(data)?.filter(|new| new.record != params.record))
}

/// The sequence header of an access unit, its OBU in whole.
#[must_use]
pub fn sequence_header(data: &[u8]) -> Option<&[u8]> {
    obu(data, SEQUENCE_HEADER).map(|header| &data[header.whole])
}

/// Parameters of the sequence header in an access unit; `None` where it has none.
///
/// # Errors
/// It cannot be read, or is of a picture that is not carried.
pub fn video_params_in_band(data: &[u8]) -> Result<Option<VideoParams>, CodecError> {
    let Some(header) = obu(data, SEQUENCE_HEADER) else { return Ok(None) };
    build(&data[header.whole], &data[header.payload]).map(Some)
}

/// An access unit as MP4 has it: without temporal delimiters.
#[must_use]
pub fn without_delimiters(data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len());
    let mut at = 0;
    while let Some(found) = next(data, at) {
        if found.kind != TEMPORAL_DELIMITER {
            out.extend_from_slice(&data[found.whole.clone()]);
        }
        at = found.whole.end;
    }
    // What is no OBU any more stays: decoders say more about damage.
    out.extend_from_slice(&data[at..]);
    out.into()
}

/// Where an OBU lies in its bytes.
struct Obu {
    kind: u8,
    whole: std::ops::Range<usize>,
    payload: std::ops::Range<usize>,
}

/// The first OBU of `kind`.
fn obu(data: &[u8], kind: u8) -> Option<Obu> {
    let mut at = 0;
    while let Some(found) = next(data, at) {
        if found.kind == kind {
            return Some(found);
        }
        at = found.whole.end;
    }
    None
}

/// The OBU that begins at `at` (section 5.3); one without a size ends with the bytes.
fn next(data: &[u8], at: usize) -> Option<Obu> {
    let header = *data.get(at)?;
    let (extended, sized) = (header & 4 != 0, header & 2 != 0);
    let mut payload = at + 1 + usize::from(extended);
    let end = if sized {
        let (size, length) = leb128(data.get(payload..)?)?;
        payload += length;
        payload.checked_add(size)?
    } else {
        data.len()
    };
    (header & 0x80 == 0 && payload <= end && end <= data.len()).then_some(Obu {
        kind: header >> 3 & 15,
        whole: at..end,
        payload: payload..end,
    })
}

/// A number of up to 8 bytes of 7 bits each (section 4.10.5), and how many it has.
fn leb128(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (index, byte) in data.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok().map(|value| (value, index + 1));
        }
    }
    None
}

fn build(whole: &[u8], payload: &[u8]) -> Result<VideoParams, CodecError> {
    let header = Sequence::read(payload)?;
    let (width, height) = checked_size(header.size.0.into(), header.size.1.into())?;
    let depth = if header.high_depth { 10 } else { 8 };
    let tier = if header.tier { 'H' } else { 'M' };
    Ok(VideoParams {
        codec: VideoCodec::Av1,
        record: [&header.record()[..], whole].concat().into(),
        codec_string: format!("av01.0.{:02}{tier}.{depth:02}", header.level),
        width,
        height,
        sample_aspect: (1, 1),
        rotation: 0,
        // A temporal unit is one shown picture: none is decoded before one that is shown earlier.
        reorder: Some(0),
        claimed_millifps: header.millifps,
    })
}

/// What a sequence header says that is needed here: main profile, 4:2:0 of 8 or 10 bit.
struct Sequence {
    level: u8,
    tier: bool,
    size: (u32, u32),
    high_depth: bool,
    chroma_position: u8,
    millifps: Option<u32>,
}

impl Sequence {
    /// Reads `sequence_header_obu` (section 5.5.1).
    fn read(payload: &[u8]) -> Result<Self, CodecError> {
        let mut bits = BitReader::new(payload);
        let cut = CodecError::cut("the sequence header");
        let profile = bits.bits(3).map_err(&cut)?;
        if profile != 0 {
            return Err(CodecError::Unsupported("AV1 other than its main profile"));
        }
        let header = Self::read_main(&mut bits).map_err(cut)?;
        header.ok_or(CodecError::Unsupported("AV1 without colour"))
    }

    /// Behind the profile; `None` where there is no chroma.
    fn read_main(bits: &mut BitReader<'_>) -> Result<Option<Self>, super::OutOfBits> {
        bits.skip(1)?;
        let reduced = bits.flag()?;
        let (level, tier, millifps) = if reduced { (bits.bits(5)?, false, None) } else { operating_points(bits)? };
        let lengths = (bits.bits(4)? + 1, bits.bits(4)? + 1);
        let size = (bits.bits(lengths.0)? + 1, bits.bits(lengths.1)? + 1);
        if !reduced && bits.flag()? {
            bits.skip(7)?;
        }
        bits.skip(3)?;
        if !reduced {
            skip_tools(bits)?;
        }
        bits.skip(3)?;
        let high_depth = bits.flag()?;
        if bits.flag()? {
            return Ok(None);
        }
        // colour_config: codes of H.273, where they are told, and the range.
        if bits.flag()? {
            let srgb = (bits.bits(8)?, bits.bits(8)?, bits.bits(8)?) == (1, 13, 0);
            if srgb {
                return Ok(None);
            }
        }
        bits.skip(1)?;
        let chroma_position = bits.bits(2)? as u8;
        Ok(Some(Self { level: level as u8, tier, size, high_depth, chroma_position, millifps }))
    }

    /// The fixed bytes of an av1C record.
    fn record(&self) -> [u8; FIXED] {
        let flags = u8::from(self.tier) << 7 | u8::from(self.high_depth) << 6;
        // Chroma is halved in both directions.
        [0x81, self.level & 31, flags | 0b1100 | self.chroma_position, 0]
    }
}

/// Level and tier of the first operating point, and the frame rate where it is told.
fn operating_points(bits: &mut BitReader<'_>) -> Result<(u32, bool, Option<u32>), super::OutOfBits> {
    let mut rate = None;
    let mut delay_bits = None;
    if bits.flag()? {
        let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
        if bits.flag()? {
            let ticks = u64::from(bits.ue()?) + 1;
            rate = millifps(units, scale, ticks);
        }
        if bits.flag()? {
            delay_bits = Some(bits.bits(5)? + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let display_delay = bits.flag()?;
    let mut first = None;
    for _ in 0..=bits.bits(5)? {
        bits.skip(12)?;
        let level = bits.bits(5)?;
        let tier = level > 7 && bits.flag()?;
        first.get_or_insert((level, tier));
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits as usize + 1)?;
        }
        if display_delay && bits.flag()? {
            bits.skip(4)?;
        }
    }
    let (level, tier) = first.unwrap_or_default();
    Ok((level, tier, rate))
}

/// Coding tools between the sizes and the filters.
fn skip_tools(bits: &mut BitReader<'_>) -> Result<(), super::OutOfBits> {
    bits.skip(4)?;
    let order_hint = bits.flag()?;
    if order_hint {
        bits.skip(2)?;
    }
    // 2 is "each frame says it".
    let screen_content = if bits.flag()? { 2 } else { bits.bits(1)? };
    if screen_content > 0 && !bits.flag()? {
        bits.skip(1)?;
    }
    if order_hint {
        bits.skip(3)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 640x360, 8 bit, level 2.1, of a film in Matroska.
    const RECORD: &[u8] =
        &[0x81, 1, 0x0c, 0, 0x0a, 0x0e, 0, 0, 0, 0x0c, 0xc4, 0xff, 0x67, 0x3f, 0xfe, 0x64, 8, 8, 4, 0x10];

    #[test]
    fn a_record_tells_size_level_and_depth() {
        let params = video_params_from_av1c(RECORD).unwrap();
        assert_eq!((params.width, params.height), (640, 360));
        assert_eq!(params.codec_string, "av01.0.01M.08");
        assert_eq!(params.record, RECORD);
    }

    #[test]
    fn another_sequence_header_in_band_is_another_stream() {
        let params = video_params_from_av1c(RECORD).unwrap();
        assert_eq!(with_in_band(&params, &RECORD[FIXED..]), Ok(None));
        assert_eq!(with_in_band(&params, &[0x12, 0]), Ok(None));
        let mut other = RECORD[FIXED..].to_vec();
        // The level.
        other[5] ^= 8;
        let new = with_in_band(&params, &other).unwrap().unwrap();
        assert_ne!(new.codec_string, params.codec_string);
        assert_eq!((new.width, new.height), (640, 360));
    }

    #[test]
    fn delimiters_are_left_out_and_damage_is_not() {
        let frame = [0x32, 3, 1, 2, 3];
        let unit = [&[0x12, 0][..], &frame, &[0xff, 9]].concat();
        assert_eq!(without_delimiters(&unit), [&frame[..], &[0xff, 9]].concat());
    }

    #[test]
    fn what_is_not_carried_is_refused_in_words() {
        let refused = |record: &[u8]| video_params_from_av1c(record).unwrap_err().to_string();
        assert!(refused(&[]).contains("cut off"));
        assert!(refused(&[0x82, 0, 0, 0]).contains("version"));
        assert!(refused(&[0x81, 0, 0, 0]).contains("sequence header"));
        assert!(refused(&[0x81, 0, 0, 0, 0x0a, 1, 0x20]).contains("main profile"));
        assert!(refused(&[0x81, 0, 0, 0, 0x0a, 1, 0]).contains("cut off"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(record in proptest::collection::vec(any::<u8>(), 0..64), real in 0..RECORD.len(), to in any::<u8>()) {
            let _ = video_params_from_av1c(&record);
            let _ = without_delimiters(&record);
            let mut near = RECORD.to_vec();
            near[real] = to;
            let _ = video_params_from_av1c(&near);
        }
    }
}
