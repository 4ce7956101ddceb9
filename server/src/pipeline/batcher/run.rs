//! The thread of one engine.

use super::engine::{Condition, LOOK_AFTER, Shared};
use super::line::Taken;
use super::place::Answer;
use super::trouble::{FIRST_WAIT, Trouble};
use super::{Engine, Input, Loader, ModelError, Spec};
use crate::detect::Detection;
use crate::detect::model::Preparer;
use crate::pipeline::pool::NICE;
use std::sync::Arc;

/// Tells those who wait when the thread breaks off: they would wait for ever.
struct Ends<'a>(&'a Shared);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = format!("What runs {} broke off; this is a mistake in Sightline.", self.0.model);
            self.0.tell(Condition::Failed(reason));
        }
    }
}

/// Opens the engine, runs it on what waits, and opens it again when it failed or its file changed, until it is to end.
pub(super) fn run(shared: &Shared, loader: &dyn Loader) {
    // As in the pool; threads that the engine starts take it over.
    let _ = rustix::process::nice(NICE);
    let _ends = Ends(shared);
    let mut trouble = Trouble::default();
    while let Some(opened) = open(shared, loader, &mut trouble) {
        let Err((runs_on, error)) = look(shared, loader, opened) else { return };
        tracing::warn!(model = shared.model, "the model failed on {runs_on}: {error}");
        let reason = format!("{} failed: {error}", shared.model);
        trouble.in_flight = Some((runs_on, error));
        let wait = trouble.wait(shared.clock.now());
        shared.tell(match wait.is_zero() {
            true => Condition::Loading { again: Some(reason) },
            false => Condition::Failed(format!("{reason} It is tried again in {} s.", wait.as_secs())),
        });
        if !shared.rest(wait, || false) {
            return;
        }
    }
}

/// Opens the engine, as often as it takes; `None` where it is to end.
fn open(shared: &Shared, loader: &dyn Loader, trouble: &mut Trouble) -> Option<Opened> {
    let model = shared.model.as_str();
    loop {
        let stamp = loader.stamp(model);
        let avoid = trouble.in_flight.as_ref().map(|(runs_on, _)| runs_on.as_str());
        let opened = stamp.clone().and_then(|stamp| Ok(Opened::new(loader.open(model, avoid)?, stamp)));
        let (error, wait) = match opened {
            Ok(opened) => {
                shared.tell(opened.ready(trouble.note(&opened.runs_on).or_else(|| opened.engine.note())));
                return Some(opened);
            }
            // Whether the file comes is cheap to see.
            Err(error) if stamp.is_err() => (error, LOOK_AFTER),
            Err(error) => (error, trouble.wait(shared.clock.now()).max(FIRST_WAIT)),
        };
        shared.tell(Condition::Failed(error.to_string()));
        if !shared.rest(wait, || loader.stamp(model) != stamp) {
            return None;
        }
    }
}

/// Runs the engine on what waits, until it fails, or `Ok` where it is to end. Returned with the error: what ran it.
fn look(shared: &Shared, loader: &dyn Loader, mut opened: Opened) -> Result<(), (String, ModelError)> {
    let mut check_at = shared.clock.now().after(LOOK_AFTER);
    while let Some(taken) = shared.take(opened.spec.batch.max(1), check_at) {
        if !taken.is_empty() {
            batch(shared, &mut opened, taken).map_err(|error| (opened.runs_on.clone(), error))?;
        }
        if shared.clock.now() >= check_at {
            follow_file(shared, loader, &mut opened);
            check_at = shared.clock.now().after(LOOK_AFTER);
        }
    }
    Ok(())
}

