//! The batcher with models made by hand.

use super::testing::{Fake, Outcome};
use super::trouble::Trouble;
use super::*;
use crate::pipeline::clock::SimulatedClock;
use crate::pipeline::frame::{Frame, PixelFormat, Samples, VecPicture};
use crate::pipeline::testing::{decoded, until};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(Default)]
struct Bell(AtomicUsize);

impl Called for Bell {
    fn answered(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Places at one model, ready to be posted at.
fn places(engines: &Arc<Engines>, count: usize) -> (Vec<Place>, Arc<Bell>) {
    let bell = Arc::new(Bell::default());
    let called: Weak<dyn Called> = Arc::downgrade(&(bell.clone() as Arc<dyn Called>));
    let places: Vec<Place> = (0..count).map(|_| engines.place("tiny", called.clone())).collect();
    until("ready", || places.iter().all(|place| matches!(place.model().condition(), Condition::Ready { .. })));
    (places, bell)
}

/// A frame of one grey, of as many rows as said of the eight that it should have.
fn frame(grey: u64, rows: usize) -> Arc<Frame> {
    let plane = |width: usize, rows: usize, value: u8| (vec![value; width * rows], width);
    let planes = vec![plane(8, rows, (grey % 256) as u8), plane(4, rows / 2, 128), plane(4, rows / 2, 128)];
    let samples = Samples::Host(Box::new(VecPicture { planes }));
    let mut frame = decoded(grey, 2, 2, Mono::default()).frame.with_samples(samples, PixelFormat::I420, (8, 8));
    frame.colour.full_range = true;
    Arc::new(frame)
}

/// Posts a frame of this grey.
fn post(place: &mut Place, grey: f32) -> Result<(), Refused> {
    place.post(grey as u64, 0.1, frame(grey as u64, 8), None)
}

fn answer(place: &mut Place) -> Answer {
    let mut found = None;
    until("answered", || {
        found = place.answer();
        found.is_some()
    });
    found.expect("just seen")
}

#[test]
fn as_many_as_wait_go_together_and_everybody_in_turn() {
    let fake = Fake::new(4);
    fake.lock().permits = Some(0);
    let (mut places, bell) = places(&fake.engines(), 6);
    post(&mut places[0], 0.0).expect("posted");
    until("taken", || fake.lock().batches.len() == 1);
    for n in [3, 1, 2, 4, 5] {
        post(&mut places[n], n as f32).expect("posted");
    }
    assert_eq!(post(&mut places[0], 9.0), Err(Refused::Busy), "its frame is with the engine");
    fake.permit(3);
    for (n, place) in places.iter_mut().enumerate() {
        let answer = answer(place);
        assert_eq!((answer.ticket, answer.found.expect("looked").len()), (n as u64, 1));
    }
    let expected = [vec![0.0], vec![3.0, 1.0, 2.0, 4.0], vec![5.0]];
    assert_eq!(fake.lock().batches, expected);
    assert_eq!(bell.0.load(Ordering::Acquire), 6);
    let told = places[0].model().told(Mono(Duration::from_secs(1)));
    assert_eq!((told.totals.batches, told.totals.pictures), (3, 6));
}

#[test]
fn a_newer_frame_takes_the_turn_of_the_one_that_waits() {
    let fake = Fake::new(1);
    fake.lock().permits = Some(0);
    let (mut places, _) = places(&fake.engines(), 3);
    post(&mut places[2], 20.0).expect("posted");
    until("taken", || fake.lock().batches.len() == 1);
    post(&mut places[0], 0.0).expect("posted");
    post(&mut places[1], 10.0).expect("posted");
    post(&mut places[0], 1.0).expect("posted again");
    fake.permit(3);
    assert_eq!(answer(&mut places[0]).ticket, 1, "the newer one was looked at");
    answer(&mut places[1]);
    assert_eq!(fake.lock().batches, [[20.0], [1.0], [10.0]], "in the turn of the older one");
    assert!(places[0].answer().is_none());
}

#[test]
fn sixteen_cameras_hold_a_frame_each_and_share_the_inputs_of_a_batch() {
    let fake = Fake::new(8);
    let (mut places, _) = places(&fake.engines(), 16);
    let mut held: Vec<Weak<Frame>> = Vec::new();
    for round in 0..200 {
        for (n, place) in places.iter_mut().enumerate() {
            let _ = place.answer();
            let frame = frame(round * 16 + n as u64, 8);
            held.push(Arc::downgrade(&frame));
            let _ = place.post(round, 0.1, frame, None);
        }
        held.retain(|frame| frame.strong_count() > 0);
        assert!(held.len() <= 16, "{} frames are held", held.len());
    }
    until("given back", || held.iter().all(|frame| frame.strong_count() == 0));
    let state = fake.lock();
    assert!(state.batches.len() > 1 && state.batches.iter().all(|batch| batch.len() <= 8));
    assert!(state.inputs.len() <= 8, "{} inputs", state.inputs.len());
}

#[test]
fn what_cannot_be_prepared_is_answered_by_itself() {
    let fake = Fake::new(2);
    fake.lock().permits = Some(0);
    let (mut places, _) = places(&fake.engines(), 3);
    post(&mut places[2], 0.0).expect("posted");
    until("taken", || fake.lock().batches.len() == 1);
    places[0].post(7, 0.1, frame(7, 2), None).expect("posted");
    post(&mut places[1], 8.0).expect("posted");
    fake.permit(2);
    let refused = answer(&mut places[0]);
    assert_eq!(refused.ticket, 7);
    assert!(refused.found.expect_err("too few rows").0.contains("luma plane"));
    assert!(answer(&mut places[1]).found.is_ok());
    assert_eq!(fake.lock().batches[1..], [vec![8.0]]);
    assert_eq!(fake.opened_and_alive(), (1, 1), "the engine has not failed");
}

#[test]
fn the_end_waits_until_engines_are_closed() {
    let fake = Fake::new(1);
    fake.lock().permits = Some(0);
    let engines = fake.engines();
    let (mut places, _) = places(&engines, 1);
    post(&mut places[0], 1.0).expect("posted");
    until("taken", || fake.lock().batches.len() == 1);
    drop(places);
    assert!(!engines.finish(Duration::from_millis(20)), "it is looking");
    fake.permit(1);
    assert!(engines.finish(Duration::from_secs(20)));
    assert_eq!(fake.opened_and_alive(), (1, 0));
}

#[test]
fn cameras_share_an_engine_and_the_last_one_closes_it() {
    let fake = Fake::new(1);
    let engines = fake.engines();
    let (mut first, _) = places(&engines, 2);
    assert_eq!(fake.opened_and_alive(), (1, 1));
    drop(first.pop());
    assert_eq!(engines.told(Mono::default()).len(), 1);
    drop(first);
    until("closed", || fake.lock().alive == 0);
    assert!(engines.told(Mono::default()).is_empty());
    let (again, _) = places(&engines, 1);
    assert_eq!((fake.opened_and_alive(), again[0].model().name()), ((2, 1), "tiny"));
}

#[test]
fn an_engine_that_fails_tells_its_batch_and_is_opened_elsewhere() {
    let fake = Fake::new(2);
    fake.lock().next.push_back(Outcome::Fails("The device is lost."));
    let (mut places, _) = places(&fake.engines(), 1);
    post(&mut places[0], 1.0).expect("posted");
    assert_eq!(answer(&mut places[0]).found, Err(ModelError("The device is lost.".into())));
    until("open again", || post(&mut places[0], 2.0).is_ok());
    assert_eq!(answer(&mut places[0]).found.expect("looked").len(), 1);
    assert_eq!(fake.lock().opened, [None, Some("the fast one".to_owned())]);
    let Condition::Ready { runs_on, note, .. } = places[0].model().condition() else { panic!("ready") };
    let note = note.expect("a note");
    assert_eq!(runs_on, "the slow one");
    assert!(note.contains("The device is lost.") && note.contains("Now it is the slow one"), "{note}");
}

#[test]
fn an_engine_that_fails_again_is_tried_later_and_later_and_says_so() {
    let fake = Fake::new(1);
    let (mut places, _) = places(&fake.engines(), 1);
    fake.lock().next.extend([Outcome::Fails("No."), Outcome::Short, Outcome::Fails("Still no.")]);
    let mut errors = Vec::new();
    let mut reasons = Vec::new();
    until("looked", || {
        if let Condition::Failed(reason) = places[0].model().condition() {
            reasons.push(reason);
        }
        let _ = post(&mut places[0], 1.0);
        match places[0].answer().map(|answer| answer.found) {
            Some(Err(error)) => {
                errors.push(error.0);
                false
            }
            Some(Ok(_)) => true,
            None => false,
        }
    });
    assert_eq!(errors, ["No.", "It answered 0 of 1 pictures.", "Still no."]);
    assert!(reasons.iter().any(|reason| reason.contains("Still no.") && reason.contains("tried again")), "{reasons:?}");
}

#[test]
fn an_engine_that_breaks_off_leaves_nobody_waiting() {
    let fake = Fake::new(1);
    fake.lock().next.push_back(Outcome::Panics);
    fake.lock().permits = Some(0);
    let (mut places, _) = places(&fake.engines(), 2);
    post(&mut places[0], 1.0).expect("posted");
    until("taken", || fake.lock().batches.len() == 1);
    post(&mut places[1], 2.0).expect("posted");
    fake.permit(1);
    let error = answer(&mut places[1]).found.expect_err("broken off");
    assert!(error.0.contains("a mistake in Sightline"), "{error}");
    assert!(matches!(places[0].model().condition(), Condition::Failed(_)));
    assert_eq!(post(&mut places[0], 3.0), Err(Refused::NotReady));
}

#[test]
fn a_model_that_is_not_here_says_so_and_is_taken_when_it_comes() {
    let fake = Fake::new(1);
    let missing = ModelError("tiny is not here: run `sightline models pull tiny`.".into());
    fake.lock().stamp = Err(missing.clone());
    let engines = fake.engines();
    let mut place = engines.place("tiny", Weak::<Bell>::new());
    until("told", || matches!(place.model().condition(), Condition::Failed(reason) if reason == missing.0));
    assert_eq!(post(&mut place, 1.0), Err(Refused::NotReady));
    fake.file(Ok(1), Some("It is no model.".into()));
    until("refused", || matches!(place.model().condition(), Condition::Failed(reason) if reason == "It is no model."));
    fake.file(Ok(2), None);
    until("ready", || matches!(place.model().condition(), Condition::Ready { note: None, .. }));
}

/// The clock stands still: no wait ends by itself.
#[test]
fn a_file_that_changes_is_tried_before_the_wait_is_over() {
    let fake = Fake::new(1);
    fake.file(Ok(1), Some("It is no model.".into()));
    let clock = Arc::new(SimulatedClock::new(Duration::ZERO));
    let place = Engines::new(Arc::new(fake.clone()), clock).place("tiny", Weak::<Bell>::new());
    until("refused", || matches!(place.model().condition(), Condition::Failed(reason) if reason == "It is no model."));
    fake.file(Ok(2), None);
    until("ready", || matches!(place.model().condition(), Condition::Ready { .. }));
    assert_eq!(fake.opened_and_alive(), (2, 1));
}

#[test]
fn waits_double_up_to_a_bound_and_are_forgotten_after_a_good_while() {
    let (mut trouble, at) = (Trouble::default(), |s| Mono(Duration::from_secs(s)));
    let waits: Vec<u128> = (0..5).map(|_| trouble.wait(at(1)).as_millis()).collect();
    assert_eq!(waits, [0, 20, 40, 80, 160]);
    let longest = (0..20).map(|_| trouble.wait(at(2))).max();
    assert_eq!(longest, Some(Duration::from_millis(20 << 10)));
    assert_eq!(trouble.wait(at(602)).as_millis(), 20 << 10, "twice the longest wait is not over");
    assert_eq!(trouble.wait(at(1203)), Duration::ZERO, "long ago");
}

#[test]
fn a_model_whose_file_goes_or_changes_goes_on_looking() {
    let fake = Fake::new(1);
    let (mut places, _) = places(&fake.engines(), 1);
    let note = |places: &[Place]| match places[0].model().condition() {
        Condition::Ready { note, .. } => note.unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    fake.lock().stamp = Err(ModelError("tiny is gone.".into()));
    until("told", || note(&places).starts_with("tiny is gone. What is loaded of it goes on"));
    post(&mut places[0], 1.0).expect("posted");
    assert!(answer(&mut places[0]).found.is_ok());
    fake.file(Ok(2), Some("It is no model.".into()));
    until("refused", || note(&places).contains("It is no model. The one of before goes on."));
    let asked = fake.lock().stamps;
    until("looked at again", || fake.lock().stamps > asked + 2);
    assert_eq!(fake.opened_and_alive(), (2, 1), "a file that cannot be used is tried once");
    fake.file(Ok(3), None);
    until("taken over", || note(&places).is_empty());
    assert_eq!(fake.opened_and_alive(), (3, 1));
}
