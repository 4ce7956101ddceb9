//! An encode session: pictures in, coded late on a thread of its own, bitstreams out in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sightline_standin::context::Context;
use sightline_standin::device::Device;
use sightline_standin::memory::POISON;
use sightline_standin::stream::{Handles, Stream, Ticket};
use sightline_standin::{Cu, machine};

use crate::coder::{Coded, Coder};
use crate::plan::Plan;
use crate::resources::{Input, Layout, Output, Registered, Resources};
use crate::status::Nv;

/// A session.
pub(crate) struct Session {
    /// The version of the interface that its client is made for.
    pub(crate) api: u32,
    context: u64,
    pub(crate) device: Arc<Device>,
    worker: Arc<Stream>,
    state: Mutex<State>,
    /// Whether it died, as a fault asked for.
    over: Arc<AtomicBool>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) resources: Resources,
    plan: Option<Plan>,
    engine: Option<Arc<Mutex<Engine>>>,
    /// The client's own stream for input, where it named one.
    stream: Option<u64>,
    pictures: u32,
    /// Pictures that wait for the one behind them, as B-frames do.
    waiting: Vec<Job>,
}

/// A picture that was taken.
struct Job {
    input: Input,
    output: Arc<Mutex<Output>>,
    key: bool,
    with_sets: bool,
}

struct Engine {
    coder: Coder,
    plan: Plan,
    sets: Vec<u8>,
    begun: bool,
}

/// A picture as its client describes it.
pub(crate) struct Request {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) layout: Layout,
    pub(crate) key: bool,
    pub(crate) with_sets: bool,
    pub(crate) time: u64,
    pub(crate) duration: u64,
}

