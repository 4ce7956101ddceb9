//! Failures of the driver and the device: each an error in words, none a hang or a panic, and what is held can be let go of.

use crate::clips::{Clip, decoder, same};
use crate::encode::{SIZE, encoder, settings};
use crate::host::{count, device, everything_went_back, inside};
use sightline_nv::reference::Host;
use sightline_nv::{
    Codec, Context, Crop, Decoder, DecoderOptions, Driver, Encoder, Error, Format, Kernels, Pool, Stream, Switches,
    probe,
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

#[test]
fn a_decoder_that_dies_is_replaced_at_the_next_key_frame() {
    let test = "failures::a_decoder_that_dies_is_replaced_at_the_next_key_frame";
    let Some(context) = device(test, "decoder-dies-at=10") else { return };
    let clip = Clip::h264((330, 250), 45, "keyint=15:min-keyint=15:scenecut=0:bframes=0");
    let wanted = clip.software();
    let mut decoder = decoder(&context, clip.codec, 4);
    let (mut good, mut failed) = ([0; 3], [0; 3]);
    for (at, unit) in clip.units.iter().enumerate() {
        let decoded = decoder.decode(unit, at as i64).and_then(|()| decoder.next_picture());
        match decoded {
            Ok(Some(decoded)) => {
                same(&decoded, &wanted[at], &format!("picture {at}"));
                good[at / 15] += 1;
            }
            Ok(None) => {}
            Err(error) => {
                assert!(!error.is_device_lost() && !error.is_session_limit(), "{error}");
                failed[at / 15] += 1;
            }
        }
    }
    assert_eq!((good, failed), ([9; 3], [1; 3]), "each decoder gives nine pictures, and is missed once");
}

#[test]
fn an_encoder_that_dies_is_an_error_and_another_goes_on() {
    let Some(context) = device("failures::an_encoder_that_dies_is_an_error_and_another_goes_on", "encoder-dies-at=4")
    else {
        return;
    };
    let stream = Stream::new(&context).unwrap();
    let pool = Pool::new(&context, Format::Nv12, SIZE, 2).unwrap();
    for _ in 0..3 {
        let mut encoder = encoder(&context, settings()).unwrap();
        let mut encode = || {
            let picture = pool.lease().unwrap().expect("pictures come back from a dead encoder, too");
            picture.upload(&stream, &Host::new(Format::Nv12, SIZE.0 as usize, SIZE.1 as usize, 0)).unwrap();
            encoder.encode(&picture, 0, false)
        };
        for _ in 0..3 {
            assert_eq!(encode().map(|units| units.len()), Ok(1));
        }
        for _ in 0..3 {
            let error = encode().unwrap_err();
            assert!(!error.is_device_lost() && !error.is_session_limit(), "{error}");
            assert!(error.to_string().contains("failed: generic error"), "{error}");
        }
    }
    drop((pool, stream));
    everything_went_back();
}

#[test]
fn a_kernel_that_fails_takes_its_context_with_it_and_a_new_one_goes_on() {
    let test = "failures::a_kernel_that_fails_takes_its_context_with_it_and_a_new_one_goes_on";
    let Some(context) = device(test, "kernel-dies-at=2") else { return };
    let work = |context: &Context| -> Result<(), Error> {
        let mut kernels = Kernels::new(context)?;
        let pool = Pool::new(context, Format::Nv12, SIZE, 2)?;
        let (from, to) = (pool.lease()?.unwrap(), pool.lease()?.unwrap());
        from.upload(kernels.stream(), &Host::new(Format::Nv12, SIZE.0 as usize, SIZE.1 as usize, 0))?;
        kernels.resize(&[(&from, Crop::whole(SIZE), &to)])?;
        kernels.stream().synchronize()
    };
    assert_eq!(work(&context), Ok(()));
    let error = work(&context).unwrap_err();
    assert!(error.is_device_lost(), "{error}");
    assert!(work(&context).is_err_and(|error| error.is_device_lost()), "it stays so");
    // The last one who has it gives it back; then there is another.
    drop(context);
    let context = Context::new(&Driver::load().unwrap(), 0).unwrap();
    assert_eq!(work(&context), Ok(()));
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
