//! Failures of the driver and the device: each an error in words, none a hang or a panic, and what is held can be let go of.

use crate::clips::{Clip, decoder};
use crate::encode::{encoder, settings};
use crate::host::{count, device, inside};
use sightline_nv::{
    Codec, Context, Decoder, DecoderOptions, Driver, Encoder, Error, Format, Pool, Stream, Switches, probe,
};

#[test]
fn a_device_without_an_encoder() {
    let Some(context) = device("failures::a_device_without_an_encoder", "no-nvenc") else { return };
    assert_eq!(Encoder::new(&context, settings()).err(), Some(Error::NoEncoder));
    assert_eq!(Encoder::caps(&context, Codec::H264), Err(Error::NoEncoder));
    assert_eq!(Encoder::room(&context, 4), Err(Error::NoEncoder));
    let report = probe(&Switches::default());
    assert_eq!(report.devices[0].encoder.as_ref().err(), Some(&Error::NoEncoder));
    assert!(report.devices[0].decoder.is_ok());
    assert!(report.to_string().contains("  encoder: this device has no video encoder (NVENC)\n"), "{report}");
}

#[test]
fn a_device_without_a_decoder() {
    let Some(context) = device("failures::a_device_without_a_decoder", "no-nvdec") else { return };
    let clip = Clip::h264((320, 180), 1, "keyint=1");
    let mut decoder = decoder(&context, Codec::H264, 2);
    let words = decoder.decode(&clip.units[0], 0).err().map(|error| error.to_string());
    assert_eq!(words.as_deref(), Some("this device does not decode H.264 of 8 bit"));
}

#[test]
fn a_driver_without_a_device() {
    if !inside("failures::a_driver_without_a_device", "no-device") {
        return;
    }
    assert!(matches!(Driver::load(), Err(Error::NoDevice(_))));
    let report = probe(&Switches::default());
    let words = report.to_string();
    assert!(words.starts_with("driver: the NVIDIA driver is installed, but it finds no device"), "{words}");
}

#[test]
fn an_old_driver() {
    if !inside("failures::an_old_driver", "old-driver") {
        return;
    }
    let report = probe(&Switches::default());
    let words = report.to_string();
    assert!(
        words.contains("the NVIDIA driver is too old: it encodes by interface 11.0, and 12.1 is needed"),
        "{words}"
    );
    assert!(report.encoder_interface.is_err());
}

#[test]
fn memory_that_is_used_up() {
    let Some(context) = device("failures::memory_that_is_used_up", "memory=24") else { return };
    let pool = Pool::new(&context, Format::Nv12, (1920, 1080), 16).unwrap();
    let mut held = Vec::new();
    let error = loop {
        match pool.lease() {
            Ok(Some(picture)) => held.push(picture),
            Ok(None) => panic!("16 pictures of 3 MB in 24 MB"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "the device has no memory left (cuMemAllocPitch_v2)");
    assert!(!error.is_device_lost());
    let clip = Clip::h264((1920, 1080), 1, "keyint=1");
    let mut decoder = decoder(&context, Codec::H264, 4);
    let refused = decoder.decode(&clip.units[0], 0).err();
    assert_eq!(refused, Some(Error::NoMemory { call: "cuvidCreateDecoder" }));
    // Given back, it can be had: by the same decoder, too.
    drop((held, pool));
    let mut decoder = Decoder::new(&context, DecoderOptions { codec: Codec::H264, surfaces: 1 }).unwrap();
    let small = Clip::h264((320, 180), 1, "keyint=1");
    decoder.decode(&small.units[0], 0).unwrap();
    decoder.flush().unwrap();
    assert!(decoder.next_picture().unwrap().is_some());
}

/// A device that is lost with some picture: everything says so, and all that is held can be dropped.
fn lost(context: &Context) {
    let clip = Clip::h264((330, 250), 40, "keyint=20:bframes=2");
    let stream = Stream::new(context).unwrap();
    let pool = Pool::new(context, Format::Nv12, (330, 250), 2).unwrap();
    let mut encoder = encoder(context, settings()).expect("the stand-in encodes");
    let mut decoder = decoder(context, Codec::H264, 4);
    let leased = pool.lease().unwrap().unwrap();
    let mut held = Vec::new();
    let mut failed: Vec<Error> = Vec::new();
    for (at, unit) in (0..).zip(clip.units.iter().cycle().take(80)) {
        if let Err(error) = decoder.decode(unit, at) {
            failed.push(error);
        }
        loop {
            match decoder.next_picture() {
                Ok(Some(decoded)) => {
                    if let Err(error) = encoder.encode(&decoded.picture, at, false) {
                        failed.push(error);
                    }
                    held = vec![decoded];
                }
                Ok(None) => break,
                Err(error) => {
                    failed.push(error);
                    break;
                }
            }
        }
        if failed.len() > 5 {
            break;
        }
    }
    assert!(failed.len() > 5, "it went on for 80 pictures: {failed:?}");
    assert!(failed.iter().all(Error::is_device_lost), "{failed:?}");
    assert!(failed.iter().all(|error| !error.is_session_limit()));
    // Nothing was given to it since: there may be nothing to fail.
    assert!(decoder.flush().err().is_none_or(|error| error.is_device_lost()));
    for error in [
        encoder.finish().err(),
        stream.synchronize().err(),
        pool.lease().and_then(|_| pool.lease()).err(),
        leased.download(&stream).err(),
        Stream::new(context).err(),
        Encoder::new(context, settings()).err(),
        Encoder::caps(context, Codec::H264).err(),
    ] {
        assert!(error.as_ref().is_some_and(Error::is_device_lost), "{error:?}");
    }
    drop((decoder, held, leased, encoder, pool, stream));
}

#[test]
fn a_device_that_is_lost_while_decoding() {
    let Some(context) = device("failures::a_device_that_is_lost_while_decoding", "lost-at=21") else { return };
    lost(&context);
    assert_eq!(count("surfaces_mapped").filter(|left| *left > 0), None, "surfaces are given back all the same");
}

#[test]
fn a_device_that_is_lost_at_once() {
    let Some(context) = device("failures::a_device_that_is_lost_at_once", "lost-at=1") else { return };
    lost(&context);
}
