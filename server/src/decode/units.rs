//! What every decoder of a stream's access units needs: their bytes as decoders take them, and what is known of those inside.

use super::DecodeError;
use crate::codec;
use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{AccessUnit, VideoCodec, VideoParams};
use sightline_shared::time::Epoch;
use std::collections::VecDeque;

/// Arrival times remembered for frames inside the decoder: H.264 and H.265 reorder over at most 16 (H.264 A.3.1).
const MAX_INSIDE: usize = 64;

/// The access units of one stream on their way through a decoder.
pub(super) struct Units {
    codec: VideoCodec,
    /// Parameter sets with start codes, put in front of every key frame.
    prefix: Vec<u8>,
    bytes: Vec<u8>,
    inside: VecDeque<(i64, Mono, Epoch)>,
}

impl Units {
    pub(super) fn new(params: &VideoParams) -> Self {
        let mut prefix = Vec::new();
        for set in codec::parameter_sets(params) {
            prefix.extend_from_slice(&[0, 0, 0, 1]);
            prefix.extend_from_slice(&set);
        }
        Self { codec: params.codec, prefix, bytes: Vec::new(), inside: VecDeque::new() }
    }

    /// The unit's bytes with start codes; for AV1 and VP9 as they are.
    pub(super) fn bytes(&mut self, unit: &AccessUnit) -> Result<&[u8], DecodeError> {
        self.bytes.clear();
        match self.codec {
            VideoCodec::H264 | VideoCodec::Hevc => {
                if unit.key {
                    self.bytes.extend_from_slice(&self.prefix);
                }
                codec::nal::lengths_to_annexb(&unit.data, &mut self.bytes)
                    .map_err(|e| DecodeError::Damaged { pts: unit.pts.0, reason: e.to_string() })?;
            }
            VideoCodec::Av1 | VideoCodec::Vp9 => self.bytes.extend_from_slice(&unit.data),
        }
        Ok(&self.bytes)
    }

    /// A unit goes in.
    pub(super) fn enter(&mut self, unit: &AccessUnit) {
        if self.inside.len() == MAX_INSIDE {
            self.inside.pop_front();
        }
        self.inside.push_back((unit.pts.0, unit.arrived, unit.epoch));
    }

    /// The frame of a unit comes out: when the unit arrived, and its epoch.
    pub(super) fn leave(&mut self, pts: i64) -> Option<(Mono, Epoch)> {
        let at = self.inside.iter().position(|(inside, ..)| *inside == pts)?;
        self.inside.remove(at).map(|(_, arrived, epoch)| (arrived, epoch))
    }

    /// The unit gives no frame.
    pub(super) fn refuse(&mut self, unit: &AccessUnit) {
        self.inside.retain(|(pts, ..)| *pts != unit.pts.0);
    }

    /// None of those inside gives one any more.
    pub(super) fn forget(&mut self) {
        self.inside.clear();
    }
}
