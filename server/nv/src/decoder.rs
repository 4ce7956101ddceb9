//! Decoding by NVDEC: access units in, pictures in the device's memory out, in the order in which they are shown.
//!
//! A picture is the decoder's own output surface, not a copy. There are as many as were asked for; one is used again when its last holder let go
//! of it and all work on it is done. Who holds pictures for long copies or resizes them into a pool of its own.

mod callbacks;
mod surfaces;

use crate::checked::Cuvid;
use crate::raw::{Zeroed, cuvid as raw};
use crate::{Codec, Context, Error, Format, Picture, Stream, Timing};
use callbacks::State;
use std::sync::Arc;

/// What a decoder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderOptions {
    /// What is decoded.
    pub codec: Codec,
    /// Pictures that may be held at once, 1 to 16: each costs its size in memory.
    pub surfaces: usize,
}

/// What the stream says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Codec.
    pub codec: Codec,
    /// Width in pixels, as shown.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
    /// Bits of a sample.
    pub depth: u8,
    /// Whether no picture is made of fields. Pictures of fields come woven, two fields in one frame, as software decoders give them.
    pub progressive: bool,
    /// Pictures in so many seconds; zero where it does not say.
    pub frame_rate: (u32, u32),
    /// True for 0..255, false for 16..235.
    pub full_range: bool,
    /// ColourPrimaries of ITU-T H.273; 2 where it does not say.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
}

impl StreamFormat {
    /// Layout of the pictures.
    #[must_use]
    pub fn layout(&self) -> Format {
        if self.depth > 8 { Format::P016 } else { Format::Nv12 }
    }
}

/// One decoded picture.
#[derive(Clone)]
pub struct Decoded {
    /// The picture.
    pub picture: Picture,
    /// The time that its access unit was given with.
    pub pts: i64,
    /// Whether the decoder found damage in it.
    pub damaged: bool,
    /// What the stream says of it.
    pub format: StreamFormat,
    /// From when its access unit was given to the decoder until the picture was there.
    pub timing: Timing,
}

/// A decoder for one stream. It belongs to one thread at a time.
pub struct Decoder {
    /// `None` after a failure: a parser that was stopped is not asked again, another begins with the next access unit.
    parser: Option<Parser>,
    /// The parser's callbacks have this address: it is a box that only they and `state` look into.
    state: *mut State,
    codec: Codec,
    /// Something ended before what comes next.
    fresh: bool,
}

