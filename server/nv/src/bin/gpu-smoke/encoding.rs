//! Whether NVENC is there, and whether what it encodes is what it was given.

use crate::checks::{Answer, words};
use crate::clips::{self, psnr, samples};
use crate::decoding::{decoder, each, rest};
use crate::report::Outcome;
use sightline_nv::{
    Codec, Colour, Context, Decoder, DecoderOptions, Encoded, Encoder, EncoderSettings, Error, Format, Rate,
    RateControl, Reconfigured, Stream, Tuning,
};

/// What a picture has to keep; at 8 Mb/s an encoder that works is far beyond it.
const LEAST: f64 = 30.0;
/// Key frames are asked for here.
const KEYS: [i64; 2] = [0, 12];

pub(crate) fn check(context: &Context) -> Outcome {
    match Encoder::caps(context, Codec::H264) {
        Ok(Some(_)) => run(context).map_or_else(Outcome::Wrong, Outcome::Right),
        Ok(None) => Outcome::Absent("this device's encoder has no H.264".into()),
        Err(error) if error.is_device_lost() => Outcome::Wrong(words(&error)),
        // No library, no encoder, an old driver, all sessions taken: each a reason and none a mistake.
        Err(error) => Outcome::Absent(words(&error)),
    }
}

fn settings(size: (u32, u32)) -> EncoderSettings {
    EncoderSettings {
        codec: Codec::H264,
        format: Format::Nv12,
        width: size.0,
        height: size.1,
        most: size,
        aspect: (1, 1),
        fps: (25, 1),
        preset: 3,
        tuning: Tuning::UltraLowLatency,
        rate: RateControl { mode: Rate::Cbr, bitrate: 8_000_000, maximum: 8_000_000, vbv: 800_000 },
        gop: None,
        b_frames: 0,
        colour: Colour { full_range: false, primaries: 1, transfer: 1, matrix: 1 },
    }
}

fn run(context: &Context) -> Answer {
    let clip = clips::h264();
    let (units, changed) = encoded(context, &clip).map_err(|error| words(&error))?;
    let keys: Vec<_> = units.iter().filter(|unit| unit.key).map(|unit| unit.pts).collect();
    if units.len() != clip.units.len() || keys != KEYS {
        return Err(format!("{} access units came of {}, key frames at {keys:?}", units.len(), clip.units.len()));
    }
    let alike = compared(context, &clip, &units).map_err(|error| words(&error))?;
    let least = alike.iter().copied().fold(f64::MAX, f64::min);
    if alike.len() != units.len() || least < LEAST {
        return Err(format!("decoded again, {} pictures are at least {least:.1} dB alike", alike.len()));
    }
    let changed = if changed { "changed its rate while running" } else { "does not change its rate while running" };
    Ok(format!("works: {} pictures decoded again, at least {least:.1} dB alike; {changed}", alike.len()))
}

/// The clip's pictures as they come from the decoder, encoded where they lie.
fn encoded(context: &Context, clip: &clips::Clip) -> Result<(Vec<Encoded>, bool), Error> {
    let mut encoder = Encoder::named(context, settings(clip.size), "gpu-smoke")?;
    let (mut units, mut changed) = (Vec::new(), false);
    let mut decoder = decoder(context, clip, 4)?;
    let mut look = |decoded: sightline_nv::Decoded| {
        let at = units.len() as i64;
        if at == 6 {
            let rate = RateControl { mode: Rate::Cbr, bitrate: 6_000_000, maximum: 6_000_000, vbv: 600_000 };
            changed = encoder.reconfigure(&EncoderSettings { rate, ..settings(clip.size) })? == Reconfigured::Live;
        }
        units.extend(encoder.encode(&decoded.picture, at, KEYS.contains(&at))?);
        Ok(())
    };
    each(&mut decoder, clip, 0, 0, &mut look)?;
    rest(&mut decoder, &mut look)?;
    units.extend(encoder.finish()?);
    Ok((units, changed))
}

/// Decodes both at once and says how alike each picture is.
fn compared(context: &Context, clip: &clips::Clip, units: &[Encoded]) -> Result<Vec<f64>, Error> {
    let stream = Stream::new(context)?;
    let mut first = Vec::new();
    let mut original = decoder(context, clip, 4)?;
    let mut keep = |decoded: sightline_nv::Decoded| {
        first.push(samples(&decoded.picture.download(&stream)?));
        Ok(())
    };
    each(&mut original, clip, 0, 0, &mut keep)?;
    rest(&mut original, &mut keep)?;
    let mut alike = Vec::new();
    let mut again = Decoder::new(context, DecoderOptions { codec: Codec::H264, surfaces: 4 })?;
    let mut look = |decoded: sightline_nv::Decoded| {
        let got = samples(&decoded.picture.download(&stream)?);
        alike.push(first.get(alike.len()).map_or(0.0, |wanted| psnr(wanted, &got)));
        Ok(())
    };
    for unit in units {
        again.decode(&unit.data, unit.pts)?;
        while let Some(decoded) = again.next_picture()? {
            look(decoded)?;
        }
    }
    rest(&mut again, &mut look)?;
    Ok(alike)
}