/// One batch, and its answers. What cannot be prepared is answered by itself, and is no failure of the engine.
fn batch(shared: &Shared, opened: &mut Opened, mut taken: Vec<Taken>) -> Result<(), ModelError> {
    // What lies in one place goes into the model together.
    taken.sort_by_key(|taken| taken.asked.frame.place());
    let Opened { engine, preparer, .. } = opened;
    let frames: Vec<_> = taken.iter().map(|taken| (&*taken.asked.frame, taken.asked.crop)).collect();
    let prepared = preparer.prepare(&**engine, &frames);
    let (mut inputs, mut looked, mut unfit) = (Vec::new(), Vec::new(), Vec::new());
    for (taken, prepared) in taken.iter().zip(prepared) {
        match prepared {
            Ok((input, on_device)) => {
                inputs.push(input);
                looked.push((taken, on_device));
            }
            Err(error) => unfit.push((taken.id, Answer::failed(taken.asked.ticket, ModelError(format!("{error}."))))),
        }
    }
    shared.answer(unfit);
    if inputs.is_empty() {
        return Ok(());
    }
    let least = looked.iter().map(|(taken, _)| taken.asked.least).fold(1.0, f32::min);
    let since = shared.clock.now();
    let found = run_all(&mut **engine, &inputs, least);
    let now = shared.clock.now();
    match found {
        Ok(found) => {
            let mut state = shared.lock();
            state.figures.ran(now, looked.len(), now.since(since));
            state.figures.no_numbers(engine.dropped());
            drop(state);
            let answer = |((taken, on_device), found): ((&Taken, _), _)| {
                (taken.id, Answer { ticket: taken.asked.ticket, found: Ok(found), on_device })
            };
            shared.answer(looked.into_iter().zip(found).map(answer).collect());
            Ok(())
        }
        Err(error) => {
            shared.lock().figures.failed();
            let failed = |(taken, _): (&Taken, _)| (taken.id, Answer::failed(taken.asked.ticket, error.clone()));
            shared.answer(looked.into_iter().map(failed).collect());
            Err(error)
        }
    }
}

/// What is in each of the pictures, no fewer.
fn run_all(engine: &mut dyn Engine, inputs: &[&Input], least: f32) -> Result<Vec<Vec<Detection>>, ModelError> {
    let found = engine.run(inputs, least)?;
    let missing = || ModelError(format!("It answered {} of {} pictures.", found.len(), inputs.len()));
    if found.len() == inputs.len() { Ok(found) } else { Err(missing()) }
}

/// Takes another file over, if there is one; without one what is loaded goes on.
fn follow_file(shared: &Shared, loader: &dyn Loader, opened: &mut Opened) {
    let model = shared.model.as_str();
    let stamp = match loader.stamp(model) {
        Ok(stamp) if stamp == opened.stamp && !opened.gone => return,
        Err(_) if opened.gone => return,
        Err(gone) => {
            opened.gone = true;
            let note = format!("{gone} What is loaded of it goes on looking until Sightline is started again.");
            return shared.tell(opened.ready(Some(note)));
        }
        Ok(stamp) => stamp,
    };
    if stamp == opened.stamp {
        opened.gone = false;
        return shared.tell(opened.ready(opened.engine.note()));
    }
    match loader.open(model, None).map(|engine| Opened::new(engine, stamp)) {
        Ok(new) => {
            tracing::info!(model, "the model's file changed and was taken over");
            *opened = new;
            shared.tell(opened.ready(opened.engine.note()));
        }
        Err(error) => {
            // Not again before it changes once more.
            (opened.stamp, opened.gone) = (stamp, false);
            let note = format!("The new file of {model} cannot be used: {error} The one of before goes on.");
            shared.tell(opened.ready(Some(note)));
        }
    }
}

/// An engine that was opened.
struct Opened {
    engine: Box<dyn Engine>,
    preparer: Preparer,
    spec: Arc<Spec>,
    runs_on: String,
    stamp: u64,
    /// Its file is not there any more.
    gone: bool,
}

impl Opened {
    fn new(engine: Box<dyn Engine>, stamp: u64) -> Self {
        let (spec, runs_on) = (engine.spec().clone(), engine.runs_on());
        Self { engine, preparer: Preparer::default(), spec, runs_on, stamp, gone: false }
    }

    fn ready(&self, note: Option<String>) -> Condition {
        Condition::Ready { spec: self.spec.clone(), runs_on: self.runs_on.clone(), note }
    }
}
