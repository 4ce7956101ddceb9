//! Whether an RTSP camera sends its parameter sets with the stream: a look at its packets, for the camera doctor.
//!
//! Retina takes parameter sets out of the frames that it gives, so that this needs a short session of its own.

use super::rtsp_session::{Target, open_video};
use crate::settings::Credentials;
use futures::StreamExt;
use retina::client::PacketItem;
use sightline_shared::camera::Transport;
use std::time::Duration;

/// Looks for a key frame for at most `limit`: `Some(true)` where parameter sets came with or before it, `Some(false)` where it
/// came without, `None` where none came (or the camera lets nobody else in).
pub async fn parameter_sets_in_band(
    url: &url::Url,
    credentials: Option<&Credentials>,
    transport: &'static str,
    limit: Duration,
) -> Option<bool> {
    let asked = if transport == "udp" { Transport::Udp } else { Transport::Tcp };
    let target = Target { url, credentials, transport: asked };
    tokio::time::timeout(limit, look(&target, transport)).await.ok().flatten()
}

async fn look(target: &Target<'_>, transport: &'static str) -> Option<bool> {
    let mut session = open_video(target, transport).await?;
    let hevc = session.streams().iter().any(|stream| stream.media() == "video" && stream.encoding_name() == "h265");
    let mut seen = Seen::default();
    loop {
        if let PacketItem::Rtp(packet) = session.next().await?.ok()? {
            seen.packet(packet.payload(), hevc);
        }
        if seen.set || seen.key {
            return Some(seen.set);
        }
    }
}

/// What packets held so far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    set: bool,
    key: bool,
}

impl Seen {
    /// Takes a packet of H.264 (RFC 6184 section 5.2) or H.265 (RFC 7798 section 4.4).
    fn packet(&mut self, payload: &[u8], hevc: bool) {
        let header = if hevc { 2 } else { 1 };
        let Some((head, rest)) = payload.split_at_checked(header) else { return };
        match (hevc, kind(head, hevc)) {
            // Aggregation: units behind lengths of 2 bytes.
            (false, 24) | (true, 48) => self.aggregate(rest, hevc),
            // Fragments: the type stands in the byte behind.
            (false, 28 | 29) => rest.first().into_iter().for_each(|byte| self.unit(byte & 0x1f, hevc)),
            (true, 49) => rest.first().into_iter().for_each(|byte| self.unit(byte & 0x3f, hevc)),
            (_, kind) => self.unit(kind, hevc),
        }
    }

    fn aggregate(&mut self, mut rest: &[u8], hevc: bool) {
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((unit, next)) = behind.split_at_checked(length) else { return };
            if !unit.is_empty() {
                self.unit(kind(unit, hevc), hevc);
            }
            rest = next;
        }
    }

    fn unit(&mut self, kind: u8, hevc: bool) {
        match (hevc, kind) {
            (false, 7) | (true, 33) => self.set = true,
            (false, 5) | (true, 16..=23) => self.key = true,
            _ => {}
        }
    }
}

fn kind(unit: &[u8], hevc: bool) -> u8 {
    let first = unit.first().copied().unwrap_or_default();
    if hevc { first >> 1 & 0x3f } else { first & 0x1f }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(packets: &[&[u8]], hevc: bool) -> (bool, bool) {
        let mut seen = Seen::default();
        packets.iter().for_each(|packet| seen.packet(packet, hevc));
        (seen.set, seen.key)
    }

    #[test]
    fn parameter_sets_are_found_in_every_kind_of_packet() {
        assert_eq!(seen(&[&[0x67, 1]], false), (true, false));
        assert_eq!(seen(&[&[0x78, 0, 1, 0x67, 0, 1, 0x68]], false), (true, false), "STAP-A");
        assert_eq!(seen(&[&[0x7c, 0x85, 1]], false), (false, true), "FU-A of an IDR picture");
        assert_eq!(seen(&[&[0x41, 7, 7]], false), (false, false));
        assert_eq!(seen(&[&[0x42, 1, 9]], true), (true, false), "SPS");
        assert_eq!(seen(&[&[0x62, 1, 0x80 | 19]], true), (false, true), "fragment of an IDR picture");
        assert_eq!(seen(&[&[0x60, 1, 0, 2, 0x40, 1, 0, 2, 0x42, 1]], true), (true, false), "aggregation");
        for broken in [&[][..], &[0x78, 0], &[0x78, 0, 9, 0x67], &[0x7c], &[0x60, 1, 0, 0]] {
            assert_eq!(seen(&[broken], broken.first() == Some(&0x60)), (false, false));
        }
    }
}
