//! A second parser for what the server writes: `mp4-atom` reads back init segments and chunks.

use mp4_atom::{Any, ReadFrom};
use std::io::Cursor;

/// What a chunk says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadChunk {
    /// Track of its one fragment.
    pub track: u32,
    /// `tfdt`.
    pub decode_time: u64,
    /// Sizes of its samples.
    pub sample_sizes: Vec<u32>,
    /// Whether `tfhd` bases offsets on the `moof`.
    pub base_is_moof: bool,
    /// Where the samples begin, counted from the `moof`.
    pub data_offset: i32,
    /// Length of `moof`.
    pub moof_len: usize,
    /// Length of the payload of `mdat`.
    pub mdat_len: usize,
}

/// The boxes of `bytes`, one after another.
///
/// # Panics
/// They do not parse.
#[must_use]
pub fn boxes(bytes: &[u8]) -> Vec<Any> {
    let mut cursor = Cursor::new(bytes);
    let mut found = Vec::new();
    while (cursor.position() as usize) < bytes.len() {
        found.push(
            Any::read_from(&mut cursor).unwrap_or_else(|error| panic!("box at byte {}: {error}", cursor.position())),
        );
    }
    found
}

/// Reads one chunk: exactly a `moof` and a `mdat`.
///
/// # Panics
/// It is anything else.
#[must_use]
pub fn chunk(bytes: &[u8]) -> ReadChunk {
    let found = boxes(bytes);
    let [Any::Moof(moof), Any::Mdat(mdat)] = found.as_slice() else { panic!("not moof + mdat: {found:?}") };
    let [traf] = moof.traf.as_slice() else { panic!("{} fragments in one chunk", moof.traf.len()) };
    let [trun] = traf.trun.as_slice() else { panic!("{} runs in one fragment", traf.trun.len()) };
    let sizes =
        trun.samples.iter().map(|sample| sample.size.or(traf.tfhd.default_sample_size).expect("a size is given"));
    ReadChunk {
        track: traf.tfhd.track_id,
        decode_time: traf.tfdt.as_ref().expect("tfdt is there").base_media_decode_time,
        sample_sizes: sizes.collect(),
        base_is_moof: traf.tfhd.base_data_offset.is_none(),
        data_offset: trun.data_offset.expect("an offset is given"),
        moof_len: u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize,
        mdat_len: mdat.data.len(),
    }
}

/// How many bytes of a stream that was cut off are whole boxes, each `moof` with its `mdat`.
#[must_use]
pub fn whole_boxes(bytes: &[u8]) -> usize {
    let (mut at, mut whole) = (0, 0);
    while let Some(head) = bytes.get(at..at + 8) {
        at += u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if at > bytes.len() {
            break;
        }
        if &head[4..] != b"moof" {
            whole = at;
        }
    }
    whole
}
