//! Wrong clients of the decoder: poison, surfaces used again, too many maps, what it refuses.

use std::cell::RefCell;
use std::rc::Rc;

use crate::POISON;
use crate::decoder::{Decoder, HEIGHT, WIDTH, clip, request};
use crate::library::{Cuda, alone, call};
use nvidia_video_codec_sdk::sys::cuviddec::cudaVideoCodec as Codec;

/// The clip, decoded with every care: the luma of each picture in order.
fn pictures(cuda: &Rc<Cuda>, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut client = Decoder::new(1);
    let all = Rc::new(RefCell::new(Vec::new()));
    let (cuda, seen) = (Rc::clone(cuda), Rc::clone(&all));
    assert_eq!(client.parse(bytes, move |client, index| seen.borrow_mut().push(client.luma(&cuda, index))), 0);
    assert_eq!(client.destroy(), 0);
    all.take()
}

#[test]
fn a_surface_is_poison_until_it_is_written_and_after_it_is_unmapped() {
    alone!("a_surface_is_poison_until_it_is_written_and_after_it_is_unmapped", "delay=20000");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &["-bf", "2"]);
    let cuda = Rc::new(Cuda::ready());
    let wanted = pictures(&cuda, &bytes).remove(0);
    let mut client = Decoder::new(1);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (own, all) = (Rc::clone(&cuda), Rc::clone(&seen));
    client.parse(&bytes, move |client, index| {
        if all.borrow().is_empty() {
            let stream = own.stream();
            // Work in front of the map, so that reading now is surely before it.
            let other = own.allocate(64);
            for value in 0..6_u8 {
                assert_eq!(call!(own.cuMemsetD8Async(other, value, 64_usize, stream)), 0);
            }
            let (address, pitch) = client.map(index, stream).expect("it can be mapped");
            let early = own.read_now(address, pitch * HEIGHT);
            assert_eq!(call!(own.cuStreamSynchronize(stream)), 0);
            let right = own.read_now(address, pitch * HEIGHT);
            assert_eq!(client.unmap(address), 0);
            let late = own.read_now(address, pitch * HEIGHT);
            let luma = |bytes: Vec<u8>| bytes.chunks(pitch).flat_map(|row| row[..WIDTH].to_vec()).collect::<Vec<u8>>();
            all.borrow_mut().extend([luma(early), luma(right), luma(late)]);
        }
    });
    let seen = seen.take();
    assert!(seen[0].iter().all(|byte| *byte == POISON), "whoever does not wait for the map's stream finds a picture");
    assert!(seen[1] == wanted, "whoever waits finds another picture than the one with every care");
    assert!(seen[2].iter().all(|byte| *byte == POISON), "whoever reads after the unmap finds a picture");
    assert_eq!(client.destroy(), 0);
}

#[test]
fn a_picture_that_is_mapped_too_late_is_another_one() {
    alone!("a_picture_that_is_mapped_too_late_is_another_one", "delay=0");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &["-bf", "2"]);
    let cuda = Rc::new(Cuda::ready());
    let wanted = pictures(&cuda, &bytes);
    assert_eq!(wanted.len(), 24);
    let mut client = Decoder::new(1);
    let kept = Rc::new(RefCell::new(Vec::new()));
    let all = Rc::clone(&kept);
    assert_eq!(client.parse(&bytes, move |_, index| all.borrow_mut().push(index)), 0);
    let late: Vec<_> = kept.take().into_iter().map(|index| client.luma(&cuda, index)).collect();
    let same = late.iter().zip(&wanted).filter(|(late, wanted)| late == wanted).count();
    assert!(late.len() == 24 && same < 12, "{same} pictures are right though their surfaces were decoded into again");
    assert_eq!(client.destroy(), 0);
    assert_eq!((cuda.count("decoders_made"), cuda.count("decoders_live"), cuda.count("parsers_live")), (2, 0, 0));
}

#[test]
fn with_fewer_surfaces_than_the_stream_needs_pictures_are_ruined() {
    alone!("with_fewer_surfaces_than_the_stream_needs_pictures_are_ruined", "delay=0");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &["-bf", "0", "-refs", "3"]);
    let cuda = Rc::new(Cuda::ready());
    let wanted = pictures(&cuda, &bytes);
    let mut client = Decoder::new(1);
    client.stingy = true;
    let all = Rc::new(RefCell::new(Vec::new()));
    let (own, seen) = (Rc::clone(&cuda), Rc::clone(&all));
    assert_eq!(client.parse(&bytes, move |client, index| seen.borrow_mut().push(client.luma(&own, index))), 0);
    let got = all.take();
    assert_eq!((got.len(), wanted.len()), (24, 24), "nothing is said of it, as by a device");
    assert!(got[0] == wanted[0], "a picture that refers to none is whole");
    assert!(got[1].iter().all(|byte| *byte == POISON), "one that refers to others is made from what was written over");
    assert_eq!(client.destroy(), 0);
}

