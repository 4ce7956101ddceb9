//! NAL units in a row: behind lengths (ISO/IEC 14496-15 section 5.3.4) or behind start codes (ITU-T H.264 annex B).

use super::CodecError;
use bytes::{BufMut, Bytes, BytesMut};
use std::ops::Range;

/// Walks NAL units behind 4-byte lengths, empty ones left out; see [`units`].
#[derive(Clone, Debug)]
pub struct Units<'a> {
    data: &'a [u8],
    at: usize,
    broken: bool,
}

/// The NAL units of `data`, each behind its length in 4 bytes. It ends at the first length that goes beyond the data;
/// [`Units::is_broken`] then says so.
#[must_use]
pub fn units(data: &[u8]) -> Units<'_> {
    Units { data, at: 0, broken: false }
}

impl<'a> Units<'a> {
    /// Whether the walk ended at a length that goes beyond the data.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Where the walk stands, in bytes.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next unit and where it lies, its length field included.
    pub fn next_with_range(&mut self) -> Option<(Range<usize>, &'a [u8])> {
        loop {
            let rest = &self.data[self.at..];
            if rest.is_empty() {
                return None;
            }
            let found = rest.split_first_chunk::<4>().and_then(|(length, body)| {
                let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
                body.get(..length)
            });
            let Some(unit) = found else {
                self.broken = true;
                return None;
            };
            let start = self.at;
            self.at += 4 + unit.len();
            if !unit.is_empty() {
                return Some((start..self.at, unit));
            }
        }
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.next_with_range().map(|(_, unit)| unit)
    }
}

/// Re-writes NAL units behind lengths of `from_length_size` bytes to lengths of 4 bytes.
///
/// # Errors
/// The size is not 1 to 4, or a length goes beyond the data.
pub fn relength(data: &[u8], from_length_size: u8) -> Result<Bytes, CodecError> {
    let size = usize::from(from_length_size);
    if !(1..=4).contains(&size) {
        return Err(CodecError::LengthSize(from_length_size));
    }
    // One-byte lengths grow most: four bytes for each one, were every unit empty.
    let mut out = BytesMut::with_capacity(data.len() + data.len() / 8 + 16);
    let mut rest = data;
    while !rest.is_empty() {
        let (length, body) = rest.split_at_checked(size).ok_or(CodecError::Truncated("a NAL unit's length"))?;
        let length = length.iter().fold(0_u32, |length, &byte| length << 8 | u32::from(byte));
        let unit = usize::try_from(length).ok().and_then(|length| body.get(..length));
        let unit = unit.ok_or(CodecError::Truncated("a NAL unit"))?;
        if !unit.is_empty() {
            out.put_u32(length);
            out.put_slice(unit);
        }
        rest = &body[unit.len()..];
    }
    Ok(out.freeze())
}

/// Re-writes NAL units behind start codes to lengths of 4 bytes. What stands before the first start code is left out, so
/// that data without any gives nothing.
#[must_use]
pub fn annexb_to_lengths(data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 16);
    let mut start = start_code(data, 0);
    while let Some(begin) = start {
        let next = start_code(data, begin);
        let mut unit = &data[begin..next.map_or(data.len(), |next| next - 3)];
        // trailing_zero_8bits, and the zero_byte of the next start code.
        while let [head @ .., 0] = unit {
            unit = head;
        }
        if let Ok(length) = u32::try_from(unit.len())
            && length > 0
        {
            out.put_u32(length);
            out.put_slice(unit);
        }
        start = next;
    }
    out.freeze()
}

/// Appends NAL units behind 4-byte lengths to `out`, behind 4-byte start codes.
///
/// # Errors
/// A length goes beyond the data; `out` then holds the units before it.
pub fn lengths_to_annexb(data: &[u8], out: &mut Vec<u8>) -> Result<(), CodecError> {
    let mut units = units(data);
    for unit in units.by_ref() {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit);
    }
    if units.is_broken() { Err(CodecError::Truncated("a NAL unit")) } else { Ok(()) }
}

/// Parameter sets without a start code and zeros behind them, which some cameras put into their SDP; without empty ones.
pub(super) fn trimmed<'a>(units: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let trim = |unit: &&'a [u8]| {
        let mut unit = *unit;
        while let [head @ .., 0] | [head @ .., 0, 0, 1] = unit {
            unit = head;
        }
        unit
    };
    units.iter().map(trim).filter(|unit| !unit.is_empty()).collect()
}

/// Where the byte behind the next `00 00 01` from `from` on stands.
fn start_code(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at + 2 < data.len() {
        match data[at + 2] {
            // The third byte tells how far a start code can be away: most steps are of three bytes.
            2.. => at += 3,
            1 if data[at] == 0 && data[at + 1] == 0 => return Some(at + 3),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn start_codes_of_three_and_four_bytes_are_found() {
        let data = [9, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 0, 0, 3, 1, 0, 0];
        let out = annexb_to_lengths(&data);
        let expected: [&[u8]; 3] = [&[0x67, 1], &[0x68, 2], &[0x65, 0, 0, 3, 1]];
        assert_eq!(units(&out).collect::<Vec<_>>(), expected);
        assert_eq!(annexb_to_lengths(&[0, 0, 0, 0]), Bytes::new());
        assert_eq!(annexb_to_lengths(&[0, 0, 1]), Bytes::new());
    }

    #[test]
    fn lengths_of_any_size_become_four_bytes() {
        assert_eq!(&relength(&[1, 7, 2, 8, 9], 1).unwrap()[..], [0, 0, 0, 1, 7, 0, 0, 0, 2, 8, 9]);
        assert_eq!(&relength(&[0, 1, 7], 2).unwrap()[..], [0, 0, 0, 1, 7]);
        assert_eq!(&relength(&[0, 0, 1, 7, 0, 0, 0], 3).unwrap()[..], [0, 0, 0, 1, 7]);
        assert_eq!(relength(&[0, 3, 7], 2), Err(CodecError::Truncated("a NAL unit")));
        assert_eq!(relength(&[0], 2), Err(CodecError::Truncated("a NAL unit's length")));
        assert_eq!(relength(&[], 5), Err(CodecError::LengthSize(5)));
    }

    #[test]
    fn a_length_beyond_the_data_ends_the_walk() {
        let mut walk = units(&[0, 0, 0, 1, 5, 0, 0, 0, 9, 1]);
        assert_eq!((walk.next(), walk.is_broken()), (Some(&[5][..]), false));
        assert_eq!((walk.next(), walk.is_broken(), walk.position()), (None, true, 5));
    }

    #[test]
    fn what_stands_behind_a_parameter_set_is_cut_off() {
        let units: [&[u8]; 3] = [&[0x68, 1, 0, 0, 0, 1, 0, 0, 1, 0], &[0x68, 0, 1], &[0, 0, 1]];
        assert_eq!(trimmed(&units), [&[0x68, 1][..], &[0x68, 0, 1]]);
    }

    proptest! {
        #[test]
        fn annexb_and_lengths_hold_the_same_units(payloads in prop::collection::vec(prop::collection::vec(1_u8.., 1..40), 0..9)) {
            let mut lengths = Vec::new();
            for payload in &payloads {
                lengths.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
                lengths.extend_from_slice(payload);
            }
            let mut annexb = Vec::new();
            lengths_to_annexb(&lengths, &mut annexb).unwrap();
            prop_assert_eq!(&annexb_to_lengths(&annexb)[..], &lengths[..]);
        }
    }
}
