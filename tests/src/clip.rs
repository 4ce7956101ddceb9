//! A short H.264 clip as access units, made by x264 through `ffmpeg`: what a scripted camera sends.

use crate::media::ffmpeg;
use bytes::Bytes;

/// What a clip is made of.
#[derive(Clone, Copy, Debug)]
pub struct ClipSpec {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// How many frames.
    pub frames: u32,
    /// Frames from key frame to key frame.
    pub gop: u32,
    /// Bits a second.
    pub bitrate: u32,
    /// With noise over the picture, so that x264 really needs a high bitrate.
    pub noisy: bool,
}

impl Default for ClipSpec {
    fn default() -> Self {
        Self { width: 320, height: 180, fps: 25, frames: 100, gop: 25, bitrate: 300_000, noisy: false }
    }
}

impl ClipSpec {
    /// 1280x720 at 25 fps, a key frame every 2 s, 2 Mb/s: the camera of the benches.
    #[must_use]
    pub fn bench() -> Self {
        Self { width: 1280, height: 720, frames: 100, gop: 50, bitrate: 2_000_000, ..Self::default() }
    }
}

/// One access unit: its NAL units, without start codes, parameter sets and delimiters.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The slices.
    pub nals: Vec<Bytes>,
    /// Whether it is an IDR picture.
    pub key: bool,
}

/// A clip in memory.
#[derive(Clone, Debug)]
pub struct Clip {
    /// What it was made of.
    pub spec: ClipSpec,
    /// Sequence parameter set.
    pub sps: Bytes,
    /// Picture parameter set.
    pub pps: Bytes,
    /// The access units, in decoding order, starting with a key frame.
    pub units: Vec<Unit>,
    /// What the scripted camera's SDP says of frames a second, where it is not the truth.
    pub sdp_fps: Option<u32>,
}

impl Clip {
    /// Makes one: a moving test picture, so that motion has something to find.
    ///
    /// # Panics
    /// `ffmpeg` fails, or gives something that is not H.264.
    #[must_use]
    pub fn make(spec: ClipSpec) -> Self {
        let noise = if spec.noisy { ",noise=alls=60:allf=t" } else { "" };
        let source = format!("testsrc2=size={}x{}:rate={}{noise}", spec.width, spec.height, spec.fps);
        let x264 = format!("keyint={0}:min-keyint={0}:scenecut=0:aud=1:bframes=0", spec.gop);
        let (frames, bitrate) = (spec.frames.to_string(), spec.bitrate.to_string());
        let mut arguments =
            vec!["-f", "lavfi", "-i", &source, "-frames:v", &frames, "-pix_fmt", "yuv420p", "-c:v", "libx264"];
        arguments.extend(["-preset", "veryfast", "-b:v", &bitrate, "-maxrate", &bitrate, "-bufsize", &bitrate]);
        arguments.extend(["-x264-params", &x264, "-threads", "1", "-f", "h264", "-"]);
        Self::from_annex_b(spec, &Bytes::from(ffmpeg(&arguments)))
    }

    fn from_annex_b(spec: ClipSpec, stream: &Bytes) -> Self {
        let mut clip = Self { spec, sps: Bytes::new(), pps: Bytes::new(), units: Vec::new(), sdp_fps: None };
        for nal in nal_units(stream) {
            match nal[0] & 0x1f {
                9 => clip.units.push(Unit { nals: Vec::new(), key: false }),
                7 => clip.sps = nal,
                8 => clip.pps = nal,
                kind @ (1 | 5) => {
                    let unit = clip.units.last_mut().expect("x264 was told to begin every unit with a delimiter");
                    unit.key |= kind == 5;
                    unit.nals.push(nal);
                }
                _ => {}
            }
        }
        assert_eq!(clip.units.len(), spec.frames as usize, "x264 made another number of access units");
        assert!(clip.units[0].key && !clip.sps.is_empty() && !clip.pps.is_empty());
        clip
    }

    /// 90 kHz ticks from frame to frame.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        90_000 / self.spec.fps
    }
}

/// Splits an Annex B byte stream (ITU-T H.264 annex B) into NAL units.
fn nal_units(stream: &Bytes) -> Vec<Bytes> {
    let starts: Vec<usize> =
        stream.windows(3).enumerate().filter(|(_, three)| *three == [0, 0, 1]).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let units = starts.iter().zip(ends).map(|(start, end)| {
        let mut end = end;
        // A 4-byte start code and trailing zero bytes are not part of the unit before it.
        while end > start + 3 && stream[end - 1] == 0 {
            end -= 1;
        }
        stream.slice(start + 3..end)
    });
    units.filter(|unit| !unit.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_of_both_lengths_split() {
        let units = nal_units(&Bytes::from_static(&[0, 0, 0, 1, 9, 1, 0, 0, 1, 7, 2, 0, 0, 0, 1, 8]));
        assert_eq!(units, [&[9, 1][..], &[7, 2], &[8]]);
    }

    #[test]
    fn a_clip_has_a_key_frame_at_every_gop() {
        let clip = Clip::make(ClipSpec { frames: 30, gop: 10, ..ClipSpec::default() });
        let keys: Vec<_> = clip.units.iter().enumerate().filter(|(_, unit)| unit.key).map(|(at, _)| at).collect();
        assert_eq!(keys, [0, 10, 20]);
    }
}
