//! Streams: a thread each, which works late and in order.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::status::Cu;

type Job = Box<dyn FnOnce() + Send>;

/// One queue of work.
pub struct Stream {
    /// The context it belongs to.
    pub context: u64,
    /// Whether it waits for the default stream, and the default stream for it.
    pub blocking: bool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    submitted: u64,
    done: u64,
    closed: bool,
}

/// A place in a stream: everything that was submitted up to some moment.
#[derive(Clone)]
pub struct Ticket {
    stream: Arc<Stream>,
    number: u64,
}

impl Ticket {
    /// Waits until the place is reached.
    pub fn wait(&self) {
        let mut state = self.stream.lock();
        while state.done < self.number {
            state = self.stream.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the place is reached.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.stream.lock().done >= self.number
    }
}

impl Stream {
    /// Starts a stream's thread. Each job waits for up to twice `delay` first.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(context: u64, blocking: bool, delay: Duration) -> Result<Arc<Self>, Cu> {
        let stream = Arc::new(Self { context, blocking, state: Mutex::default(), changed: Condvar::new() });
        let worker = Arc::clone(&stream);
        thread::Builder::new()
            .name("standin-stream".into())
            .spawn(move || worker.work(delay))
            .map_err(|_| Cu::OUT_OF_MEMORY)?;
        Ok(stream)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, delay: Duration) {
        let mut seed = std::ptr::from_ref(self) as u64 | 1;
        loop {
            let job = {
                let mut state = self.lock();
                loop {
                    if let Some(job) = state.jobs.pop_front() {
                        break job;
                    }
                    if state.closed {
                        return;
                    }
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            };
            // A different wait each time, never none: whoever forgets to wait for the stream finds poison or an old picture.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let percent = u32::try_from(50 + (seed >> 33) % 150).unwrap_or(100);
            thread::sleep(delay * percent / 100);
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                // A mistake of the stand-in itself, of which the hook has told. Its clients would wait forever.
                std::process::abort();
            }
            self.lock().done += 1;
            self.changed.notify_all();
        }
    }

    /// Adds a job behind all others.
    pub fn submit(self: &Arc<Self>, job: impl FnOnce() + Send + 'static) -> Ticket {
        let mut state = self.lock();
        state.jobs.push_back(Box::new(job));
        state.submitted += 1;
        let number = state.submitted;
        drop(state);
        self.changed.notify_all();
        Ticket { stream: Arc::clone(self), number }
    }

    /// The place behind everything submitted so far.
    pub fn now(self: &Arc<Self>) -> Ticket {
        let number = self.lock().submitted;
        Ticket { stream: Arc::clone(self), number }
    }

    /// Ends the thread once its work is done.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

type Reached = Arc<Mutex<Option<Instant>>>;

/// A recorded place, with the time at which it was reached.
#[derive(Default)]
pub struct Event {
    recorded: Mutex<Option<(Ticket, Reached)>>,
}

impl Event {
    /// Notes the place that `stream` is at.
    pub fn record(&self, submit: impl FnOnce(Box<dyn FnOnce() + Send>) -> Ticket) {
        let when = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&when);
        let ticket = submit(Box::new(move || {
            // The one clock of these tests: how long work took on the thread that plays the device.
            #[allow(clippy::disallowed_methods)]
            let now = Instant::now();
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }));
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Some((ticket, when));
    }

    /// The place, if one was recorded.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(ticket, _)| ticket.clone())
    }

    /// When the place was reached.
    ///
    /// # Errors
    /// Nothing was recorded, or it is not reached.
    pub fn time(&self) -> Result<Instant, Cu> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, when) = recorded.as_ref().ok_or(Cu::INVALID_HANDLE)?;
        let when = *when.lock().unwrap_or_else(PoisonError::into_inner);
        when.ok_or(Cu::NOT_READY)
    }
}

/// Things behind handles that clients hold.
pub struct Handles<T> {
    next: AtomicU64,
    live: Mutex<HashMap<u64, Arc<T>>>,
}

impl<T> Handles<T> {
    /// Handles count up from `first`, so that those of different kinds are never the same.
    #[must_use]
    pub fn starting_at(first: u64) -> Self {
        Self { next: AtomicU64::new(first), live: Mutex::default() }
    }

    /// Keeps a thing and gives its handle.
    pub fn insert(&self, thing: Arc<T>) -> u64 {
        let handle = self.next.fetch_add(16, Ordering::SeqCst);
        self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(handle, thing);
        handle
    }

    /// Puts another thing behind a handle.
    pub fn replace(&self, handle: u64, thing: Arc<T>) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(handle, thing);
    }

    /// The thing behind a handle.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, handle: u64) -> Result<Arc<T>, Cu> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(&handle).cloned().ok_or(Cu::INVALID_HANDLE)
    }

    /// Forgets a handle.
    ///
    /// # Errors
    /// There is no such handle.
    pub fn remove(&self, handle: u64) -> Result<Arc<T>, Cu> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.remove(&handle).ok_or(Cu::INVALID_HANDLE)
    }

    /// All things.
    pub fn all(&self) -> Vec<Arc<T>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Forgets what `which` names.
    pub fn remove_where(&self, which: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let handles: Vec<_> = live.iter().filter(|(_, thing)| which(thing)).map(|(handle, _)| *handle).collect();
        handles.iter().filter_map(|handle| live.remove(handle)).collect()
    }
}
