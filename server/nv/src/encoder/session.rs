//! A session of the driver's: its buffers, the pictures that it was given, and what it gives for them.

use super::owned::{Owned, owned};
use super::{Encoded, EncoderSettings, config};
use crate::checked::Session;
use crate::context::lifecycle;
use crate::picture::Keeper;
use crate::raw::{Zeroed, nvenc as raw};
use crate::{Context, Error, Event, Format, Picture, Stream, Timing, View};
use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::sync::Arc;

/// A registered place: address, pitch, width, height.
type Place = (u64, u32, i32, i32);

fn place_of(view: &View) -> Place {
    (view.luma, view.pitch, view.width, view.height)
}

/// Memory that the session knows: a pool's, or a decoder's surface. To make it known takes longer than to encode from it.
struct Known {
    registered: *mut c_void,
    /// The picture that was last there.
    used: u32,
    /// Keeps the memory from being freed while it is known.
    _keeper: Keeper,
}

/// A picture that the session has.
struct InFlight {
    /// Held until it is encoded.
    picture: Picture,
    output: *mut c_void,
    mapped: *mut c_void,
    /// When the device could begin.
    begins: Event,
}

/// An initialised session.
pub(super) struct Open {
    session: Owned,
    stream: Arc<Stream>,
    waits_on_stream: bool,
    config: Box<raw::Config>,
    format: u32,
    size: (u32, u32),
    free: Vec<*mut c_void>,
    in_flight: VecDeque<InFlight>,
    /// So many of them, from the oldest on, come out without another picture.
    complete: usize,
    known: HashMap<Place, Known>,
    frame: u32,
}

// SAFETY: handles may be used on any thread that the context is current on, by one at a time.
unsafe impl Send for Open {}

/// Places that are known at most; pools are smaller.
const MOST_KNOWN: usize = 64;
/// A place that so many pictures did not lie at is forgotten: its pool or decoder is another's by then.
const UNUSED: u32 = 50;
/// Pictures that may be in the encoder while others are given.
pub(super) const MOST_BEHIND: usize = 3;
/// Buffers beyond those that B-frames hold.
const SPARE: u32 = MOST_BEHIND as u32 + 2;

impl Open {
    pub(super) fn new(
        context: &Context,
        session: Owned,
        stream: Arc<Stream>,
        settings: &EncoderSettings,
    ) -> Result<Self, Error> {
        let _current = context.enter()?;
        let config = {
            let _one = lifecycle();
            owned(&session, |session| start(session, settings))
        };
        let config = config.map_err(|error| stream.explain(error))?;
        // Work on the pictures is then waited for on the device; a driver without it has this thread wait.
        let at = stream.handle_at();
        // SAFETY: the driver reads the stream's handle there; the session's owner keeps the stream longer than the session.
        let waits_on_stream = owned(&session, |session| unsafe { session.set_streams(at, at) }).is_ok();
        let format = if settings.format == Format::P016 { raw::FORMAT_YUV420_10 } else { raw::FORMAT_NV12 };
        let mut open = Self {
            session,
            stream,
            waits_on_stream,
            config,
            format,
            size: (settings.width, settings.height),
            free: Vec::new(),
            in_flight: VecDeque::new(),
            complete: 0,
            known: HashMap::new(),
            frame: 0,
        };
        for _ in 0..settings.b_frames + SPARE {
            match open.bitstream() {
                Ok(buffer) => open.free.push(buffer),
                Err(error) => {
                    open.close();
                    return Err(error);
                }
            }
        }
        Ok(open)
    }

    fn call<T>(&self, call: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
        match owned(&self.session, call) {
            // No failure: every caller looks for it.
            Err(Error::Call { code: raw::STATUS_NEED_MORE_INPUT, call, meaning }) => {
                Err(Error::Call { code: raw::STATUS_NEED_MORE_INPUT, call, meaning })
            }
            other => other.map_err(|error| self.stream.explain(error)),
        }
    }

    /// Whether the session has pictures that it gave nothing for yet.
    pub(super) fn holds_back(&self) -> bool {
        !self.in_flight.is_empty()
    }

    fn bitstream(&self) -> Result<*mut c_void, Error> {
        let mut params = raw::CreateBitstream::zeroed();
        params.version = raw::CREATE_BITSTREAM_VERSION;
        // SAFETY: the structure is of its version and a handle is written.
        self.call(|session| unsafe { session.create_bitstream(&raw mut params) })?;
        Ok(params.buffer)
    }