static SESSIONS: LazyLock<Handles<Session>> = LazyLock::new(|| Handles::starting_at(0x6000_0000));

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Opens a session on a context.
    pub(crate) fn open(context: u64, api: u32) -> Result<u64, Nv> {
        let (faults, counters) = (machine().faults(), &machine().counters);
        machine().alive().map_err(lost)?;
        let device = Arc::clone(&machine().contexts.get(context).map_err(|_| Nv::INVALID_DEVICE)?.device);
        device.alive().map_err(lost)?;
        if faults.no_nvenc {
            return Err(Nv::UNSUPPORTED_DEVICE);
        }
        std::thread::sleep(Duration::from_millis(faults.session_ms));
        if counters.encoders_live.add(1) > faults.sessions {
            counters.encoders_live.take(1);
            return Err(Nv::OUT_OF_MEMORY);
        }
        counters.encoders_made.add(1);
        device.counters.encoders_live.add(1);
        let worker = Stream::start(context, false, Duration::from_micros(faults.delay)).map_err(lost)?;
        Ok(SESSIONS.insert(Arc::new(Self {
            api,
            context,
            device,
            worker,
            state: Mutex::default(),
            over: Arc::default(),
        })))
    }

    /// The session behind a handle, on a device that lives.
    pub(crate) fn usable(handle: u64) -> Result<Arc<Self>, Nv> {
        let session = SESSIONS.get(handle).map_err(|_| Nv::INVALID_ENCODERDEVICE)?;
        machine().alive().map_err(lost)?;
        machine().contexts.get(session.context).map_err(|_| Nv::INVALID_DEVICE)?.healthy().map_err(lost)?;
        Ok(session)
    }

    /// Ends a session, also on a lost device.
    pub(crate) fn close(handle: u64) -> Result<(), Nv> {
        let session = SESSIONS.get(handle).map_err(|_| Nv::INVALID_ENCODERDEVICE)?;
        if !lock(&session.state).resources.is_idle() {
            return Err(Nv::INVALID_CALL);
        }
        SESSIONS.remove(handle).map_err(|_| Nv::INVALID_ENCODERDEVICE)?;
        session.worker.now().wait();
        session.worker.close();
        let ((buffers, registered, mapped), counters) = (session.state().resources.left(), &machine().counters);
        counters.left_behind.add(buffers + registered);
        counters.encoder_buffers_live.take(buffers);
        counters.inputs_registered.take(registered);
        counters.inputs_mapped.take(mapped);
        counters.encoders_live.take(1);
        session.device.counters.encoders_live.take(1);
        Ok(())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Everything submitted to the context's default stream, which mapping waits for.
    pub(crate) fn default_stream(&self) -> Result<Ticket, Nv> {
        self.place_in(0)
    }

    fn place_in(&self, stream: u64) -> Result<Ticket, Nv> {
        if stream <= 1 {
            let context = machine().contexts.get(self.context).map_err(|_| Nv::INVALID_DEVICE)?;
            return Ok(context.default_stream.now());
        }
        machine().streams.get(stream).map(|stream| stream.now()).map_err(|_| Nv::INVALID_PARAM)
    }

    pub(crate) fn set_stream(&self, stream: u64) -> Result<(), Nv> {
        self.place_in(stream)?;
        self.state().stream = Some(stream);
        Ok(())
    }

    pub(crate) fn initialize(&self, plan: Plan) -> Result<(), Nv> {
        let mut state = self.state();
        if state.plan.is_some() {
            return Err(Nv::INVALID_CALL);
        }
        state.engine = Some(Arc::new(Mutex::new(Engine::start(plan)?)));
        state.plan = Some(plan);
        Ok(())
    }

    pub(crate) fn is_initialized(&self) -> Result<(), Nv> {
        self.state().plan.map(drop).ok_or(Nv::NOT_INITIALIZED)
    }

    /// Goes over to other settings behind the pictures that were taken.
    pub(crate) fn reconfigure(&self, mut next: Plan, reset: bool) -> Result<(), Nv> {
        let mut state = self.state();
        let now = state.plan.ok_or(Nv::NOT_INITIALIZED)?;
        if !now.may_become(&next) {
            return Err(Nv::INVALID_PARAM);
        }
        next.largest = now.largest;
        let engine = state.engine.clone().ok_or(Nv::NOT_INITIALIZED)?;
        state.plan = Some(next);
        drop(state);
        let context = machine().contexts.get(self.context).map_err(|_| Nv::INVALID_DEVICE)?;
        self.worker.submit(move || {
            if lock(&engine).go_over(next, reset).is_err() {
                context.break_down(Cu::UNKNOWN);
            }
        });
        Ok(())
    }

    /// Takes a picture. Where B-frames were asked for, it may wait for the one behind it.
    pub(crate) fn encode(&self, request: &Request) -> Result<(), Nv> {
        let mut state = self.state();
        let plan = state.plan.ok_or(Nv::NOT_INITIALIZED)?;
        if self.over.load(Ordering::SeqCst) {
            return Err(Nv::GENERIC);
        }
        let mut input = state.resources.input(request.input)?;
        // Samples of 8 bit are no samples of 10, whatever the encoder would make of the bytes.
        if input.layout() != plan.layout || request.layout != plan.layout {
            return Err(Nv::INVALID_PARAM);
        }
        if let Input::Device(memory, mapping) = &mut input {
            if memory.width < plan.width || memory.height < plan.height {
                return Err(Nv::INVALID_PARAM);
            }
            if let Some(stream) = state.stream {
                mapping.ticket = self.place_in(stream)?;
            }
        }
        let output = state.resources.output(request.output)?;
        let mut target = lock(&output);
        if target.busy {
            return Err(Nv::ENCODER_BUSY);
        }
        *target = Output { busy: true, time: request.time, duration: request.duration, ..Output::default() };
        target.number = state.pictures;
        drop(target);
        let first = state.pictures == 0;
        state.pictures += 1;
        state.waiting.push(Job { input, output, key: request.key, with_sets: request.with_sets });
        // The first picture and key frames stand alone; of others so many belong together as were asked for.
        let complete = first || request.key || state.waiting.len() >= usize::try_from(plan.interval).unwrap_or(1);
        if complete { self.start(&mut state) } else { Err(Nv::NEED_MORE_INPUT) }
    }

    /// Hands what waits to the worker: all of it has an output from here on.
    fn start(&self, state: &mut State) -> Result<(), Nv> {
        let engine = state.engine.clone().ok_or(Nv::NOT_INITIALIZED)?;
        let context = machine().contexts.get(self.context).map_err(|_| Nv::INVALID_DEVICE)?;
        for job in state.waiting.drain(..) {
            let (engine, context, over) = (Arc::clone(&engine), Arc::clone(&context), Arc::clone(&self.over));
            let output = Arc::clone(&job.output);
            let ticket = self.worker.submit(move || job.run(&engine, &context, &over));
            lock(&output).ticket = Some(ticket);
        }
        Ok(())
    }

    /// The end of the stream: nothing waits for more pictures.
    pub(crate) fn flush(&self) -> Result<(), Nv> {
        self.is_initialized()?;
        self.start(&mut self.state())
    }

    /// Both parameter sets.
    pub(crate) fn sets(&self) -> Result<Vec<u8>, Nv> {
        let engine = self.state().engine.clone().ok_or(Nv::NOT_INITIALIZED)?;
        let sets = lock(&engine).sets.clone();
        Ok(sets)
    }
}