#[test]
fn no_more_pictures_are_mapped_than_there_are_surfaces() {
    alone!("no_more_pictures_are_mapped_than_there_are_surfaces", "");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &["-bf", "2"]);
    let cuda = Rc::new(Cuda::ready());
    let mut client = Decoder::new(2);
    let maps = Rc::new(RefCell::new(Vec::new()));
    let all = Rc::clone(&maps);
    client.parse(&bytes, move |client, index| all.borrow_mut().push(client.map(index, 0)));
    let maps = maps.take();
    assert!(maps[0].is_ok() && maps[1].is_ok());
    assert_eq!(maps[2], Err(205), "one more than the decoder was made for");
    assert_eq!(cuda.count("surfaces_mapped"), 2);
    let (first, _) = maps[0].expect("it was looked at");
    assert_eq!(client.unmap(first + 512), 1, "no address of a picture");
    assert_eq!(client.unmap(first), 0);
    assert_eq!(client.unmap(first), 1, "twice");
    assert!(client.map(0, 0).is_ok(), "there is room again");
    assert_eq!(client.map(99, 0), Err(1), "no index of the decoder");
    assert_eq!(cuda.count("surfaces_mapped"), 2);
    assert_eq!(client.destroy(), 0);
    assert_eq!(cuda.count("surfaces_mapped"), 0);
}

#[test]
fn a_decoder_is_made_as_the_driver_asks_or_not_at_all() {
    alone!("a_decoder_is_made_as_the_driver_asks_or_not_at_all", "");
    let cuda = Cuda::open();
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    let client = Decoder::new(1);
    let h264 = || request(Codec::cudaVideoCodec_H264, 320, 240);
    assert_eq!(client.create(&mut h264()), 201, "without a context");
    let context = cuda.context();
    assert_eq!(client.create(&mut request(Codec::cudaVideoCodec_VC1, 320, 240)), 801, "a codec that it does not have");
    assert_eq!(client.create(&mut request(Codec::cudaVideoCodec_H264, 16_384, 240)), 801, "too wide");
    let mut info = h264();
    info.ulTargetWidth = 319;
    assert_eq!(client.create(&mut info), 1, "an odd width");
    let mut info = h264();
    info.bitDepthMinus8 = 2;
    assert_eq!(client.create(&mut info), 801, "H.264 of 10 bit");
    let mut info = h264();
    info.ulNumDecodeSurfaces = 0;
    assert_eq!(client.create(&mut info), 1, "nowhere to decode to");
    assert_eq!(cuda.count("decoders_made"), 0);
    assert_eq!(client.create(&mut h264()), 0);
    assert_eq!(call!(cuda.cuCtxDestroy_v2(context)), 0);
}

#[test]
fn codecs_and_depths_are_refused_on_demand() {
    alone!("codecs_and_depths_are_refused_on_demand", "refuses=h264,refuses=hevc-10");
    let _cuda = Cuda::ready();
    let client = Decoder::new(1);
    let (h264, hevc) = (Codec::cudaVideoCodec_H264, Codec::cudaVideoCodec_HEVC);
    assert_eq!([client.can(h264, 8), client.can(hevc, 8), client.can(hevc, 10)], [false, true, false]);
    assert_eq!(client.create(&mut request(h264, 320, 240)), 801);
    assert_eq!(client.create(&mut request(hevc, 320, 240)), 0);
}

#[test]
fn a_decoder_dies_on_demand_and_the_next_one_lives_as_long() {
    alone!("a_decoder_dies_on_demand_and_the_next_one_lives_as_long", "decoder-dies-at=10");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &["-bf", "2"]);
    let cuda = Rc::new(Cuda::ready());
    for _ in 0..2 {
        let mut client = Decoder::new(1);
        let count = Rc::new(RefCell::new(Vec::new()));
        let all = Rc::clone(&count);
        let code = client.parse(&bytes, move |client, index| {
            let mapped = client.map(index, 0);
            all.borrow_mut().push(mapped.map(|(address, _)| client.unmap(address)));
        });
        let count = count.take();
        assert!(code != 0 || count.contains(&Err(999)), "{code}, {count:?}");
        assert!(count.iter().filter(|one| **one == Ok(0)).count() < 10, "{count:?}");
        assert_eq!(client.map(0, 0), Err(999), "and stays dead");
        assert_eq!(client.destroy(), 0);
    }
    assert_eq!(call!(cuda.cuCtxSynchronize()), 0, "its context lives");
}