    fn register(&self, view: &View) -> Result<*mut c_void, Error> {
        let mut params = raw::Register::zeroed();
        params.version = raw::REGISTER_VERSION;
        params.resource_type = raw::RESOURCE_CUDA_DEVICE_POINTER;
        (params.width, params.height) = (view.width.unsigned_abs(), view.height.unsigned_abs());
        (params.pitch, params.format) = (view.pitch, self.format);
        params.resource = std::ptr::with_exposed_provenance_mut(view.luma as usize);
        // SAFETY: the structure is of its version; the memory is as large as it says and is kept until it is unregistered.
        self.call(|session| unsafe { session.register(&raw mut params) })?;
        Ok(params.registered)
    }

    fn unregister(&self, registered: *mut c_void) {
        // SAFETY: registered once and not mapped. A session that failed has forgotten it anyway.
        let _ = self.call(|session| unsafe { session.unregister(registered) });
    }

    /// The picture's place as the session knows it.
    fn registered(&mut self, picture: &Picture) -> Result<*mut c_void, Error> {
        let view = picture.view();
        if let Some(known) = self.known.get_mut(&place_of(&view)) {
            known.used = self.frame;
            return Ok(known.registered);
        }
        if self.known.len() >= MOST_KNOWN {
            self.forget(|_, _| true);
        }
        let registered = self.register(&view)?;
        self.known.insert(place_of(&view), Known { registered, used: self.frame, _keeper: picture.keeper() });
        Ok(registered)
    }

    /// Forgets places that no picture in flight lies at.
    fn forget(&mut self, which: impl Fn(&Place, &Known) -> bool) {
        let busy: Vec<_> = self.in_flight.iter().map(|sent| place_of(&sent.picture.view())).collect();
        let gone = self.known.iter().filter(|(at, known)| which(at, known) && !busy.contains(at));
        for place in gone.map(|(at, _)| *at).collect::<Vec<_>>() {
            if let Some(known) = self.known.remove(&place) {
                self.unregister(known.registered);
            }
        }
    }

    pub(super) fn encode(
        &mut self,
        picture: &Picture,
        pts: i64,
        key: bool,
        behind: usize,
    ) -> Result<Vec<Encoded>, Error> {
        if let Some(written) = picture.written() {
            if self.waits_on_stream { self.stream.wait_for(&written) } else { written.synchronize() }?;
        }
        let Some(output) = self.free.pop() else {
            return Err(Error::Invalid("the encoder holds back more pictures than it said".into()));
        };
        let sent = self.send(picture, output, pts, key);
        match sent {
            Ok(done) => {
                if done {
                    self.complete = self.in_flight.len();
                }
                self.collect(behind)
            }
            Err(error) => {
                self.free.push(output);
                Err(error)
            }
        }
    }

    /// Gives the session a picture; true when everything that it was given is encoded.
    fn send(&mut self, picture: &Picture, output: *mut c_void, pts: i64, key: bool) -> Result<bool, Error> {
        let begins = self.stream.record_timed()?;
        let registered = self.registered(picture)?;
        let mut map = raw::MapInput::zeroed();
        (map.version, map.registered) = (raw::MAP_INPUT_VERSION, registered);
        // SAFETY: the structure is of its version and the place registered.
        self.call(|session| unsafe { session.map_input(&raw mut map) })?;
        let view = picture.view();
        let mut params = raw::PicParams::zeroed();
        params.version = raw::PIC_PARAMS_VERSION;
        (params.width, params.height) = (view.width.unsigned_abs(), view.height.unsigned_abs());
        (params.pitch, params.format, params.structure) = (view.pitch, map.format, raw::PICTURE_FRAME);
        (params.input, params.output) = (map.mapped, output);
        (params.time, params.frame_index) = (pts.cast_unsigned(), self.frame);
        self.frame = self.frame.wrapping_add(1);
        if key {
            params.flags = raw::FLAG_FORCE_IDR | raw::FLAG_OUTPUT_PARAMETER_SETS;
        }
        // SAFETY: the structure is of its version; the picture is held, and the output not in use, until it is collected.
        let done = match self.call(|session| unsafe { session.encode(&raw mut params) }) {
            Ok(()) => true,
            Err(Error::Call { code: raw::STATUS_NEED_MORE_INPUT, .. }) => false,
            Err(error) => {
                // SAFETY: mapped above, and the session did not take it.
                let _ = self.call(|session| unsafe { session.unmap_input(map.mapped) });
                return Err(error);
            }
        };
        self.in_flight.push_back(InFlight { picture: picture.clone(), output, mapped: map.mapped, begins });
        Ok(done)
    }

