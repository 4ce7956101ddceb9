//! Bits of a raw byte sequence payload: reading and writing fixed-length and Exp-Golomb codes (ITU-T H.264 section 9.1).

/// The bits ended before the syntax did, or a code is longer than 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfBits;

/// Reads bits from the most significant on.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Position in bits.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn flag(&mut self) -> Result<bool, OutOfBits> {
        let byte = self.data.get(self.at / 8).ok_or(OutOfBits)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Result<u32, OutOfBits> {
        debug_assert!(count <= 32);
        (0..count).try_fold(0, |value, _| Ok(value << 1 | u32::from(self.flag()?)))
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), OutOfBits> {
        let at = self.at.checked_add(count).filter(|&at| at <= self.data.len() * 8).ok_or(OutOfBits)?;
        self.at = at;
        Ok(())
    }

    /// `ue(v)`.
    pub(super) fn ue(&mut self) -> Result<u32, OutOfBits> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(OutOfBits);
            }
        }
        Ok((1 << zeros) - 1 + self.bits(zeros)?)
    }

    /// `se(v)`.
    pub(super) fn se(&mut self) -> Result<i64, OutOfBits> {
        let code = i64::from(self.ue()?);
        Ok(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 })
    }
}

/// Writes bits from the most significant on.
#[derive(Default)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    at: usize,
}

impl BitWriter {
    /// Starts with the first `count` bits of `data`, which must hold them.
    pub(super) fn copy_of(data: &[u8], count: usize) -> Self {
        let mut out = data[..count.div_ceil(8)].to_vec();
        if !count.is_multiple_of(8)
            && let Some(last) = out.last_mut()
        {
            *last &= 0xff << (8 - count % 8);
        }
        Self { out, at: count }
    }

    pub(super) fn flag(&mut self, bit: bool) {
        if self.at.is_multiple_of(8) {
            self.out.push(0);
        }
        if bit && let Some(last) = self.out.last_mut() {
            *last |= 1 << (7 - self.at % 8);
        }
        self.at += 1;
    }

    /// The `count` lowest bits of `value`.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.flag(value >> bit & 1 == 1);
        }
    }

    /// `ue(v)`, for values below 2^31.
    pub(super) fn ue(&mut self, value: u32) {
        let code = value + 1;
        let len = 32 - code.leading_zeros();
        self.bits(0, len - 1);
        self.bits(code, len);
    }

    /// `rbsp_trailing_bits()`, then the bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.flag(true);
        self.out
    }
}

/// The payload of a NAL unit without its emulation prevention bytes (section 7.4.1.1).
pub(super) fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// Appends `payload` with emulation prevention bytes.
pub(super) fn escape(payload: &[u8], out: &mut Vec<u8>) {
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_written_are_read_back() {
        let mut writer = BitWriter::default();
        for value in [0, 1, 2, 7, 8, 255, 65_535, (1 << 31) - 2] {
            writer.ue(value);
        }
        writer.bits(0b101, 3);
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        for value in [0, 1, 2, 7, 8, 255, 65_535, (1 << 31) - 2] {
            assert_eq!(reader.ue(), Ok(value));
        }
        assert_eq!(reader.bits(3), Ok(0b101));
        assert_eq!(reader.flag(), Ok(true));
        assert_eq!(reader.skip(99), Err(OutOfBits));
    }

    #[test]
    fn signed_codes_follow_table_9_3() {
        let mut writer = BitWriter::default();
        (0..5).for_each(|code| writer.ue(code));
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        assert_eq!([0; 5].map(|_: i32| reader.se().unwrap()), [0, 1, -1, 2, -2]);
    }

    #[test]
    fn emulation_prevention_goes_both_ways() {
        for plain in [&[0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0][..], &[1, 0, 0, 4], &[]] {
            let mut escaped = Vec::new();
            escape(plain, &mut escaped);
            assert!(!escaped.windows(3).any(|three| three[..2] == [0, 0] && three[2] < 3), "{escaped:?}");
            assert_eq!(unescape(&escaped), plain);
        }
    }

    #[test]
    fn too_long_codes_are_refused() {
        assert_eq!(BitReader::new(&[0; 9]).ue(), Err(OutOfBits));
        assert_eq!(BitReader::new(&[]).ue(), Err(OutOfBits));
    }
}
