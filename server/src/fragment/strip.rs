//! Leaves out of an access unit what stands in the sample entry already: parameter sets, and access unit delimiters.

use crate::codec::{self, h264, hevc, nal};
use crate::pipeline::packet::{VideoCodec, VideoParams};
use bytes::Bytes;
use std::ops::Range;

/// The parameter sets of the epoch's sample entry.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    codec: Option<VideoCodec>,
    sets: Vec<Bytes>,
}

/// Sets as cameras send them that were found to be those of the entry are remembered; more than this many spellings of the
/// same sets are no camera but an attack.
const MAX_SETS: usize = 64;

impl ParameterSets {
    pub(super) fn of(params: &VideoParams) -> Self {
        Self { codec: Some(params.codec), sets: codec::parameter_sets(params) }
    }

    /// The pieces of `data` (NAL units behind 4-byte lengths) that go into the sample. Data that is not such units stays as
    /// it is, and so does an access unit of which nothing would be left.
    pub(super) fn strip(&mut self, data: &Bytes) -> Pieces {
        let hevc = match self.codec {
            Some(VideoCodec::H264) => false,
            Some(VideoCodec::Hevc) => true,
            Some(VideoCodec::Av1 | VideoCodec::Vp9) | None => return Pieces::whole(data),
        };
        let mut pieces = Pieces::default();
        let mut units = nal::units(data);
        while let Some((range, unit)) = units.next_with_range() {
            let in_entry = match if hevc { unit[0] >> 1 & 0x3f } else { unit[0] & 0x1f } {
                h264::AUD if !hevc => true,
                hevc::AUD if hevc => true,
                h264::SPS | h264::PPS if !hevc => self.holds(unit),
                hevc::VPS | hevc::SPS | hevc::PPS if hevc => self.holds(unit),
                _ => false,
            };
            if !in_entry {
                pieces.push(range);
            }
        }
        if units.is_broken() {
            pieces.push(units.position()..data.len());
        }
        if pieces.len() == 0 { Pieces::whole(data) } else { pieces }
    }

    fn holds(&mut self, unit: &[u8]) -> bool {
        if self.sets.iter().any(|set| set == unit) {
            return true;
        }
        // The entry's SPS may carry a restriction that the camera's own does not.
        let rewritten = self.codec == Some(VideoCodec::H264)
            && unit[0] & 0x1f == h264::SPS
            && self.sets.len() < MAX_SETS
            && self.sets.iter().any(|set| h264::is_same_sps(unit, set));
        if rewritten {
            self.sets.push(Bytes::copy_from_slice(unit));
        }
        rewritten
    }
}

/// Parts of an access unit, in order. One part is the normal case and takes no allocation.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    first: Range<usize>,
    more: Vec<Range<usize>>,
}

impl Pieces {
    pub(super) fn whole(data: &Bytes) -> Self {
        Self { first: 0..data.len(), more: Vec::new() }
    }

    fn push(&mut self, range: Range<usize>) {
        let last = self.more.last_mut().unwrap_or(&mut self.first);
        if last.start == last.end {
            *last = range;
        } else if last.end == range.start {
            last.end = range.end;
        } else {
            self.more.push(range);
        }
    }

    /// Bytes of all parts; an access unit is far below 4 GiB, which is where this would stop being exact.
    pub(super) fn len(&self) -> u32 {
        let len = self.first.len() + self.more.iter().map(ExactSizeIterator::len).sum::<usize>();
        u32::try_from(len).unwrap_or(u32::MAX)
    }

    pub(super) fn iter<'a>(&'a self, data: &'a Bytes) -> impl Iterator<Item = &'a [u8]> {
        std::iter::once(&self.first).chain(&self.more).map(|range| &data[range.clone()])
    }
}
