//! Encoding by NVENC: pictures in the device's memory in, access units out, in Annex B or as AV1's temporal units.

mod config;
mod held;
mod owned;
mod session;

use crate::raw::nvenc as raw;
use crate::{Context, Error, Format, Picture, Stream, Timing};
pub use config::EncoderCaps;
use config::{check, ready};
use held::Entry;
pub use held::{HeldSession, Room, sessions};
pub(crate) use owned::{CODECS, version};
use session::Open;
use std::fmt;
use std::sync::Arc;

/// A video codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264.
    H264,
    /// H.265.
    Hevc,
    /// AV1.
    Av1,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "H.265",
            Self::Av1 => "AV1",
        })
    }
}

impl Codec {
    pub(crate) fn of_decoder(self) -> u32 {
        match self {
            Self::H264 => crate::raw::cuvid::CODEC_H264,
            Self::Hevc => crate::raw::cuvid::CODEC_HEVC,
            Self::Av1 => crate::raw::cuvid::CODEC_AV1,
        }
    }

    pub(crate) fn from_decoder(number: u32) -> Option<Self> {
        [Self::H264, Self::Hevc, Self::Av1].into_iter().find(|codec| codec.of_decoder() == number)
    }

    fn guid(self) -> raw::Guid {
        match self {
            Self::H264 => raw::GUID_H264,
            Self::Hevc => raw::GUID_HEVC,
            Self::Av1 => raw::GUID_AV1,
        }
    }
}

/// What a preset is tuned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuning {
    /// Files.
    HighQuality,
    /// A few frames of delay are well.
    LowLatency,
    /// None is.
    UltraLowLatency,
}

/// How bits are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// The same rate all the time.
    Cbr,
    /// An average, and a maximum.
    Vbr,
    /// The same quality, 1 (best) to 51, or 63 of AV1, whatever it takes, up to the maximum where one is set (not 0). The bitrate is not looked at.
    Quality(u8),
    /// The same quantiser for every picture of a kind: of key frames, of P, of B; up to 51, or 255 of AV1.
    ConstQp(u32, u32, u32),
}

/// Rates in bits a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateControl {
    /// How bits are spent.
    pub mode: Rate,
    /// Wanted on average.
    pub bitrate: u32,
    /// Most at a time; for [`Rate::Vbr`] and [`Rate::Quality`].
    pub maximum: u32,
    /// The receiver's buffer in bits; 0 leaves it to the encoder.
    pub vbv: u32,
}

/// What samples mean (ITU-T H.273), written into the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// True for 0..255, false for 16..235.
    pub full_range: bool,
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
}

/// What an encoder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderSettings {
    /// Codec.
    pub codec: Codec,
    /// Layout of the pictures; 16 bits are encoded as 10, by H.265 and AV1.
    pub format: Format,
    /// Width in pixels; even.
    pub width: u32,
    /// Height in pixels; even.
    pub height: u32,
    /// Most that the size may become while running; the size itself where it stays.
    pub most: (u32, u32),
    /// Width and height of a pixel; 1, 1 where they are square.
    pub aspect: (u32, u32),
    /// Pictures in so many seconds.
    pub fps: (u32, u32),
    /// 1 (fastest) to 7 (best).
    pub preset: u8,
    /// What for.
    pub tuning: Tuning,
    /// How bits are spent.
    pub rate: RateControl,
    /// Pictures from one key frame to the next; `None` for key frames on demand alone.
    pub gop: Option<u32>,
    /// B-frames between others; none with AV1.
    pub b_frames: u32,
    /// Colour.
    pub colour: Colour,
}

/// An encoded picture.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The access unit; a key frame has its parameter sets, or its sequence header.
    pub data: Vec<u8>,
    /// The time that its picture was given with.
    pub pts: i64,
    /// Whether decoding can begin here.
    pub key: bool,
    /// Mean quantiser.
    pub quantiser: u32,
    /// From when the device could read the picture until its access unit was there.
    pub timing: Timing,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconfigured {
    /// It holds from the next picture on; the stream goes on without a key frame, but where the size changed.
    Live,
    /// It takes a new encoder, and why.
    NeedsNew(String),
}

/// A running encoder: one session of the device. It belongs to one thread at a time.
pub struct Encoder {
    context: Context,
    settings: EncoderSettings,
    caps: EncoderCaps,
    open: Open,
    /// Encoded already, and to be given with the next ones.
    ready: Vec<Encoded>,
    behind: usize,
    entry: Entry,
}

impl Encoder {
    /// What the device's encoder can do; opens a session and closes it. `None` for a codec that it does not have.
    ///
    /// # Errors
    /// Where there is no encoder, no session left, or the driver is too old.
    pub fn caps(context: &Context, codec: Codec) -> Result<Option<EncoderCaps>, Error> {
        owned::with_session(context, |session| config::caps(session, codec))
    }

