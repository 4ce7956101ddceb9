//! Several devices in one machine: each does its own work, and what lies on one is not given to another.

use crate::clips::{Clip, decode, decoder, same};
use crate::encode::{SIZE, settings};
use crate::host::{device, nothing_is_left};
use sightline_nv::{
    Atlas, Buffer, Context, Crop, DrawList, Driver, Encoder, Error, Fit, Format, Ink, Input, Kernels, Matrix,
    ModelInput, Pool, Samples, Stream, Switches, probe, sessions,
};
use std::thread;

fn refused(done: Result<(), Error>) {
    let error = done.expect_err("it lies on the other device");
    assert!(matches!(error, Error::Invalid(_)) && error.to_string().contains("device"), "{error}");
}

#[test]
fn each_works_by_itself_at_the_same_time() {
    let Some(first) = device("several::each_works_by_itself_at_the_same_time", "devices=2") else { return };
    let driver = Driver::load().unwrap();
    assert_eq!(driver.devices(), Ok(2));
    let second = Context::new(&driver, 1).unwrap();
    assert_ne!(first.pci_bus_id().unwrap(), second.pci_bus_id().unwrap());
    let words = Context::new(&driver, 2).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(words.contains("device 2 was asked for, and the driver finds 2"), "{words}");
    assert_eq!(probe(&Switches::default()).devices.len(), 2);
    let clip = Clip::h264(SIZE, 12, "keyint=12:bframes=2");
    let wanted = clip.software();
    thread::scope(|scope| {
        for context in [&first, &second] {
            let (clip, wanted) = (&clip, &wanted);
            let work = move || {
                let mut encoder = Encoder::named(context, settings(), "one of two").unwrap();
                let mut decoder = decoder(context, clip.codec, 4);
                let mut count = 0;
                decode(&mut decoder, &clip.units, 0, |decoded| {
                    same(&decoded, &wanted[count], &format!("device {}, picture {count}", context.ordinal()));
                    assert_eq!(encoder.encode(&decoded.picture, decoded.pts, false).unwrap().len(), 1);
                    let own = sessions().into_iter().filter(|held| held.device == context.ordinal()).count();
                    assert_eq!(own, 1);
                    count += 1;
                });
                assert_eq!(count, 12);
            };
            thread::Builder::new().name(format!("device {}", context.ordinal())).spawn_scoped(scope, work).unwrap();
        }
    });
    nothing_is_left();
}

#[test]
fn what_lies_on_one_is_not_given_to_another() {
    let Some(first) = device("several::what_lies_on_one_is_not_given_to_another", "devices=2") else { return };
    let second = Context::new(&Driver::load().unwrap(), 1).unwrap();
    let picture = |context: &Context| Pool::new(context, Format::Nv12, SIZE, 1).unwrap().lease().unwrap().unwrap();
    let (here, there) = (picture(&first), picture(&second));
    let stream = Stream::new(&first).unwrap();
    let mut kernels = Kernels::new(&first).unwrap();
    let mut encoder = Encoder::new(&first, settings()).unwrap();
    refused(there.download(&stream).map(drop));
    refused(there.copy_from(&stream, &here));
    refused(here.copy_from(&stream, &there));
    refused(kernels.resize(&[(&here, Crop::whole(SIZE), &there)]));
    refused(encoder.encode(&there, 0, false).map(drop));
    let (mean, scale) = ([0.0; 3], [1.0; 3]);
    let model = ModelInput {
        width: 32,
        height: 32,
        samples: Samples::F32,
        pad: 0.0,
        mean,
        scale,
        blue_first: false,
        fit: Fit::Centre,
    };
    let matrix = Matrix { code: 1, full_range: false, height: SIZE.1 };
    let (memory, other) = (Buffer::new(&first, 1 << 16).unwrap(), Buffer::new(&second, 1 << 16).unwrap());
    let input = |picture| [Input { picture, crop: Crop::whole(SIZE), matrix }];
    refused(kernels.input(&model, &input(&here), &other).map(drop));
    refused(kernels.input(&model, &input(&there), &memory).map(drop));
    refused(other.upload(&stream, 0, &[1]));
    refused(other.download(&stream, 0, &mut [0]));
    refused(memory.copy_from(&stream, &other));
    let mut list = DrawList::new(&[SIZE]);
    list.fill(0, (0, 0, 9, 9), Ink { samples: [100; 3], alpha: 256 });
    refused(kernels.draw(&list, &mut Atlas::new(&second).unwrap(), &[&here]));
    assert_eq!(kernels.draw(&list, &mut Atlas::new(&first).unwrap(), &[&here]), Ok(()), "and its own is");
    drop((here, there, stream, kernels, encoder, memory, other));
    nothing_is_left();
}
