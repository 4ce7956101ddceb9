//! The pool that decodes and looks: a thread a core, niced, shared by all cameras, so that analysis never takes the time of
//! pictures.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What the pool works on.
pub trait Job: Send + Sync {
    /// Does a bounded amount of work; true if there is more.
    fn work(&self) -> bool;
}

/// The scheduling weight of analysis: live pictures go first wherever both want the processor.
const NICE: i32 = 10;

struct State {
    waiting: VecDeque<Arc<dyn Job>>,
    closed: bool,
}

/// The pool. A job that is submitted waits once, however often it is submitted, if its owner keeps to
/// [`super::analysis::Analysis`]'s flag: so there are never more entries than cameras.
pub struct Pool {
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Pool {
    /// Starts `threads` threads named `analysis-N`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let state = Arc::new((Mutex::new(State { waiting: VecDeque::new(), closed: false }), Condvar::new()));
        for index in 0..threads {
            let state = state.clone();
            std::thread::Builder::new().name(format!("analysis-{index}")).spawn(move || run(&state))?;
        }
        Ok(Self { state })
    }

    /// Puts a job at the end of the line.
    pub fn submit(&self, job: Arc<dyn Job>) {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.push_back(job);
        self.state.1.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        state.waiting.clear();
        self.state.1.notify_all();
    }
}

fn run(state: &(Mutex<State>, Condvar)) {
    // On Linux nice(2) is of the calling thread alone; where it is refused, analysis merely competes.
    let _ = rustix::process::nice(NICE);
    loop {
        let mut guard = state.0.lock().unwrap_or_else(PoisonError::into_inner);
        let job = loop {
            if guard.closed {
                return;
            }
            match guard.waiting.pop_front() {
                Some(job) => break job,
                None => guard = state.1.wait(guard).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(guard);
        if job.work() {
            let mut guard = state.0.lock().unwrap_or_else(PoisonError::into_inner);
            guard.waiting.push_back(job);
        }
    }
}
