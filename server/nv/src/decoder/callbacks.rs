//! What the parser calls: a stream's parameters, a picture to decode, a picture to show. Nothing in here may panic.

use super::surfaces::{Geometry, Handle};
use super::{Decoded, DecoderOptions, StreamFormat};
use crate::checked::Cuvid;
use crate::raw::cuvid as raw;
use crate::{Codec, Context, Error, Event, Stream};
use std::collections::{HashMap, VecDeque};
use std::ffi::{c_int, c_void};
use std::sync::Arc;

/// What the callbacks and the decoder share.
pub(super) struct State {
    pub(super) context: Context,
    pub(super) cuvid: Arc<Cuvid>,
    pub(super) stream: Arc<Stream>,
    options: DecoderOptions,
    current: Option<Arc<Handle>>,
    waiting: VecDeque<Waiting>,
    /// Why a callback stopped the parser.
    pub(super) error: Option<Error>,
    pub(super) overrun: u64,
    pub(super) lost: u64,
    /// How many of them came one after the other.
    lost_in_row: u32,
    /// When the picture at an index was given to the decoder; `None` where it did not take it.
    given: HashMap<c_int, Option<Event>>,
}

/// A picture whose turn to be shown has come.
enum Waiting {
    /// In the decoder's own memory still, where a later picture may come over it.
    Inside(Arc<Handle>, raw::DisplayInfo),
    Mapped(Decoded),
}

/// Most decode surfaces that a parser counts.
const MOST_SURFACES: u32 = 32;
/// So many damaged pictures in a row are a decoder that does not work: two seconds of a camera.
const MOST_LOST: u32 = 50;
/// What the driver says of a picture whose data it cannot make anything of; all else is a failure of the decoder.
const OF_DAMAGE: [i32; 2] = [raw::INVALID_VALUE, raw::MAP_FAILED];

impl State {
    pub(super) fn new(context: &Context, cuvid: &Arc<Cuvid>, stream: Arc<Stream>, options: DecoderOptions) -> Self {
        let (context, cuvid) = (context.clone(), Arc::clone(cuvid));
        Self {
            context,
            cuvid,
            stream,
            options,
            current: None,
            waiting: VecDeque::new(),
            error: None,
            overrun: 0,
            lost: 0,
            lost_in_row: 0,
            given: HashMap::new(),
        }
    }

    pub(super) fn format(&self) -> Option<StreamFormat> {
        self.current.as_ref().map(|handle| handle.format)
    }

    /// Refuses to decode on while something waits that could not be brought to safety if its memory were needed.
    ///
    /// It is not brought there now: that would wait for its decoding to end, while the next one's could have begun.
    pub(super) fn room(&self) -> Result<(), Error> {
        let Some(current) = &self.current else { return Ok(()) };
        let inside = |waiting: &&Waiting| matches!(waiting, Waiting::Inside(handle, _) if Arc::ptr_eq(handle, current));
        if self.waiting.iter().filter(inside).count() > current.free() {
            return Err(Error::AllHeld(self.options.surfaces));
        }
        Ok(())
    }

