//! The boxes of one chunk, written by hand: their layout is fixed, so that a chunk costs one allocation and one copy.
//!
//! mp4-atom writes the same boxes through several growing vectors; tests read every chunk back with mp4-atom instead.

use bytes::Bytes;

/// What a `moof` with one sample says.
pub(super) struct Sample {
    /// `mfhd.sequence_number`.
    pub(super) sequence: u32,
    /// `tfhd.track_ID`.
    pub(super) track: u32,
    /// `tfdt.baseMediaDecodeTime`, in the track's timescale.
    pub(super) decode_time: u64,
    /// In the track's timescale.
    pub(super) duration: u32,
    /// Bytes of the sample.
    pub(super) size: u32,
    /// Whether decoding can start here.
    pub(super) sync: bool,
    /// PTS - DTS; left out of the box where it is 0, which is its default.
    pub(super) composition_offset: i32,
}

/// `tfhd`: default-base-is-moof (ISO/IEC 14496-12 section 8.8.7).
const TFHD_FLAGS: u32 = 0x02_0000;
/// `trun`: data offset, and for the sample duration, size and flags (section 8.8.8).
const TRUN_FLAGS: u32 = 0x0701;
/// `trun`: composition offset.
const TRUN_OFFSET: u32 = 0x0800;
/// `sample_depends_on` = 2: an I picture (section 8.8.3.1).
const SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` = 1, `sample_is_non_sync_sample` = 1.
const NON_SYNC: u32 = 0x0101_0000;

const TRUN_LEN: u32 = 32;
const TRAF_LEN: u32 = 8 + 16 + 20 + TRUN_LEN;
const MOOF_LEN: u32 = 8 + 16 + TRAF_LEN;
const MDAT_HEADER: u32 = 8;
/// Where `tfdt.baseMediaDecodeTime` stands: behind the heads of `moof` and `traf`, `mfhd`, `tfhd` and its own 12 bytes.
const TFDT_TIME: usize = 8 + 16 + 8 + 16 + 12;
/// Where the duration stands in `trun`: behind `tfdt`'s time and 20 bytes of its own.
const TRUN_DURATION: usize = TFDT_TIME + 8 + 20;

/// `header`, `moof`, `mdat` of `sample`, whose bytes are `pieces`.
pub(super) fn message<'a>(header: &[u8], sample: &Sample, pieces: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let with_offset = u32::from(sample.composition_offset != 0);
    let moof = MOOF_LEN + 4 * with_offset;
    let len = header.len() + (moof + MDAT_HEADER) as usize + sample.size as usize;
    let mut out = Vec::with_capacity(len);
    out.extend_from_slice(header);
    out.extend_from_slice(&boxes(sample, moof)[..(moof + MDAT_HEADER) as usize]);
    for piece in pieces {
        out.extend_from_slice(piece);
    }
    debug_assert_eq!(out.len(), len);
    Bytes::from(out)
}

/// Decode time and duration in the track's timescale, and the sample's own bytes, of a message made by [`message`].
pub(super) fn read(message: &Bytes, header: usize) -> Option<(u64, u32, Bytes)> {
    let word = |at: usize| {
        let at = header + at;
        message.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
    };
    let (high, low) = (word(TFDT_TIME)?, word(TFDT_TIME + 4)?);
    let data = header + word(0)? as usize + MDAT_HEADER as usize;
    let data = (data <= message.len()).then(|| message.slice(data..))?;
    Some((u64::from(high) << 32 | u64::from(low), word(TRUN_DURATION)?, data))
}

/// `moof` and the head of `mdat`, built on the stack; four bytes too long where there is no composition offset.
fn boxes(sample: &Sample, moof: u32) -> [u8; (MOOF_LEN + 4 + MDAT_HEADER) as usize] {
    let offset = moof - MOOF_LEN;
    let mut out = [0; (MOOF_LEN + 4 + MDAT_HEADER) as usize];
    let mut put = Put { out: &mut out, at: 0 };
    put.head(moof, *b"moof");
    put.head(16, *b"mfhd").word(0).word(sample.sequence);
    put.head(TRAF_LEN + offset, *b"traf");
    put.head(16, *b"tfhd").word(TFHD_FLAGS).word(sample.track);
    put.head(20, *b"tfdt").word(1 << 24).word((sample.decode_time >> 32) as u32).word(sample.decode_time as u32);
    put.head(TRUN_LEN + offset, *b"trun");
    put.word(1 << 24 | TRUN_FLAGS | if offset == 0 { 0 } else { TRUN_OFFSET });
    put.word(1).word(moof + MDAT_HEADER);
    put.word(sample.duration).word(sample.size).word(if sample.sync { SYNC } else { NON_SYNC });
    if offset != 0 {
        put.word(sample.composition_offset as u32);
    }
    put.head(MDAT_HEADER + sample.size, *b"mdat");
    out
}

struct Put<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Put<'_> {
    fn word(&mut self, word: u32) -> &mut Self {
        self.out[self.at..self.at + 4].copy_from_slice(&word.to_be_bytes());
        self.at += 4;
        self
    }

    fn head(&mut self, size: u32, kind: [u8; 4]) -> &mut Self {
        self.word(size).word(u32::from_be_bytes(kind))
    }
}