// SAFETY: parser and state are touched by the thread that has the decoder alone.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder; what the device can decode is asked when the stream's parameters are seen.
    ///
    /// # Errors
    /// Where there is no decoder library, or the driver fails.
    pub fn new(context: &Context, options: DecoderOptions) -> Result<Self, Error> {
        if !(1..=16).contains(&options.surfaces) {
            return Err(Error::Invalid(format!("a decoder has 1 to 16 output surfaces, not {}", options.surfaces)));
        }
        let cuvid = Cuvid::load(context.cuda())?;
        let stream = Arc::new(Stream::new(context)?);
        let state = Box::into_raw(Box::new(State::new(context, &cuvid, stream, options)));
        // From here on the decoder's own end takes care of the state.
        let mut decoder = Self { parser: None, state, codec: options.codec, fresh: false };
        decoder.begin()?;
        Ok(decoder)
    }

    /// The parser, another one where the last was stopped by a failure.
    fn begin(&mut self) -> Result<raw::Parser, Error> {
        if let Some(parser) = &self.parser {
            return Ok(parser.handle);
        }
        // SAFETY: the box of `new`, which outlives the parser.
        let parser = unsafe { Parser::new(self.codec, self.state) }?;
        Ok(self.parser.insert(parser).handle)
    }

    fn state(&mut self) -> &mut State {
        // SAFETY: the box is alive as long as the decoder, and callbacks run within `parse` alone, where no reference is held.
        unsafe { &mut *self.state }
    }

    /// What the stream said last.
    pub fn format(&mut self) -> Option<StreamFormat> {
        self.state().format()
    }

    /// Pictures that were decoded and never handed out, since all surfaces were held when their memory was needed.
    pub fn overrun(&mut self) -> u64 {
        self.state().overrun
    }

    /// Pictures that were so damaged that the device had nothing to show for them. They are skipped, and decoding goes on.
    pub fn lost(&mut self) -> u64 {
        self.state().lost
    }

    /// Gives one access unit (Annex B, or OBUs of AV1); `pts` counts 90 kHz. What is ready then is fetched by [`Self::next_picture`] until there is none.
    ///
    /// # Errors
    /// [`Error::AllHeld`] while pictures wait and none can be handed out: nothing was taken then. Otherwise what the device cannot decode, or
    /// how the driver failed; it then begins anew with the next key frame that it is given.
    pub fn decode(&mut self, access_unit: &[u8], pts: i64) -> Result<(), Error> {
        self.state().room()?;
        if access_unit.is_empty() {
            return Ok(());
        }
        let mut packet = raw::SourceDataPacket::zeroed();
        packet.flags = raw::PACKET_TIMESTAMP | raw::PACKET_END_OF_PICTURE;
        if std::mem::take(&mut self.fresh) {
            packet.flags |= raw::PACKET_DISCONTINUITY;
        }
        packet.payload = access_unit.as_ptr();
        packet.payload_size = access_unit.len() as u64;
        packet.timestamp = pts;
        self.parse(packet)
    }

    /// Says that nothing follows: all pictures that were held back for their order become ready. Another stream may come after.
    ///
    /// # Errors
    /// As for [`Self::decode`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.state().room()?;
        let mut packet = raw::SourceDataPacket::zeroed();
        packet.flags = raw::PACKET_END_OF_STREAM;
        self.fresh = true;
        self.parse(packet)
    }

    fn parse(&mut self, mut packet: raw::SourceDataPacket) -> Result<(), Error> {
        let parser = self.begin()?;
        let (context, cuvid) = (self.state().context.clone(), Arc::clone(&self.state().cuvid));
        let parsed = {
            let _current = context.enter()?;
            // SAFETY: the packet's bytes live until the call returns; callbacks run within it, on this thread, and look at the state.
            cuvid.call(|cuvid| unsafe { cuvid.cuvidParseVideoData(parser, &raw mut packet) })
        };
        // What a callback found is the reason; the parser then only says that it was stopped.
        let failed = self.state().error.take().or(parsed.err());
        failed.map_or(Ok(()), |error| {
            self.parser = None;
            Err(self.state().stream.explain(error))
        })
    }

    /// How many pictures wait to be fetched. Fetching one waits for its decoding to end: who wants throughput more than the newest picture lets a
    /// few of them wait, so that the device always has the next one to decode.
    pub fn ready(&mut self) -> usize {
        self.state().ready()
    }

    /// The next picture in the order in which they are shown, if one is ready.
    ///
    /// # Errors
    /// [`Error::AllHeld`] when a picture is ready and every surface is held, or how the driver failed.
    pub fn next_picture(&mut self) -> Result<Option<Decoded>, Error> {
        let next = self.state().next();
        if next.as_ref().is_err_and(|error| !matches!(error, Error::AllHeld(_))) {
            self.parser = None;
        }
        next
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.parser = None;
        // SAFETY: made in `new`, and the parser that knew it is gone.
        drop(unsafe { Box::from_raw(self.state) });
    }
}

/// The driver's parser of one stream.
struct Parser {
    context: Context,
    cuvid: Arc<Cuvid>,
    handle: raw::Parser,
}

impl Parser {
    /// # Safety
    /// `state` is a box's that outlives this, and is looked into by nobody else while the parser is called.
    unsafe fn new(codec: Codec, state: *mut State) -> Result<Self, Error> {
        // SAFETY: the caller's promise; nothing has the parser yet.
        let (context, cuvid) = unsafe { ((*state).context.clone(), Arc::clone(&(*state).cuvid)) };
        let mut params = raw::ParserParams::zeroed();
        params.codec = codec.of_decoder();
        params.max_decode_surfaces = 1;
        // By which the parser makes up the times of pictures that come without one: two in one access unit.
        params.clock_rate = 90_000;
        // Percent of a picture that may be damaged before the parser leaves it out: all of it, and whoever gets it is told.
        params.error_threshold = 100;
        params.user_data = state.cast();
        params.sequence = Some(callbacks::sequence);
        params.decode = Some(callbacks::decode);
        params.display = Some(callbacks::display);
        let mut handle = std::ptr::null_mut();
        {
            let _current = context.enter()?;
            // SAFETY: the parameters are filled and a handle is written; the state outlives the parser.
            cuvid.call(|cuvid| unsafe { cuvid.cuvidCreateVideoParser(&raw mut handle, &raw mut params) })?;
        }
        Ok(Self { context, cuvid, handle })
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        let _current = self.context.enter();
        // SAFETY: made once; it does not call back any more.
        let _ = self.cuvid.call(|cuvid| unsafe { cuvid.cuvidDestroyVideoParser(self.handle) });
    }
}

/// What the device decodes of one codec and depth (4:2:0), as it says itself.
pub(crate) fn limits(context: &Context, codec: Codec, depth: u8) -> Result<Limits, Error> {
    let cuvid = Cuvid::load(context.cuda())?;
    surfaces::caps(context, &cuvid, codec, raw::CHROMA_420, depth)
}

/// Sizes that a decoder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) engines: u8,
    pub(crate) least: (u32, u32),
    pub(crate) most: (u32, u32),
    pub(crate) macroblocks: u32,
}
