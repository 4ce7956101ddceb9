//! What the driver measures of a device, and that a missing measurement is a reason and no number.

use crate::clips::{Clip, decode, decoder};
use crate::encode::{encoder, settings};
use crate::host::device;
use sightline_nv::{Context, Error, Format, Load, Monitor, Pool};
use std::time::{Duration, Instant};

/// Looks until the load is as wanted; the driver's figures are those of the last part of a second.
fn until(monitor: &Monitor, context: &Context, what: &str, mut work: impl FnMut(), wanted: impl Fn(&Load) -> bool) {
    let begun = Instant::now();
    loop {
        work();
        let load = monitor.load(context);
        if wanted(&load) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {load:?}");
    }
}

#[test]
fn a_busy_device_is_seen_to_be_busy() {
    let Some(context) = device("load::a_busy_device_is_seen_to_be_busy", "") else { return };
    let monitor = match Monitor::new() {
        Ok(monitor) => monitor,
        Err(error) => {
            println!("skipped: {error}");
            return;
        }
    };
    assert!(monitor.driver_version().unwrap().starts_with(|first: char| first.is_ascii_digit()));
    let (used, total) = monitor.load(&context).memory.unwrap();
    assert!(used <= total && total > 0, "{used} of {total}");
    let clip = Clip::h264((330, 250), 10, "keyint=10:bframes=0");
    let mut decoder = decoder(&context, clip.codec, 4);
    let mut encoder = encoder(&context, settings());
    let mut work = || {
        decode(&mut decoder, &clip.units, 0, |decoded| {
            if let Some(encoder) = &mut encoder {
                encoder.encode(&decoded.picture, decoded.pts, false).unwrap();
            }
        });
    };
    until(&monitor, &context, "decoding", &mut work, |load| load.decoder.as_ref().is_ok_and(|percent| *percent > 0));
    if encoder_is_there(&context) {
        until(&monitor, &context, "encoding", &mut work, |load| {
            load.encoder.as_ref().is_ok_and(|percent| *percent > 0)
        });
    }
    let load = monitor.load(&context);
    for percent in [&load.gpu, &load.decoder, &load.encoder].into_iter().flatten() {
        assert!(*percent <= 100, "{load:?}");
    }
    let pool = Pool::new(&context, Format::Nv12, (4096, 4096), 2).unwrap();
    let held = pool.lease().unwrap();
    let (more, _) = monitor.load(&context).memory.unwrap();
    assert!(more >= used + (16 << 20), "{used} bytes were in use, {more} are");
    drop(held);
}

fn encoder_is_there(context: &Context) -> bool {
    encoder(context, settings()).is_some()
}

#[test]
fn of_a_lost_device_there_is_no_load_but_a_reason() {
    let Some(context) = device("load::of_a_lost_device_there_is_no_load_but_a_reason", "lost-at=1") else { return };
    let monitor = Monitor::new().unwrap();
    let clip = Clip::h264((330, 250), 3, "keyint=3:bframes=0");
    let mut decoder = decoder(&context, clip.codec, 2);
    let lost = (0..)
        .zip(&clip.units)
        .find_map(|(at, unit)| decoder.decode(unit, at).and_then(|()| decoder.next_picture().map(drop)).err());
    assert!(lost.as_ref().is_some_and(Error::is_device_lost), "{lost:?}");
    let load = monitor.load(&context);
    let error = load.memory.unwrap_err();
    assert!(load.gpu.is_err() && load.decoder.is_err() && load.encoder.is_err());
    assert!(!error.to_string().is_empty() && !error.is_session_limit(), "{error}");
}
