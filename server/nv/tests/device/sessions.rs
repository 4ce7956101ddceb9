//! Encode sessions: who holds them, how many more there are, and that a limit is said in words.

use crate::encode::{encoder, settings};
use crate::host::{count, device};
use sightline_nv::{Encoder, EncoderSettings, Error, Room, sessions};

fn names() -> Vec<String> {
    sessions().into_iter().map(|held| format!("{} {}x{}", held.name, held.width, held.height)).collect()
}

#[test]
fn who_holds_them_is_known_by_name() {
    let Some(context) = device("sessions::who_holds_them_is_known_by_name", "sessions=2") else { return };
    assert_eq!(names(), [""; 0]);
    assert_eq!(Encoder::room(&context, 8), Ok(Room { sessions: 2, more: false }));
    let with = EncoderSettings { most: (640, 360), ..settings() };
    let mut first = Encoder::named(&context, with, "gate/main").unwrap();
    assert_eq!(Encoder::room(&context, 8), Ok(Room { sessions: 1, more: false }));
    let second = Encoder::named(&context, settings(), "yard/small").unwrap();
    assert_eq!(names(), ["gate/main 330x250", "yard/small 330x250"]);
    assert_eq!(Encoder::room(&context, 8), Ok(Room { sessions: 0, more: false }));
    let third = Encoder::named(&context, settings(), "door/main").err().unwrap();
    assert!(third.is_session_limit() && !third.is_device_lost());
    assert!(third.to_string().starts_with("the device takes no further encode session"), "{third}");
    assert!(!third.to_string().contains("10"), "{third}");
    assert_eq!(names().len(), 2, "who was refused holds none");
    first.reconfigure(&EncoderSettings { width: 640, height: 360, ..with }).unwrap();
    drop(second);
    assert_eq!(names(), ["gate/main 640x360"]);
    drop(first);
    assert_eq!((names().len(), count("encoders_live")), (0, Some(0)));
}

#[test]
fn as_many_are_tried_as_were_asked_for() {
    let Some(context) = device("sessions::as_many_are_tried_as_were_asked_for", "") else { return };
    if encoder(&context, settings()).is_none() {
        assert_eq!(Encoder::room(&context, 3), Err(Error::NoEncoder));
        return;
    }
    let room = Encoder::room(&context, 2).unwrap();
    assert!(room.sessions <= 2 && room.more == (room.sessions == 2), "{room:?}");
    assert!(count("encoders_live").is_none_or(|left| left == 0), "those that were tried are closed");
}