    /// How many wait to be fetched.
    pub(super) fn ready(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn next(&mut self) -> Result<Option<Decoded>, Error> {
        loop {
            match self.waiting.front() {
                None => return Ok(None),
                Some(Waiting::Inside(..)) => self.bring(0)?,
                Some(Waiting::Mapped(_)) => {
                    if let Some(Waiting::Mapped(decoded)) = self.waiting.pop_front() {
                        return Ok(Some(decoded));
                    }
                }
            }
        }
    }

    /// Brings one that waits out of the decoder's own memory. One that is too damaged for that does not wait any more.
    fn bring(&mut self, at: usize) -> Result<(), Error> {
        let Some(Waiting::Inside(handle, info)) = self.waiting.get(at) else { return Ok(()) };
        let given = self.given.get(&info.picture_index).cloned().flatten();
        match handle.map(&self.stream, info, given) {
            Ok(decoded) => {
                self.waiting[at] = Waiting::Mapped(decoded);
                self.lost_in_row = 0;
                Ok(())
            }
            Err(Error::AllHeld(count)) => Err(Error::AllHeld(count)),
            Err(error) => {
                self.waiting.remove(at);
                self.give_up(error)
            }
        }
    }

    /// Counts a picture that cannot be had, unless the reason is another than the picture itself.
    fn give_up(&mut self, error: Error) -> Result<(), Error> {
        let error = self.stream.explain(error);
        (self.lost, self.lost_in_row) = (self.lost + 1, self.lost_in_row + 1);
        let damage = matches!(&error, Error::Call { code, .. } if OF_DAMAGE.contains(code)) && !error.is_device_lost();
        if damage && self.lost_in_row < MOST_LOST {
            return Ok(());
        }
        // Another of the driver's decoders comes with the next key frame; what waits in this one is gone with it.
        self.lost_in_row = 0;
        self.current = None;
        self.given.clear();
        let waited = self.waiting.len();
        self.waiting.retain(|waiting| matches!(waiting, Waiting::Mapped(_)));
        self.lost += (waited - self.waiting.len()) as u64;
        Err(error)
    }

    /// The stream's parameters: keeps the decoder or makes another. Gives the number of decode surfaces.
    fn sequence(&mut self, said: &raw::VideoFormat) -> Result<u32, Error> {
        let Some(codec) = Codec::from_decoder(said.codec) else {
            return Err(Error::Unsupported(format!("a stream of codec number {} is not decoded here", said.codec)));
        };
        let area = said.display_area;
        let size = |from: i32, to: i32, coded: u32| match to.checked_sub(from) {
            Some(length) if from >= 0 && length > 0 && to.unsigned_abs() <= coded && coded <= 16_384 => {
                Ok(length as u32)
            }
            _ => {
                Err(Error::Unsupported(format!("a stream that shows {from} to {to} of {coded} pixels is not decoded")))
            }
        };
        let format = StreamFormat {
            codec,
            width: size(area.left, area.right, said.coded_width)?,
            height: size(area.top, area.bottom, said.coded_height)?,
            depth: said.bit_depth_luma_minus8.max(said.bit_depth_chroma_minus8).min(8) + 8,
            progressive: said.progressive != 0,
            frame_rate: (said.frame_rate[0], said.frame_rate[1]),
            full_range: said.signal_flags & 8 != 0,
            primaries: said.primaries,
            transfer: said.transfer,
            matrix: said.matrix,
        };
        // Beyond what references need: pictures that wait to be handed out, so that none is decoded over.
        let needed = u32::from(said.min_decode_surfaces).max(1) + self.options.surfaces as u32;
        let coded = (said.coded_width, said.coded_height);
        let geometry = Geometry { coded, area, chroma: said.chroma, decode_surfaces: needed.min(MOST_SURFACES) };
        let same = |handle: &Arc<Handle>| handle.format == format && handle.geometry == geometry;
        if !self.current.as_ref().is_some_and(same) {
            // Always another decoder, never one reconfigured: surfaces of the old one are held by others and stay good.
            self.current = None;
            self.given.clear();
            let handle = Handle::new(&self.context, &self.cuvid, format, geometry, self.options.surfaces)?;
            self.current = Some(Arc::new(handle));
        }
        Ok(geometry.decode_surfaces)
    }

    /// A picture that is about to be decoded: whoever waits at its place is brought to safety, or lost.
    ///
    /// # Safety
    /// `picture` is what the parser gave.
    unsafe fn decode(&mut self, picture: *mut raw::PicParams) -> Result<(), Error> {
        let Some(current) = self.current.clone() else {
            return Err(Error::Invalid("the parser has a picture before any parameters".into()));
        };
        // SAFETY: the caller's promise; only the front of the structure is looked at.
        let index = unsafe { (*picture).picture_index };
        let there = |waiting: &Waiting| match waiting {
            Waiting::Inside(handle, info) => Arc::ptr_eq(handle, &current) && info.picture_index == index,
            Waiting::Mapped(_) => false,
        };
        if let Some(at) = self.waiting.iter().position(there) {
            match self.bring(at) {
                Err(Error::AllHeld(_)) => {
                    self.waiting.remove(at);
                    self.overrun += 1;
                }
                other => other?,
            }
        }
        let given = self.stream.record_timed()?;
        // SAFETY: the caller's promise.
        let decoded = unsafe { current.decode(picture) };
        self.given.insert(index, decoded.is_ok().then_some(given));
        decoded.or_else(|error| self.give_up(error))
    }

    /// A picture whose turn to be shown has come; one that the decoder did not take was counted then.
    fn display(&mut self, info: raw::DisplayInfo) {
        let taken = !matches!(self.given.get(&info.picture_index), Some(None));
        if let Some(current) = self.current.as_ref().filter(|_| taken) {
            self.waiting.push_back(Waiting::Inside(Arc::clone(current), info));
        }
    }
}

/// Runs a callback on the state, unless one failed before; keeps why it failed.
///
/// # Safety
/// `state` is the address that the parser was made with, within a call of the parser.
unsafe fn run(state: *mut c_void, callback: impl FnOnce(&mut State) -> Result<c_int, Error>) -> c_int {
    // SAFETY: the caller's promise: nobody else looks at the state while the parser runs.
    let state = unsafe { &mut *state.cast::<State>() };
    if state.error.is_some() {
        return 0;
    }
    callback(state).unwrap_or_else(|error| {
        state.error = Some(error);
        0
    })
}

/// # Safety
/// Called by the parser alone.
pub(super) unsafe extern "C" fn sequence(state: *mut c_void, format: *mut raw::VideoFormat) -> c_int {
    // SAFETY: the parser gives its address and a structure that is alive in here.
    unsafe { run(state, |state| state.sequence(&*format).map(|count| count.cast_signed())) }
}

/// # Safety
/// Called by the parser alone.
pub(super) unsafe extern "C" fn decode(state: *mut c_void, picture: *mut raw::PicParams) -> c_int {
    // SAFETY: the parser gives its address and a structure that is alive in here.
    unsafe { run(state, |state| state.decode(picture).map(|()| 1)) }
}

/// # Safety
/// Called by the parser alone.
pub(super) unsafe extern "C" fn display(state: *mut c_void, info: *mut raw::DisplayInfo) -> c_int {
    if info.is_null() {
        // The end of the stream, which drivers announce if asked to.
        return 1;
    }
    // SAFETY: the parser gives its address and a structure that is alive in here.
    unsafe {
        run(state, |state| {
            state.display(*info);
            Ok(1)
        })
    }
}
