//! Pools of pictures: as many as they may hold, used over and over, never before the last reader is done, and given back.

use crate::clips::rows;
use crate::host::{count, device, nothing_is_left};
use sightline_nv::reference::Host;
use sightline_nv::{Buffer, Error, Format, Picture, Pool, Stream};
use std::thread;

fn noise(format: Format, (width, height): (u32, u32), seed: u64) -> Host {
    let mut state = seed | 1;
    let mut host = Host::new(format, width as usize, height as usize, 10);
    for byte in host.bytes_mut() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    host
}

#[test]
fn pictures_go_there_and_back() {
    let Some(context) = device("pools::pictures_go_there_and_back", "") else { return };
    let stream = Stream::new(&context).unwrap();
    let mut bytes = 0;
    for format in [Format::Nv12, Format::P016] {
        for size in [(1, 1), (2, 2), (331, 251), (640, 360), (17, 64)] {
            let picture = Pool::new(&context, format, size, 1).unwrap().lease().unwrap().unwrap();
            assert_eq!((picture.size(), picture.format()), (size, format));
            let sent = noise(format, size, 3);
            picture.upload(&stream, &sent).unwrap();
            let got = picture.download(&stream).unwrap();
            assert!(rows(&got) == rows(&sent), "{format:?} of {size:?}");
            bytes += rows(&got).len() as u64;
            let other = noise(format, (size.0 + 1, size.1), 3);
            assert!(matches!(picture.upload(&stream, &other), Err(Error::Invalid(_))));
        }
    }
    let copied = context.copied();
    assert_eq!(
        (copied.pictures_to_device, copied.pictures_to_host),
        (bytes, bytes),
        "what went over the bus is counted"
    );
    drop(stream);
    nothing_is_left();
}

#[test]
fn a_pool_has_so_many_and_takes_them_back() {
    let Some(context) = device("pools::a_pool_has_so_many_and_takes_them_back", "") else { return };
    let pool = Pool::new(&context, Format::Nv12, (640, 360), 3).unwrap();
    assert_eq!(
        (pool.usage(), count("allocations_live").unwrap_or(0)),
        ((0, 0), 0),
        "nothing is reserved before it is needed"
    );
    let mut held: Vec<Picture> = (0..3).map(|_| pool.lease().unwrap().unwrap()).collect();
    assert!(pool.lease().unwrap().is_none(), "all are held");
    let places: Vec<_> = held.iter().map(|picture| picture.view().luma).collect();
    assert!(places.iter().all(|place| places.iter().filter(|other| *other == place).count() == 1));
    let second = held.remove(1);
    let clone = second.clone();
    drop(second);
    assert!(pool.lease().unwrap().is_none(), "a clone holds it too");
    drop(clone);
    assert_eq!(pool.usage(), (3, 1));
    assert_eq!(pool.lease().unwrap().unwrap().view().luma, places[1], "the memory is used again");
    // Its pictures outlive the pool.
    drop(pool);
    assert!(count("allocations_live").is_none_or(|left| left >= 2));
    drop(held);
    nothing_is_left();
}

#[test]
fn memory_is_not_written_before_its_last_reader_is_done() {
    let Some(context) = device("pools::memory_is_not_written_before_its_last_reader_is_done", "delay=3000") else {
        return;
    };
    let pool = Pool::new(&context, Format::Nv12, (320, 180), 1).unwrap();
    let hosts = [1, 2, 3, 4].map(|seed| noise(Format::Nv12, (320, 180), seed));
    // Each on a stream of its own: nothing but the picture itself can bring them into order.
    for host in hosts.iter().cycle().take(24) {
        let (writes, reads) = (Stream::new(&context).unwrap(), Stream::new(&context).unwrap());
        let picture = pool.lease().unwrap().unwrap();
        let writer = thread::Builder::new().name("writer".into());
        thread::scope(|scope| {
            writer.spawn_scoped(scope, || picture.upload(&writes, host).unwrap()).unwrap().join().unwrap();
        });
        assert!(rows(&picture.download(&reads).unwrap()) == rows(host));
    }
    drop(pool);
    nothing_is_left();
}

#[test]
fn plain_memory_keeps_to_its_bounds() {
    let Some(context) = device("pools::plain_memory_keeps_to_its_bounds", "") else { return };
    let stream = Stream::new(&context).unwrap();
    let buffer = Buffer::new(&context, 100).unwrap();
    buffer.upload(&stream, 60, &[7; 40]).unwrap();
    let mut got = [0; 40];
    buffer.download(&stream, 60, &mut got).unwrap();
    assert_eq!(got, [7; 40]);
    assert!(matches!(buffer.upload(&stream, 61, &[7; 40]), Err(Error::Invalid(_))));
    assert!(matches!(buffer.download(&stream, usize::MAX, &mut got), Err(Error::Invalid(_))));
    buffer.upload(&stream, 100, &[]).unwrap();
    assert!(matches!(Pool::new(&context, Format::Nv12, (0, 8), 1), Err(Error::Invalid(_))));
    drop((buffer, stream));
    nothing_is_left();
}
