//! Puts access units into RTP packets (RFC 6184: single NAL units and FU-A), interleaved as RFC 2326 section 10.12 says.

use bytes::Bytes;
use std::time::{SystemTime, UNIX_EPOCH};

/// Largest payload of a packet: what fits a network frame of 1500 bytes.
const MAX_PAYLOAD: usize = 1400;
const PAYLOAD_TYPE: u8 = 96;
const SSRC: u32 = 0x5161_7431;
/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_EPOCH: u64 = 2_208_988_800;

/// Numbers packets and knows how many went out.
pub(super) struct Packetiser {
    sequence: u16,
    packets: u32,
    octets: u32,
}

impl Default for Packetiser {
    /// Sequence numbers start near their wrap, so that every test goes over it.
    fn default() -> Self {
        Self { sequence: u16::MAX - 20, packets: 0, octets: 0 }
    }
}

impl Packetiser {
    /// All packets of a frame but the last, and the last (with the marker).
    pub(super) fn frame(&mut self, nals: &[Bytes], timestamp: u32) -> (Vec<u8>, Vec<u8>) {
        let all: Vec<Vec<u8>> = nals.iter().flat_map(payloads).collect();
        let (mut most, mut last) = (Vec::new(), Vec::new());
        for (index, payload) in all.iter().enumerate() {
            let is_last = index + 1 == all.len();
            let into = if is_last { &mut last } else { &mut most };
            self.packet(payload, timestamp, is_last, into);
        }
        (most, last)
    }

    /// One interleaved packet with any payload, well formed or not.
    pub(super) fn packet(&mut self, payload: &[u8], timestamp: u32, marker: bool, out: &mut Vec<u8>) {
        interleave(0, 12 + payload.len(), out);
        out.extend([0x80, PAYLOAD_TYPE | u8::from(marker) << 7]);
        out.extend(self.sequence.to_be_bytes());
        out.extend(timestamp.to_be_bytes());
        out.extend(SSRC.to_be_bytes());
        out.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload.len() as u32);
    }

    /// An RTCP sender report (RFC 3550 section 6.4.1): `timestamp` is now.
    pub(super) fn sender_report(&self, timestamp: u32) -> Vec<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
        let mut out = Vec::new();
        interleave(1, 28, &mut out);
        out.extend([0x80, 200, 0, 6]);
        out.extend(SSRC.to_be_bytes());
        out.extend(((now.as_secs() + NTP_EPOCH) as u32).to_be_bytes());
        out.extend((fraction as u32).to_be_bytes());
        out.extend(timestamp.to_be_bytes());
        out.extend(self.packets.to_be_bytes());
        out.extend(self.octets.to_be_bytes());
        out
    }

    /// The sequence number of the next packet.
    pub(super) fn next_sequence(&self) -> u16 {
        self.sequence
    }
}

fn interleave(channel: u8, length: usize, out: &mut Vec<u8>) {
    out.extend([b'$', channel]);
    out.extend((length as u16).to_be_bytes());
}

/// A NAL unit as it is, or in fragmentation units (RFC 6184 section 5.8).
fn payloads(nal: &Bytes) -> Vec<Vec<u8>> {
    if nal.len() <= MAX_PAYLOAD {
        return vec![nal.to_vec()];
    }
    let (header, body) = (nal[0], &nal[1..]);
    let parts = body.chunks(MAX_PAYLOAD - 2);
    let count = parts.len();
    let fragment = |(index, part): (usize, &[u8])| {
        let start = u8::from(index == 0) << 7;
        let end = u8::from(index + 1 == count) << 6;
        let mut payload = vec![header & 0xe0 | 28, start | end | header & 0x1f];
        payload.extend(part);
        payload
    };
    parts.enumerate().map(fragment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_unit_is_cut_and_only_the_last_packet_has_the_marker() {
        let nal = Bytes::from(vec![0x65; 3000]);
        let (most, last) = Packetiser::default().frame(&[nal], 7);
        assert_eq!(most.len() + last.len(), 3 * (4 + 12 + 2) + 2999);
        assert_eq!((most[5] & 0x80, last[5] & 0x80), (0, 0x80));
        assert_eq!((most[17], last[17]), (0x80 | 5, 0x40 | 5));
    }
}