    /// Takes what comes out, but for the newest `behind` of it; each waits for the device.
    pub(super) fn collect(&mut self, behind: usize) -> Result<Vec<Encoded>, Error> {
        let mut all = Vec::new();
        while self.complete > behind
            && let Some(picture) = self.in_flight.pop_front()
        {
            self.complete -= 1;
            let read = self.read(picture.output, &picture.begins);
            self.release(picture);
            all.push(read?);
        }
        let (width, height) = (self.size.0.cast_signed(), self.size.1.cast_signed());
        let now = self.frame;
        let gone = |at: &Place, known: &Known| (at.2, at.3) != (width, height) || now.wrapping_sub(known.used) > UNUSED;
        if self.known.iter().any(|(at, known)| gone(at, known)) {
            self.forget(gone);
        }
        Ok(all)
    }

    fn read(&self, output: *mut c_void, begins: &Event) -> Result<Encoded, Error> {
        let mut lock = raw::LockBitstream::zeroed();
        (lock.version, lock.output) = (raw::LOCK_BITSTREAM_VERSION, output);
        // SAFETY: the structure is of its version and the output was given with a picture that is encoded.
        self.call(|session| unsafe { session.lock_bitstream(&raw mut lock) })?;
        let data = if lock.pointer.is_null() {
            Vec::new()
        } else {
            // SAFETY: the driver says where the bytes lie and how many they are, until the output is unlocked.
            unsafe { std::slice::from_raw_parts(lock.pointer.cast::<u8>(), lock.bytes as usize) }.to_vec()
        };
        // SAFETY: locked above.
        self.call(|session| unsafe { session.unlock_bitstream(output) })?;
        let key = lock.picture_type == raw::PICTURE_TYPE_IDR;
        let timing = Timing::between(begins.clone(), self.stream.record_timed()?);
        Ok(Encoded { data, pts: lock.time.cast_signed(), key, quantiser: lock.average_qp, timing })
    }

    fn release(&mut self, picture: InFlight) {
        // SAFETY: mapped when it was sent, and encoded or given up.
        let _ = self.call(|session| unsafe { session.unmap_input(picture.mapped) });
        self.free.push(picture.output);
    }

    pub(super) fn reconfigure(&mut self, settings: &EncoderSettings, resized: bool) -> Result<(), Error> {
        let mut config = self.config.clone();
        config::write_rate(&mut config, settings);
        let mut params = raw::Reconfigure::zeroed();
        params.version = raw::RECONFIGURE_VERSION;
        params.again = config::initialize(settings);
        params.again.config = &raw mut *config;
        // A new size begins with a key frame; a new rate goes on as it was.
        params.flags = if resized { 3 } else { 0 };
        // SAFETY: the structure is of its version, and its configuration lives until the call returns.
        self.call(|session| unsafe { session.reconfigure(&raw mut params) })?;
        self.config = config;
        self.size = (settings.width, settings.height);
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<Vec<Encoded>, Error> {
        let mut params = raw::PicParams::zeroed();
        (params.version, params.flags) = (raw::PIC_PARAMS_VERSION, raw::FLAG_END_OF_STREAM);
        // SAFETY: the structure is of its version; the end has no picture.
        self.call(|session| unsafe { session.encode(&raw mut params) })?;
        self.complete = self.in_flight.len();
        self.collect(0)
    }

    /// Lets go of pictures and of where they lie; waits for those that are being encoded.
    pub(super) fn settle(&mut self) {
        if !self.in_flight.is_empty() {
            let _ = self.finish();
        }
        while let Some(sent) = self.in_flight.pop_front() {
            self.release(sent);
        }
        self.forget(|_, _| true);
    }

    /// Ends the session. Before that the driver wants everything else gone: [`Self::settle`] comes first.
    pub(super) fn close(&mut self) {
        for output in std::mem::take(&mut self.free) {
            // SAFETY: made once and in no use.
            let _ = self.call(|session| unsafe { session.destroy_bitstream(output) });
        }
        self.session.close();
    }
}

/// Initialises a session by a preset and what the settings change of it; gives the configuration, which changes are made to later.
fn start(session: &Session, settings: &EncoderSettings) -> Result<Box<raw::Config>, Error> {
    let mut preset = raw::PresetConfig::zeroed();
    (preset.version, preset.config.version) = (raw::PRESET_CONFIG_VERSION, raw::CONFIG_VERSION);
    let mut params = config::initialize(settings);
    // SAFETY: the structure is of its version.
    unsafe { session.preset_config(params.codec, params.preset, params.tuning, &raw mut preset) }?;
    let mut config = Box::new(preset.config);
    config::write(&mut config, settings);
    params.config = &raw mut *config;
    // SAFETY: the structure is of its version, and its configuration lives until the call returns.
    unsafe { session.initialize(&raw mut params) }.map(|()| config)
}