impl Job {
    /// Encodes the picture into its output.
    fn run(self, engine: &Mutex<Engine>, context: &Context, over: &AtomicBool) {
        let number = u64::from(lock(&self.output).number) + 1;
        if machine().faults().encoder_dies_at.is_some_and(|at| number >= at) {
            over.store(true, Ordering::SeqCst);
        }
        if over.load(Ordering::SeqCst) {
            lock(&self.output).failed = true;
            return;
        }
        let coded = context.device.busy.encoder.during(|| lock(engine).run(&self.input, self.key, self.with_sets));
        let mut output = lock(&self.output);
        match coded {
            Ok((bytes, key)) => (output.bytes, output.key) = (bytes, key),
            Err(code) => {
                output.failed = true;
                context.break_down(code);
            }
        }
        drop(output);
        machine().count_picture(&context.device, true);
    }
}

impl Engine {
    fn start(plan: Plan) -> Result<Self, Nv> {
        let coder = Coder::open(&plan).ok_or(Nv::INVALID_PARAM)?;
        let sets = coder.sets();
        Ok(Self { coder, plan, sets, begun: false })
    }

    fn go_over(&mut self, next: Plan, reset: bool) -> Result<(), Nv> {
        let fixed = |plan: &Plan| (plan.width, plan.height, plan.rate, plan.shape);
        let same = fixed(&self.plan) == fixed(&next);
        if same && !reset {
            self.coder.set_rate(&next);
            self.plan = next;
            return Ok(());
        }
        *self = Self::start(next)?;
        Ok(())
    }

    fn run(&mut self, input: &Input, key: bool, with_sets: bool) -> Result<(Vec<u8>, bool), Cu> {
        let coded = match input {
            Input::Own(buffer) => {
                let bytes = lock(&buffer.bytes);
                if buffer.height < usize::try_from(self.plan.height).unwrap_or(usize::MAX) {
                    return Err(Cu::ILLEGAL_ADDRESS);
                }
                // SAFETY: the buffer has both planes of its pitch and height, which is at least the encoder's.
                unsafe { self.coder.encode(bytes.as_ptr(), buffer.pitch, buffer.pitch * buffer.height, key) }
            }
            Input::Device(memory, mapping) => {
                mapping.ticket.wait();
                if !mapping.there.load(Ordering::SeqCst) {
                    return self.poison(memory, key);
                }
                let held = machine().memory.hold();
                let bytes = machine().memory.view(&held, memory.address, memory.size())?;
                let pitch = usize::try_from(memory.pitch).unwrap_or(0);
                let chroma = pitch * usize::try_from(memory.height).unwrap_or(0);
                // SAFETY: `view` gives memory of this size, which is at least the encoder's, and holds it.
                unsafe { self.coder.encode(bytes, pitch, chroma, key) }
            }
        };
        self.framed(coded.ok_or(Cu::UNKNOWN)?, with_sets)
    }

    /// What a client gets that unmapped its picture before it had the output.
    fn poison(&mut self, memory: &Registered, key: bool) -> Result<(Vec<u8>, bool), Cu> {
        let pitch = usize::try_from(memory.pitch).unwrap_or(0);
        let chroma = pitch * usize::try_from(memory.height).unwrap_or(0);
        let bytes = vec![POISON; chroma * 3 / 2];
        // SAFETY: both planes are there at this pitch and height, which are at least the encoder's.
        let coded = unsafe { self.coder.encode(bytes.as_ptr(), pitch, chroma, key) };
        self.framed(coded.ok_or(Cu::UNKNOWN)?, false)
    }

    /// A coded picture with what the client wants in front of it.
    fn framed(&mut self, coded: Coded, with_sets: bool) -> Result<(Vec<u8>, bool), Cu> {
        let mut bytes = Vec::new();
        if self.plan.delimiters {
            bytes.extend(self.plan.codec.delimiter());
        }
        let first = !self.begun && !self.plan.without_sets;
        if first || with_sets || coded.key && self.plan.repeat_sets {
            bytes.extend(&self.sets);
        }
        self.begun = true;
        bytes.extend(coded.bytes);
        Ok((bytes, coded.key))
    }
}

/// What an encoder says when the device is gone.
pub(crate) fn lost(_code: Cu) -> Nv {
    Nv::DEVICE_NOT_EXIST
}
