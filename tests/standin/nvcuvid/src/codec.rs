//! The codecs of the stand-in, their NAL units and OBUs, and where access units begin.

use ffmpeg_sys_next::AVCodecID;

/// What can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    H264,
    Hevc,
    Av1,
}

/// What a NAL unit or an OBU is to the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Sps,
    /// Part of the picture; whether it is the picture's first.
    Slice {
        first: bool,
        reference: bool,
    },
    /// Stands before a picture's slices.
    Prefix,
    Other,
}

impl Codec {
    /// The codec of a `cudaVideoCodec` number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Self::H264, Self::Hevc, Self::Av1].into_iter().find(|codec| codec.number() == number)
    }

    /// Its `cudaVideoCodec` number.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::H264 => 4,
            Self::Hevc => 8,
            Self::Av1 => 11,
        }
    }

    pub(crate) fn libav(self) -> AVCodecID {
        match self {
            Self::H264 => AVCodecID::AV_CODEC_ID_H264,
            Self::Hevc => AVCodecID::AV_CODEC_ID_HEVC,
            Self::Av1 => AVCodecID::AV_CODEC_ID_AV1,
        }
    }

    /// Whether pictures of that depth can be decoded, as on devices with no 10 bit H.264.
    pub(crate) fn decodes(self, chroma: u32, depth: u32) -> bool {
        chroma == 1 && (depth == 8 || self != Self::H264 && depth == 10)
    }

    pub(crate) fn role(self, nal: &[u8]) -> Role {
        let Some(header) = nal.first().copied() else { return Role::Other };
        match self {
            Self::H264 => match header & 31 {
                7 => Role::Sps,
                1 | 2 | 5 => Role::Slice {
                    first: nal.get(1).is_some_and(|byte| byte & 0x80 != 0),
                    reference: header & 0x60 != 0,
                },
                6 | 8 | 9 | 14..=18 => Role::Prefix,
                _ => Role::Other,
            },
            Self::Hevc => match header >> 1 & 63 {
                33 => Role::Sps,
                kind @ 0..=31 => Role::Slice {
                    first: nal.get(2).is_some_and(|byte| byte & 0x80 != 0),
                    reference: kind % 2 == 1 || kind >= 16,
                },
                32 | 34 | 35 | 39 | 41..=44 | 48..=55 => Role::Prefix,
                _ => Role::Other,
            },
            Self::Av1 => match header >> 3 & 15 {
                1 => Role::Sps,
                kind @ (3 | 4 | 6) => Role::Slice { first: kind != 4, reference: true },
                2 | 5 => Role::Prefix,
                _ => Role::Other,
            },
        }
    }

    /// Where the units of `bytes` stand, as [`nals`] tells it.
    pub(crate) fn units(self, bytes: &[u8]) -> Vec<(usize, usize, usize)> {
        if self == Self::Av1 { obus(bytes) } else { nals(bytes) }
    }

    /// Whether decoding begins anew here, so that nothing before it is shown after it.
    pub(crate) fn begins_anew(self, nal: &[u8]) -> bool {
        nal.first().is_some_and(|header| match self {
            Self::H264 => header & 31 == 5,
            Self::Hevc => (16..=21).contains(&(header >> 1 & 63)),
            // A temporal unit is shown when it was decoded: nothing of it waits.
            Self::Av1 => false,
        })
    }
}

/// Where the OBUs of a temporal unit stand (AV1 specification section 5.3): of each its first byte twice, and its end.
fn obus(bytes: &[u8]) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at).copied() {
        let mut end = at + 1 + usize::from(header & 4 != 0);
        let mut size = 0;
        for place in 0..8 {
            let Some(byte) = bytes.get(end).filter(|_| header & 2 != 0) else { break };
            end += 1;
            size |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        end = if header & 2 == 0 { bytes.len() } else { end.saturating_add(size).min(bytes.len()) };
        found.push((at, at, end));
        at = end;
    }
    found
}

/// Where the NAL units of an Annex B stream stand: of each its start code's first byte, its own first byte and its end.
/// The last one ends with the bytes.
fn nals(bytes: &[u8]) -> Vec<(usize, usize, usize)> {
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    while at + 3 <= bytes.len() {
        if bytes[at..at + 3] == [0, 0, 1] {
            let code = if at > 0 && bytes[at - 1] == 0 { at - 1 } else { at };
            if let Some(last) = found.last_mut() {
                last.2 = code;
            }
            found.push((code, at + 3, bytes.len()));
            at += 3;
        } else {
            at += 1;
        }
    }
    found
}