    /// How many sessions the device takes beside those that are open: they are opened until it refuses, or `at_most` are, and closed again.
    ///
    /// No number of the driver's says it, and a GeForce card counts the sessions of all programs. It takes some ten milliseconds a session, in
    /// which other programs may be refused: on demand alone.
    ///
    /// # Errors
    /// Where there is no encoder, or the driver is too old.
    pub fn room(context: &Context, at_most: usize) -> Result<Room, Error> {
        let mut open = Vec::new();
        while open.len() < at_most {
            match owned::open(context) {
                Ok(session) => open.push(session),
                Err(Error::NoSession) => return Ok(Room { sessions: open.len(), more: false }),
                Err(error) => return Err(error),
            }
        }
        Ok(Room { sessions: open.len(), more: true })
    }

    /// Opens a session that [`sessions`] knows as "encoder".
    ///
    /// # Errors
    /// As [`Self::named`].
    pub fn new(context: &Context, settings: EncoderSettings) -> Result<Self, Error> {
        Self::named(context, settings, "encoder")
    }

    /// Opens a session. `name` is who it is for, as [`sessions`] tells it.
    ///
    /// # Errors
    /// What the device cannot do, in words; [`Error::NoSession`] where another program has the last one.
    pub fn named(context: &Context, settings: EncoderSettings, name: &str) -> Result<Self, Error> {
        let stream = Arc::new(Stream::new(context)?);
        let session = owned::open(context)?;
        let _current = context.enter()?;
        let caps = match owned::owned(&session, |session| config::caps(session, settings.codec))? {
            Some(caps) => caps,
            None => return Err(Error::Unsupported(format!("this device does not encode {}", settings.codec))),
        };
        check(&settings, &caps)?;
        let open = Open::new(context, session, stream, &settings)?;
        let entry = Entry::new(HeldSession::of(context, &settings, name));
        Ok(Self { context: context.clone(), settings, caps, open, ready: Vec::new(), behind: 0, entry })
    }

    /// What it encodes by now.
    #[must_use]
    pub fn settings(&self) -> &EncoderSettings {
        &self.settings
    }

    /// What the device can do.
    #[must_use]
    pub fn abilities(&self) -> &EncoderCaps {
        &self.caps
    }

    /// From now on up to so many pictures, 0 to 3, may be in the encoder while others are given: files are encoded faster, since the device has
    /// always something to do, and cameras are later by as many pictures. 0 at first.
    pub fn behind(&mut self, pictures: usize) {
        self.behind = pictures.min(session::MOST_BEHIND);
    }

    /// Encodes a picture, as a key frame if asked to; gives what is ready by then, in decoding order. Waits for the device.
    ///
    /// Without B-frames and [`Self::behind`] that is the picture itself. The picture is held until it is encoded and is not to be written to
    /// meanwhile.
    ///
    /// # Errors
    /// When the picture is not of the settings' format and size, or the driver fails.
    pub fn encode(&mut self, picture: &Picture, pts: i64, key: bool) -> Result<Vec<Encoded>, Error> {
        let EncoderSettings { width, height, format, .. } = self.settings;
        let (wide, high) = picture.size();
        if (wide, high, picture.format()) != (width, height, format) {
            let given = picture.format();
            let words = format!(
                "a picture of {wide}x{high} ({given:?}) was given to an encoder of {width}x{height} ({format:?})"
            );
            return Err(Error::Invalid(words));
        }
        if !picture.context().is(&self.context) {
            return Err(Error::Invalid("the picture lies on another device than the encoder".into()));
        }
        let encoded = {
            let _current = self.context.enter()?;
            self.open.encode(picture, pts, key, self.behind)?
        };
        Ok(self.with_ready(encoded))
    }

    fn with_ready(&mut self, mut encoded: Vec<Encoded>) -> Vec<Encoded> {
        if self.ready.is_empty() {
            return encoded;
        }
        let mut all = std::mem::take(&mut self.ready);
        all.append(&mut encoded);
        all
    }

    /// Changes bitrate, maximum, VBV, frame rate and size without a break; anything else takes a new encoder, and nothing is changed then.
    ///
    /// # Errors
    /// When the settings make no sense for this device, or the driver fails.
    pub fn reconfigure(&mut self, settings: &EncoderSettings) -> Result<Reconfigured, Error> {
        check(settings, &self.caps)?;
        if let Some(reason) = config::needs_new(&self.settings, settings, &self.caps) {
            return Ok(Reconfigured::NeedsNew(reason));
        }
        if *settings == self.settings {
            return Ok(Reconfigured::Live);
        }
        let resized = ready(&self.settings) != ready(settings);
        let _current = self.context.enter()?;
        if resized {
            self.ready.extend(self.open.collect(0)?);
            if self.open.holds_back() {
                return Ok(Reconfigured::NeedsNew("pictures of the size before are held back for their order".into()));
            }
        }
        self.open.reconfigure(settings, resized)?;
        self.settings = *settings;
        self.entry.resized((settings.width, settings.height));
        Ok(Reconfigured::Live)
    }

    /// Ends the stream: gives what was held back for its order.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn finish(&mut self) -> Result<Vec<Encoded>, Error> {
        let encoded = {
            let _current = self.context.enter()?;
            self.open.finish()?
        };
        Ok(self.with_ready(encoded))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let _current = self.context.enter();
        self.open.settle();
        self.open.close();
    }
}
