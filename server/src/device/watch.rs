//! How busy the devices are: one thread asks the driver every second, and two minutes of its answers are remembered. It takes devices that
//! were lost again, too.

use super::{Card, Devices, sentence};
use crate::pipeline::clock::Clock;
use sightline_nv::{Error, Load, Monitor};
use sightline_shared::system::{DeviceLoad, LOAD_HISTORY, LOAD_STEP_MS, LoadSample};
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

type Remembered = Arc<Mutex<VecDeque<LoadSample>>>;

/// Watches the devices until it is dropped.
pub struct Watch {
    remembered: Remembered,
    /// Dropped to end the thread.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins; no thread runs where there is no device.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(devices: &Arc<Devices>, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let remembered = Remembered::default();
        if devices.cards().is_empty() {
            return Ok(Self { remembered, stop: None, thread: None });
        }
        let (stop, stopped) = sync_channel(0);
        let (devices, kept) = (devices.clone(), remembered.clone());
        let work = move || watch(&devices, &*clock, &kept, &stopped);
        let thread = std::thread::Builder::new().name("device-load".into()).spawn(work)?;
        Ok(Self { remembered, stop: Some(stop), thread: Some(thread) })
    }

    /// The load of a device by now.
    #[must_use]
    pub fn newest(&self, number: u32) -> DeviceLoad {
        let not_yet =
            || DeviceLoad { reason: Some("The first figures come within a second.".into()), ..DeviceLoad::default() };
        lock(&self.remembered).back().and_then(|sample| sample.devices.get(&number).cloned()).unwrap_or_else(not_yet)
    }

    /// What is remembered from after a moment of the server's clock on, oldest first. A moment that has not come yet is one of an
    /// earlier run of the program: then all of it.
    #[must_use]
    pub fn since(&self, after_ms: f64) -> Vec<LoadSample> {
        let remembered = lock(&self.remembered);
        let ahead = remembered.back().is_some_and(|newest| after_ms > newest.at_ms);
        remembered.iter().filter(|sample| ahead || sample.at_ms > after_ms).cloned().collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        // It holds the devices: they are given back when it has ended.
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the thread that watches the devices did not end in order");
        }
    }
}

fn lock(remembered: &Remembered) -> MutexGuard<'_, VecDeque<LoadSample>> {
    remembered.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(devices: &Devices, clock: &dyn Clock, remembered: &Remembered, stopped: &Receiver<()>) {
    let monitor = Monitor::new();
    loop {
        devices.cards().iter().for_each(|card| card.heal(clock.now()));
        // Whole milliseconds: they come back in a query, and a fraction may be another one in its last place by then.
        let (at_ms, utc_ms) = (clock.now().millis().floor(), clock.utc().as_secs_f64() * 1e3);
        let loads = devices.cards().iter().map(|card| (card.ordinal(), measure(card, monitor.as_ref())));
        push(remembered, LoadSample { at_ms, utc_ms, devices: loads.collect() });
        if stopped.recv_timeout(Duration::from_millis(LOAD_STEP_MS)) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

fn push(remembered: &Remembered, sample: LoadSample) {
    let mut remembered = lock(remembered);
    if remembered.len() == LOAD_HISTORY {
        remembered.pop_front();
    }
    remembered.push_back(sample);
}

fn measure(card: &Card, monitor: Result<&Monitor, &Error>) -> DeviceLoad {
    if let Some(lost) = card.lost() {
        return DeviceLoad { reason: Some(lost), ..DeviceLoad::default() };
    }
    let mut load = match (monitor, card.context()) {
        (Ok(monitor), Ok(context)) => monitor.load(&context),
        (Err(error), _) => none(error),
        (_, Err(error)) => none(&error),
    };
    if load.memory.is_err()
        && let Ok((free, all)) = card.context().and_then(|context| context.memory())
    {
        // CUDA knows it, too.
        load.memory = Ok(((all - free) as u64, all as u64));
    }
    told(load)
}

fn none(error: &Error) -> Load {
    let (gpu, decoder, encoder) = (Err(error.clone()), Err(error.clone()), Err(error.clone()));
    Load { gpu, decoder, encoder, memory: Err(error.clone()) }
}

/// As people and programs are told it: one reason for all that has the same, else one for each figure.
fn told(load: Load) -> DeviceLoad {
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let Load { gpu, decoder, encoder, memory } = load;
    let errors = [
        ("the GPU", gpu.as_ref().err()),
        ("the decoder", decoder.as_ref().err()),
        ("the encoder", encoder.as_ref().err()),
        ("memory", memory.as_ref().err()),
    ];
    for (name, error) in errors {
        if let Some(error) = error {
            missing.entry(sentence(error)).or_default().push(name);
        }
    }
    let words = missing.into_iter().map(|(reason, of)| format!("No figures of {}: {reason}", of.join(", ")));
    let words: Vec<_> = words.collect();
    DeviceLoad {
        gpu_percent: gpu.ok(),
        decoder_percent: decoder.ok(),
        encoder_percent: encoder.ok(),
        memory_used_bytes: memory.as_ref().ok().map(|(used, _)| *used),
        memory_total_bytes: memory.ok().map(|(_, all)| all),
        reason: (!words.is_empty()).then(|| words.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::clock::SimulatedClock;

    #[test]
    fn a_missing_figure_has_its_reason_and_a_shared_one_is_said_once() {
        let missing = Error::Unsupported("this device does not measure it".into());
        let some = told(Load { gpu: Ok(7), decoder: Ok(3), encoder: Err(missing.clone()), memory: Ok((2, 9)) });
        assert_eq!((some.gpu_percent, some.decoder_percent, some.encoder_percent), (Some(7), Some(3), None));
        assert_eq!((some.memory_used_bytes, some.memory_total_bytes), (Some(2), Some(9)));
        assert_eq!(some.reason.as_deref(), Some("No figures of the encoder: This device does not measure it."));
        let all = told(none(&missing));
        let words = "No figures of the GPU, the decoder, the encoder, memory: This device does not measure it.";
        assert_eq!(all, DeviceLoad { reason: Some(words.into()), ..DeviceLoad::default() });
    }

    #[test]
    fn two_minutes_are_remembered_and_told_from_a_moment_on() {
        let remembered = Remembered::default();
        for second in 0..200 {
            let at_ms = f64::from(second) * 1e3;
            push(&remembered, LoadSample { at_ms, ..LoadSample::default() });
        }
        let watch = Watch { remembered, stop: None, thread: None };
        let all = watch.since(-1.0);
        assert_eq!((all.len(), all[0].at_ms), (LOAD_HISTORY, 80e3));
        let times: Vec<_> = watch.since(197e3).iter().map(|sample| sample.at_ms).collect();
        assert_eq!(times, [198e3, 199e3]);
        assert_eq!((watch.since(199e3).len(), watch.since(f64::NAN).len()), (0, 0));
        assert_eq!(watch.since(7e6).len(), LOAD_HISTORY, "a clock that began anew");
        assert!(watch.newest(0).reason.is_some(), "no such device");
    }

    #[test]
    fn no_thread_runs_without_a_device() {
        let clock = Arc::new(SimulatedClock::new(Duration::ZERO));
        let watch = Watch::start(&Devices::none(), clock).expect("nothing to start");
        assert!(watch.thread.is_none() && watch.since(-1.0).is_empty());
    }
}
