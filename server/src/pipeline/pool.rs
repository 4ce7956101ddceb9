//! The pool that decodes and looks: a thread a core, niced, shared by all cameras, so that analysis never takes the time of
//! pictures.

use super::clock::{Clock, Mono};
use super::running::Running;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Duration;

/// What the pool works on.
pub trait Job: Send + Sync {
    /// Does a bounded amount of work; true if there is more.
    fn work(&self) -> bool;
}

/// Who wants to be woken at some time.
pub trait Sleeper: Send + Sync {
    /// It is time; called by a thread of the pool, which must not be held up.
    fn wake(&self);
}

/// The scheduling weight of analysis: live pictures go first wherever both want the processor.
pub const NICE: i32 = 10;

struct State {
    waiting: VecDeque<Arc<dyn Job>>,
    /// Who is to be woken when; the number tells those of the same time apart.
    alarms: BTreeMap<(Mono, u64), Weak<dyn Sleeper>>,
    alarms_set: u64,
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    clock: Arc<dyn Clock>,
}

/// The pool. A job that is submitted waits once, however often it is submitted, if its owner keeps to
/// [`super::analysis::Analysis`]'s flag: so there are never more entries than cameras.
pub struct Pool {
    shared: Arc<Shared>,
    running: Arc<Running>,
}

impl Pool {
    /// Starts `threads` threads named `analysis-N`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(threads: usize, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let state = State { waiting: VecDeque::new(), alarms: BTreeMap::new(), alarms_set: 0, closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), work: Condvar::new(), clock });
        let running = Arc::<Running>::default();
        for index in 0..threads {
            let (shared, one) = (shared.clone(), running.one());
            let work = move || {
                let _one = one;
                run(&shared);
            };
            std::thread::Builder::new().name(format!("analysis-{index}")).spawn(work)?;
        }
        Ok(Self { shared, running })
    }

    /// Puts a job at the end of the line.
    pub fn submit(&self, job: Arc<dyn Job>) {
        self.shared.lock().waiting.push_back(job);
        self.shared.work.notify_one();
    }

    /// Has `sleeper` woken at `due`, if it is still there then. Whoever asks has one alarm at a time.
    pub fn wake_at(&self, due: Mono, sleeper: Weak<dyn Sleeper>) {
        let mut state = self.shared.lock();
        state.alarms_set += 1;
        let number = state.alarms_set;
        state.alarms.insert((due, number), sleeper);
        self.shared.work.notify_one();
    }
}

impl Pool {
    /// Begins no further work; whether what is under way has ended within `patience`.
    pub fn finish(&self, patience: Duration) -> bool {
        self.close();
        self.running.none_within(patience)
    }

    fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.waiting.clear();
        state.alarms.clear();
        self.shared.work.notify_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Not `finish`: its last owner may be one of its own threads.
        self.close();
    }
}

/// What a thread does next.
enum Next {
    Work(Arc<dyn Job>),
    Wake(Weak<dyn Sleeper>),
    End,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Next {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Next::End;
            }
            let first = state.alarms.first_key_value().map(|((due, _), _)| *due);
            let left = first.map(|due| due.since(self.clock.now()));
            if left.is_some_and(|left| left.is_zero())
                && let Some((_, sleeper)) = state.alarms.pop_first()
            {
                return Next::Wake(sleeper);
            }
            if let Some(job) = state.waiting.pop_front() {
                return Next::Work(job);
            }
            state = match left {
                Some(left) => self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

fn run(shared: &Shared) {
    // On Linux nice(2) is of the calling thread alone; where it is refused, analysis merely competes.
    let _ = rustix::process::nice(NICE);
    loop {
        match shared.next() {
            Next::End => return,
            Next::Wake(sleeper) => {
                if let Some(sleeper) = sleeper.upgrade() {
                    sleeper.wake();
                }
            }
            Next::Work(job) => {
                if job.work() {
                    shared.lock().waiting.push_back(job);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::SystemClock;
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// Tells that it is at work, and is until it is told to end.
    struct Slow {
        begun: SyncSender<()>,
        end: Mutex<Receiver<()>>,
    }

    impl Job for Slow {
        fn work(&self) -> bool {
            self.begun.send(()).unwrap();
            self.end.lock().unwrap().recv().unwrap();
            true
        }
    }

    #[test]
    fn what_is_under_way_is_waited_for_and_nothing_begins_again() {
        let pool = Pool::start(2, Arc::new(SystemClock::default())).unwrap();
        let ((begun, begins), (ends, end)) = (sync_channel(1), sync_channel(1));
        pool.submit(Arc::new(Slow { begun, end: Mutex::new(end) }));
        begins.recv().unwrap();
        assert!(!pool.finish(Duration::from_millis(20)), "it is at work");
        ends.send(()).unwrap();
        assert!(pool.finish(Duration::from_secs(60)));
        assert!(begins.try_recv().is_err(), "it was not begun again");
    }
}
