//! Reading and writing the bits of parameter sets.

/// Reads a NAL unit's payload, leaving out the bytes that prevent start codes.
pub(crate) struct Reader {
    bytes: Vec<u8>,
    at: usize,
}

impl Reader {
    pub(crate) fn new(payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(payload.len());
        let mut zeros = 0;
        for byte in payload {
            if zeros >= 2 && *byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            bytes.push(*byte);
        }
        Self { bytes, at: 0 }
    }

    /// Reads bytes as they are.
    pub(crate) fn plain(payload: &[u8]) -> Self {
        Self { bytes: payload.to_vec(), at: 0 }
    }

    pub(crate) fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        Some(self.bit()? == 1)
    }

    pub(crate) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |value, _| Some(value << 1 | self.bit()?))
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.bits(zeros)?)
    }

    pub(crate) fn se(&mut self) -> Option<i32> {
        let value = self.ue()?;
        let half = i32::try_from(value.div_ceil(2)).ok()?;
        Some(if value % 2 == 1 { half } else { -half })
    }
}

/// Writes a NAL unit.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    used: u32,
}

impl Writer {
    pub(crate) fn bits(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> place & 1 == 1) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.bits(u32::from(value), 1);
    }

    pub(crate) fn ue(&mut self, value: u32) {
        let length = 32 - (value + 1).leading_zeros();
        self.bits(0, length - 1);
        self.bits(value + 1, length);
    }

    pub(crate) fn se(&mut self, value: i32) {
        let twice = value.unsigned_abs() * 2;
        self.ue(if value > 0 { twice - 1 } else { twice });
    }

    /// The NAL unit with a start code before it.
    pub(crate) fn finish(mut self, header: u8) -> Vec<u8> {
        self.bits(1, 1);
        let mut nal = vec![0, 0, 0, 1, header];
        let mut zeros = 0;
        for byte in self.bytes {
            if zeros >= 2 && byte <= 3 {
                nal.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            nal.push(byte);
        }
        nal
    }
}
