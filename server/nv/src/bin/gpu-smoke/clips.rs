//! The clips inside the program, and what software decodes of them (`clips/make` makes both).

use sightline_nv::reference::Host;
use sightline_nv::{Codec, Format};

/// A clip in access units, with the CRC-32 of each of its pictures.
pub(crate) struct Clip {
    pub(crate) name: &'static str,
    pub(crate) codec: Codec,
    pub(crate) size: (u32, u32),
    pub(crate) format: Format,
    pub(crate) units: Vec<&'static [u8]>,
    pub(crate) hashes: Vec<u32>,
}

/// 1080p as cameras send it: 4 Mb/s, B-frames, two slices.
pub(crate) fn h264() -> Clip {
    Clip {
        name: "H.264 1920x1080",
        codec: Codec::H264,
        size: (1920, 1080),
        format: Format::Nv12,
        units: units(include_bytes!("clips/h264.bin"), &[0, 0, 0, 1, 9]),
        hashes: hashes(include_str!("clips/h264.framehash")),
    }
}

/// Main 10, of a size that is no multiple of any block.
pub(crate) fn hevc10() -> Clip {
    Clip {
        name: "H.265 Main 10 642x362",
        codec: Codec::Hevc,
        size: (642, 362),
        format: Format::P016,
        units: units(include_bytes!("clips/hevc10.bin"), &[0, 0, 0, 1, 0x46, 1]),
        hashes: hashes(include_str!("clips/hevc10.framehash")),
    }
}

/// Parts a stream before each access unit delimiter.
fn units(stream: &'static [u8], delimiter: &[u8]) -> Vec<&'static [u8]> {
    let mut starts: Vec<_> = (0..stream.len()).filter(|at| stream[*at..].starts_with(delimiter)).collect();
    starts.push(stream.len());
    starts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

/// The last column of `ffmpeg -f framehash`.
fn hashes(text: &str) -> Vec<u32> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| u32::from_str_radix(line.rsplit(',').next()?.trim(), 16).ok()).collect()
}

/// Samples without what is behind their rows: luma, then Cb and Cr in turn.
pub(crate) fn samples(host: &Host) -> Vec<u8> {
    let bytes = host.format().bytes();
    let [(luma, pitch), (chroma, _)] = host.planes();
    let mut all = Vec::with_capacity(luma.len() + chroma.len());
    let mut plane = |plane: &[u8], width: usize, rows: usize| {
        plane.chunks(pitch).take(rows).for_each(|row| all.extend_from_slice(&row[..width * bytes]));
    };
    plane(luma, host.width(), host.height());
    plane(chroma, 2 * host.width().div_ceil(2), host.height().div_ceil(2));
    all
}

/// CRC-32 as zip, PNG and `ffmpeg -hash crc32` have it.
pub(crate) fn crc32(data: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|byte| {
        (0..8).fold(byte as u32, |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    });
    let step = |crc: u32, byte: &u8| table[((crc ^ u32::from(*byte)) & 255) as usize] ^ (crc >> 8);
    !data.iter().fold(!0, step)
}

/// How alike two pictures are, in dB.
pub(crate) fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let squares: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * a.len().min(b.len()) as f64 / squares.max(1) as f64).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_whole() {
        for (clip, pictures) in [(h264(), 25), (hevc10(), 20)] {
            assert_eq!((clip.units.len(), clip.hashes.len()), (pictures, pictures), "{}", clip.name);
        }
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of CRC-32");
    }
}
