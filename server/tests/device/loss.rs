//! A device that is lost, and taken again.

use super::{FAULTS, decoded, film, on_device, seat};
use sightline::device::{Card, Tools};
use sightline::pipeline::clock::{Clock, Mono, SystemClock};
use sightline_nv::Stream;
use std::path::PathBuf;
use std::time::Duration;

/// Has the stand-in fail from here on.
fn fault(words: &str) {
    let file = PathBuf::from(std::env::var_os(FAULTS).unwrap());
    std::fs::write(file.with_extension("new"), words).unwrap();
    std::fs::rename(file.with_extension("new"), file).unwrap();
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let clock = SystemClock::default();
    while !done() {
        assert!(clock.now().0 < Duration::from_secs(20), "never {what}");
        clock.pause(Duration::from_millis(5));
    }
}

/// The device is lost, and somebody sees it.
fn lose(card: &Card) {
    fault("lost=0");
    let context = card.context().unwrap();
    until("lost", || Stream::new(&context).inspect_err(|error| card.note(error)).is_err());
}

#[test]
fn a_device_is_taken_again_once_nothing_of_it_is_held() {
    let Some(seat) = seat("loss::a_device_is_taken_again_once_nothing_of_it_is_held") else { return };
    let card = seat.card().unwrap();
    let units = film((128, 96), 0, 0, 4);
    let frames = decoded(&mut *on_device(&seat, &units[0]), &units).0;
    let tools = Tools::new(&card).unwrap();
    lose(&card);
    let at = |seconds: u64| Mono(Duration::from_secs(seconds));
    assert!(seat.card().is_err_and(|why| why.starts_with("Device 0 was lost (")));
    card.heal(at(0));
    card.heal(at(9));
    assert!(card.context().is_ok(), "nothing is tried before its time");
    // It stays away at the first try.
    card.heal(at(10));
    assert!(card.lost().unwrap().contains("still hold what they made on it"), "{:?}", card.lost());
    assert!(card.context().is_err() && card.kernels().is_err());
    drop((frames, tools));
    card.heal(at(39));
    assert!(card.lost().unwrap().contains("tried again once"), "nothing is tried before its time: {:?}", card.lost());
    card.heal(at(40));
    let words = card.lost().unwrap();
    assert!(words.contains("2 times") && words.contains("ECC"), "nobody holds it, and it is still away: {words}");
    fault("back=0");
    let mut later = 1000;
    until("there again", || {
        later += 300;
        card.heal(at(later));
        card.lost().is_none()
    });
    assert_eq!(seat.card().unwrap().ordinal(), 0);
    // All of it works as before.
    assert_eq!(decoded(&mut *on_device(&seat, &units[0]), &units).0.len(), 4);
    assert!(card.kernels().is_ok());
}
