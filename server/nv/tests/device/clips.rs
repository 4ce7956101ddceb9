//! Clips that `ffmpeg` makes, what it decodes of them, and how alike pictures are.

use sightline_nv::reference::Host;
use sightline_nv::{Codec, Context, Decoded, Decoder, DecoderOptions, Format};
use std::process::Command;

/// What `ffmpeg` writes to its standard output.
pub(crate) fn ffmpeg(arguments: &str, input: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("input");
    std::fs::write(&file, input).expect("room for a clip");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin"]);
    for word in arguments.split_whitespace() {
        if word == "INPUT" {
            command.arg(&file)
        } else {
            command.arg(word)
        };
    }
    let output = command.output().expect("ffmpeg is installed");
    assert!(output.status.success(), "ffmpeg {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A clip in access units.
#[derive(Clone)]
pub(crate) struct Clip {
    pub(crate) codec: Codec,
    pub(crate) size: (u32, u32),
    pub(crate) format: Format,
    pub(crate) units: Vec<Vec<u8>>,
}

impl Clip {
    /// Moving patterns: `frames` of them, with x264's parameters.
    pub(crate) fn h264(size: (u32, u32), frames: u32, params: &str) -> Self {
        Self::made(Codec::H264, size, frames, "yuv420p", params)
    }

    pub(crate) fn hevc(size: (u32, u32), frames: u32, ten: bool, params: &str) -> Self {
        Self::made(Codec::Hevc, size, frames, if ten { "yuv420p10le" } else { "yuv420p" }, params)
    }

    /// By libaom, with pictures that are shown later than they are decoded.
    pub(crate) fn av1(size: (u32, u32), frames: u32, ten: bool) -> Self {
        let (width, height) = size;
        let (pixels, format) = if ten { ("yuv420p10le", Format::P016) } else { ("yuv420p", Format::Nv12) };
        let made = ffmpeg(
            &format!(
                "-f lavfi -i testsrc2=size={width}x{height}:rate=25,noise=alls=6:allf=t -frames:v {frames} -pix_fmt {pixels} \
                 -c:v libaom-av1 -cpu-used 8 -g 15 -lag-in-frames 12 -f obu -"
            ),
            &[],
        );
        let units = temporal_units(&made);
        assert_eq!(units.len(), frames as usize, "temporal units");
        Self { codec: Codec::Av1, size, format, units }
    }

    pub(crate) fn made(codec: Codec, size: (u32, u32), frames: u32, pixels: &str, params: &str) -> Self {
        let (width, height) = size;
        let (library, kind, delimiter): (_, _, &[u8]) = match codec {
            Codec::H264 => ("-c:v libx264 -x264-params", "h264", &[0, 0, 0, 1, 9]),
            _ => ("-c:v libx265 -x265-params log-level=none:", "hevc", &[0, 0, 0, 1, 0x46, 1]),
        };
        let space = if codec == Codec::H264 { " " } else { "" };
        let made = ffmpeg(
            &format!(
                "-f lavfi -i testsrc2=size={width}x{height}:rate=25,noise=alls=6:allf=t -frames:v {frames} -pix_fmt {pixels} \
                 {library}{space}aud=1:{params} -f {kind} -"
            ),
            &[],
        );
        let mut starts: Vec<_> = (0..made.len()).filter(|at| made[*at..].starts_with(delimiter)).collect();
        assert_eq!(starts.len(), frames as usize, "access units of {kind}");
        starts.push(made.len());
        let units = starts.windows(2).map(|pair| made[pair[0]..pair[1]].to_vec()).collect();
        let format = if pixels.contains("10") { Format::P016 } else { Format::Nv12 };
        Self { codec, size, format, units }
    }

    /// What software decodes of it, in the order in which it is shown.
    pub(crate) fn software(&self) -> Vec<Vec<u8>> {
        software(self.codec, self.format, &self.units.concat(), self.size)
    }
}

/// A stream of OBUs, each with its size (AV1 specification section 5.3), cut before each temporal delimiter.
fn temporal_units(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    let mut rest = stream;
    while let Some(header) = rest.first() {
        assert_eq!(header & 6, 2, "sized and without an extension");
        let length = 1 + rest[1..].iter().position(|byte| byte & 0x80 == 0).expect("a size ends");
        let size = rest[1..=length].iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let (obu, behind) = rest.split_at(1 + length + size);
        if header >> 3 == 2 {
            units.push(Vec::new());
        }
        units.last_mut().expect("a stream begins with a delimiter").extend_from_slice(obu);
        rest = behind;
    }
    units
}

pub(crate) fn picture_bytes((width, height): (u32, u32), format: Format) -> usize {
    let plane = |width: usize, height: usize| width * height * format.bytes();
    let (width, height) = (width as usize, height as usize);
    plane(width, height) + plane(2 * width.div_ceil(2), height.div_ceil(2))
}

pub(crate) fn software(codec: Codec, format: Format, stream: &[u8], size: (u32, u32)) -> Vec<Vec<u8>> {
    let kind = match codec {
        Codec::H264 => "h264",
        Codec::Hevc => "hevc",
        Codec::Av1 => "obu",
    };
    let pixels = if format == Format::P016 { "p010le" } else { "nv12" };
    let raw = ffmpeg(&format!("-f {kind} -i INPUT -f rawvideo -pix_fmt {pixels} -vsync passthrough -"), stream);
    let one = picture_bytes(size, format);
    assert_eq!(raw.len() % one, 0, "whole pictures of {size:?}");
    raw.chunks(one).map(<[u8]>::to_vec).collect()
}

/// Both planes without what is behind their rows.
pub(crate) fn rows(host: &Host) -> Vec<u8> {
    let bytes = host.format().bytes();
    let [(luma, pitch), (chroma, _)] = host.planes();
    let plane = |plane: &[u8], width: usize, height: usize| {
        plane.chunks(pitch).take(height).flat_map(|row| row[..width * bytes].to_vec()).collect::<Vec<_>>()
    };
    let (width, height) = (host.width(), host.height());
    [plane(luma, width, height), plane(chroma, 2 * width.div_ceil(2), height.div_ceil(2))].concat()
}

/// Whether a picture is the same; where it is not, what differs first.
pub(crate) fn same(decoded: &Decoded, wanted: &[u8], what: &str) {
    let stream = sightline_nv::Stream::new(decoded.picture.context()).unwrap();
    let got = rows(&decoded.picture.download(&stream).unwrap());
    assert_eq!(got.len(), wanted.len(), "{what}: size of the picture");
    let differs = got.iter().zip(wanted).position(|(got, wanted)| got != wanted);
    assert_eq!(differs, None, "{what}: first byte that differs");
}

/// How alike two pictures are, in dB.
pub(crate) fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / squares.max(1) as f64).log10()
}

pub(crate) fn decoder(context: &Context, codec: Codec, surfaces: usize) -> Decoder {
    Decoder::new(context, DecoderOptions { codec, surfaces }).unwrap_or_else(|error| panic!("{error}"))
}

/// All that is ready, given to `each`.
pub(crate) fn drain(decoder: &mut Decoder, mut each: impl FnMut(Decoded)) {
    while let Some(decoded) = decoder.next_picture().unwrap_or_else(|error| panic!("{error}")) {
        each(decoded);
    }
}

/// Decodes units whose times count from `first`, to their end.
pub(crate) fn decode(decoder: &mut Decoder, units: &[Vec<u8>], first: i64, mut each: impl FnMut(Decoded)) {
    for (at, unit) in (first..).zip(units) {
        decoder.decode(unit, at).unwrap_or_else(|error| panic!("unit {at}: {error}"));
        drain(decoder, &mut each);
    }
    decoder.flush().unwrap_or_else(|error| panic!("{error}"));
    drain(decoder, &mut each);
}
