//! Chunks of real streams, read back by mp4-atom, and by ffprobe as a second, independent parser.

use super::*;
use crate::codec::h264;
use crate::fragment::film::{Sample, access_units, ffprobe, film, frame_hashes, read};
use crate::pipeline::packet::{VideoCodec, VideoParams};
use mp4_atom::Codec;
use std::process::Command;
use std::sync::Arc;

/// `live.mp4` as the API serves it.
fn remux(units: &[AccessUnit]) -> (InitSet, Vec<Chunk>, Bytes) {
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    let init = fragmenter.start_epoch(Epoch(7), &units[0].params).unwrap();
    let chunks: Vec<Chunk> = units.iter().map(|unit| fragmenter.chunk(unit, Mono::default())).collect();
    let mut file = init.muxed.to_vec();
    chunks.iter().for_each(|chunk| file.extend_from_slice(&chunk.mp4()));
    (init, chunks, file.into())
}

/// One film through the fragmenter: the same samples at the same times, for mp4-atom and for ffprobe.
fn check(arguments: &str) -> InitSet {
    let (moov, before) = read(&film(arguments));
    let units = access_units(&moov, &before);
    let (init, chunks, file) = remux(&units);
    let (moov, after) = read(&file);
    assert_eq!(moov.mvex.as_ref().unwrap().mehd, None);
    assert!(moov.trak.iter().all(|trak| trak.mdia.mdhd.duration == 0 && trak.tkhd.duration == 0));
    assert_eq!(after.len(), units.len());
    for ((unit, sample), (original, chunk)) in units.iter().zip(&after).zip(before.iter().zip(&chunks)) {
        assert_eq!(sample.data, original.data, "samples are byte-equal");
        assert_eq!(sample.track, original.track);
        if unit.medium == Medium::Video {
            assert_eq!(sample.dts, u64::try_from(unit.dts.0).unwrap());
            assert_eq!(sample.offset, unit.pts.0 - unit.dts.0);
            assert_eq!((sample.duration, sample.sync), (unit.duration, original.sync));
        } else {
            assert_eq!((sample.dts, sample.duration), (original.dts, original.duration), "audio without drift");
        }
        let carried = chunk.sample().unwrap();
        assert_eq!((carried.decode_time, carried.duration), (sample.dts, sample.duration));
        assert_eq!(carried.data, sample.data, "what a file of another layout gets");
        let (header, rest) = ChunkHeader::split(&chunk.message).unwrap();
        assert_eq!((header, rest), (chunk.header, &chunk.mp4()[..]));
        assert_eq!(
            (header.pts, header.has(FLAG_KEY), chunk.is_audio()),
            (unit.pts, unit.key, unit.medium == Medium::Audio)
        );
    }
    let mut shown: Vec<i64> = units.iter().filter(|unit| unit.medium == Medium::Video).map(|unit| unit.pts.0).collect();
    shown.sort_unstable();
    let frames = ffprobe(&file, "-select_streams v -show_entries frame=pts");
    assert_eq!(frames, shown.iter().map(i64::to_string).collect::<Vec<_>>(), "every frame decoded, at its time");
    init
}

#[test]
fn h264_of_every_profile_is_carried_exactly() {
    let cases = [
        ("-map 0:v -c:v libx264 -profile:v baseline -tune zerolatency -g 15", "avc1.42c00d"),
        ("-map 0:v -c:v libx264 -profile:v main -bf 2 -g 20", "avc1.4d400d"),
        ("-map 0:v -c:v libx264 -profile:v high -bf 3 -b_strategy 0", "avc1.64000d"),
        ("-map 0:v -c:v libx264 -profile:v high10 -pix_fmt yuv420p10le -bf 0", "avc1.6e000d"),
        ("-map 0:v -c:v libx264 -profile:v high444 -pix_fmt yuv444p -bf 0", "avc1.f4000d"),
    ];
    for (arguments, codec) in cases {
        let init = check(arguments);
        assert_eq!((init.text.codec.as_str(), init.text.width, init.text.height), (codec, 322, 182), "{arguments}");
        assert_eq!(init.audio, None);
    }
}

#[test]
fn h265_is_carried_exactly() {
    let init = check("-map 0:v -c:v libx265 -x265-params log-level=error:bframes=3");
    assert_eq!((init.text.codec.as_str(), init.text.width, init.text.height), ("hvc1.1.6.L60.90", 322, 182));
}

#[test]
fn aac_is_carried_beside_video_without_drift() {
    for rate in ["44100", "48000", "8000"] {
        let init = check(&format!("-c:v libx264 -bf 0 -c:a aac -ar {rate}"));
        let audio = init.text.audio.unwrap();
        assert_eq!((audio.codec.as_str(), audio.sample_rate.to_string().as_str()), ("mp4a.40.2", rate));
        let (header, segment) = ChunkHeader::split(init.audio.as_ref().unwrap()).unwrap();
        assert!(header.kind == Kind::Init && header.has(FLAG_AUDIO));
        let (moov, _) = read(&Bytes::copy_from_slice(segment));
        assert_eq!((moov.trak.len(), moov.trak[0].tkhd.track_id), (1, AUDIO_TRACK));
    }
}

#[test]
fn ffprobe_sees_no_fault_in_either_init() {
    let (moov, samples) = read(&film("-c:v libx264 -bf 2 -c:a aac"));
    let units = access_units(&moov, &samples);
    let (init, _, file) = remux(&units);
    let streams = ffprobe(&file, "-show_entries stream=codec_name,codec_tag_string");
    assert_eq!(streams, ["h264,avc1", "aac,mp4a"]);
    let packets = ffprobe(&file, "-show_entries packet=stream_index");
    assert_eq!(packets.len(), units.len());
    // The two SourceBuffers of a browser: each init with its own chunks alone.
    for (medium, init, codec) in
        [(Medium::Video, &init.video, "h264"), (Medium::Audio, init.audio.as_ref().unwrap(), "aac")]
    {
        let units: Vec<_> = units.iter().filter(|unit| unit.medium == medium).cloned().collect();
        let (_, chunks, _) = remux(&units);
        let mut file = init[HEADER_LEN..].to_vec();
        chunks.iter().for_each(|chunk| file.extend_from_slice(&chunk.mp4()));
        assert_eq!(
            ffprobe(&file, "-count_packets -show_entries stream=codec_name,nb_read_packets"),
            [format!("{codec},{}", units.len())]
        );
    }
}

/// ffmpeg decodes a stream whose SPS was rewritten to the very same pictures. x264 always writes a restriction, so it is
/// taken away first: Baseline with its usability information gone.
#[test]
fn a_rewritten_sps_decodes_to_the_same_pictures() {
    let film = film("-map 0:v -c:v libx264 -profile:v baseline -tune zerolatency");
    let (moov, samples) = read(&film);
    let Codec::Avc1(entry) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else { panic!("avc1") };
    let plain = h264::without_usability(&entry.avcc.sequence_parameter_sets[0]);
    let params = h264::video_params_from_sps_pps(&plain, &entry.avcc.picture_parameter_sets[0]).unwrap();
    assert_ne!(h264::parameter_sets(&params)[0], plain);
    assert_eq!(params.reorder, Some(0));
    let mut units = access_units(&moov, &samples);
    let new = Arc::new(StreamParams { video: params, audio: None });
    for unit in &mut units {
        unit.params = Arc::clone(&new);
        if unit.key {
            // As a camera sends it: delimiter and its own parameter sets in front of every key frame.
            let mut data = Vec::new();
            for set in [&[9, 0xf0][..], &plain, &entry.avcc.picture_parameter_sets[0]] {
                data.extend_from_slice(&u32::try_from(set.len()).unwrap().to_be_bytes());
                data.extend_from_slice(set);
            }
            data.extend_from_slice(&unit.data);
            unit.data = data.into();
        }
    }
    let (_, _, file) = remux(&units);
    let (_, after) = read(&file);
    let kept = |samples: &[Sample]| samples.iter().map(|sample| sample.data.clone()).collect::<Vec<_>>();
    assert_eq!(kept(&after), kept(&samples), "in-band sets and delimiters are left out");
    assert_eq!(frame_hashes(&file), frame_hashes(&film));
}

fn still(video: VideoParams) -> (StreamParams, AccessUnit) {
    let params = StreamParams { video, audio: None };
    let unit = AccessUnit {
        medium: Medium::Video,
        epoch: Epoch(0),
        starts_epoch: true,
        pts: Pts(0),
        dts: Pts(0),
        duration: 3000,
        key: true,
        data: Bytes::from_static(&[0, 0, 0, 2, 0x65, 0x88]),
        params: Arc::new(params.clone()),
        sequence: 0,
        arrived: Mono::default(),
        captured_utc: None,
    };
    (params, unit)
}

fn some_video() -> VideoParams {
    let sps = [
        0x67, 0x42, 0x00, 0x29, 0x96, 0x35, 0x40, 0xf0, 0x04, 0x4f, 0xcb, 0x37, 0x01, 0x01, 0x01, 0x40, 0, 0, 3, 0,
        0x40, 0, 0, 7, 0xa1,
    ];
    h264::video_params_from_sps_pps(&sps, &[0x68, 0xce, 0x31, 0xb2]).unwrap()
}

#[test]
fn rotation_and_sample_aspect_are_told() {
    for (clockwise, counter_clockwise) in [(0, None), (90, Some("-90")), (180, Some("-180")), (270, Some("90"))] {
        let (params, unit) = still(VideoParams { rotation: clockwise, sample_aspect: (4, 3), ..some_video() });
        let mut fragmenter = Fragmenter::new(Rendition::Main);
        let init = fragmenter.start_epoch(Epoch(0), &params).unwrap();
        assert_eq!((init.text.rotation, init.text.rendition), (clockwise, Rendition::Main));
        let mut file = init.muxed.to_vec();
        file.extend_from_slice(&fragmenter.chunk(&unit, Mono::default()).mp4());
        let (moov, _) = read(&file.clone().into());
        let Codec::Avc1(entry) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else { panic!("avc1") };
        assert_eq!(entry.pasp.as_ref().map(|pasp| (pasp.h_spacing, pasp.v_spacing)), Some((4, 3)));
        assert_eq!(moov.trak[0].tkhd.width.integer(), u16::try_from(params.video.width * 4 / 3).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("probe.mp4");
        std::fs::write(&path, file).unwrap();
        let show = "-v quiet -of default=nk=1:nw=1 -show_entries stream_side_data=rotation";
        let output = Command::new("ffprobe").args(show.split(' ')).arg(path).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(told.lines().next(), counter_clockwise, "{clockwise}");
    }
}

#[test]
fn chunks_are_small_and_numbered() {
    let (params, unit) = still(some_video());
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    let init = fragmenter.start_epoch(Epoch(3), &params).unwrap();
    assert_eq!((init.epoch(), init.bytes()), (Epoch(3), init.video.len() + init.muxed.len()));
    let chunk = fragmenter.chunk(&unit, Mono::default());
    assert_eq!(
        chunk.message.len(),
        HEADER_LEN + 100 + 8 + unit.data.len(),
        "movenc's moof takes 100 bytes, 104 at key frames"
    );
    assert_eq!((chunk.header.sequence, chunk.header.flags), (1, FLAG_KEY | FLAG_STARTS_EPOCH));
    let next = AccessUnit { key: false, starts_epoch: false, pts: Pts(6000), dts: Pts(3000), ..unit };
    let chunk = fragmenter.chunk(&next, Mono::default());
    assert_eq!((chunk.header.sequence, chunk.header.flags), (2, 0));
    assert_eq!(chunk.message.len(), HEADER_LEN + 104 + 8 + next.data.len());
    assert_eq!(chunk.payload_len(), next.data.len());
}

#[test]
fn times_that_should_not_be_are_clamped() {
    let (params, unit) = still(some_video());
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    let init = fragmenter.start_epoch(Epoch(0), &params).unwrap();
    for (pts, dts, expected) in [(-5, -9, (0, 0)), (3000, -6000, (0, 3000)), (i64::MAX, 0, (0, i64::from(i32::MAX)))] {
        let chunk = fragmenter.chunk(&AccessUnit { pts: Pts(pts), dts: Pts(dts), ..unit.clone() }, Mono::default());
        let (_, samples) = read(&[&init.muxed[..], &chunk.mp4()].concat().into());
        assert_eq!((samples[0].dts, samples[0].offset), expected);
    }
}

#[test]
fn broken_units_are_carried_as_they_are() {
    let (params, unit) = still(some_video());
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    let init = fragmenter.start_epoch(Epoch(0), &params).unwrap();
    let sets = h264::parameter_sets(&params.video);
    let only_sets = [&[0, 0, 0, sets[1].len() as u8][..], &sets[1]].concat();
    for data in [&b""[..], &[1], &[0, 0, 0, 9, 0x65], &only_sets] {
        let chunk =
            fragmenter.chunk(&AccessUnit { data: Bytes::copy_from_slice(data), ..unit.clone() }, Mono::default());
        let (_, samples) = read(&[&init.muxed[..], &chunk.mp4()].concat().into());
        assert_eq!(samples[0].data, data);
    }
    let behind_set = [&only_sets[..], &[0, 0, 0, 9, 0x65]].concat();
    let chunk = fragmenter.chunk(&AccessUnit { data: behind_set.into(), ..unit }, Mono::default());
    assert_eq!(&chunk.message[chunk.message.len() - 5..], [0, 0, 0, 9, 0x65]);
}

#[test]
fn parameters_without_a_record_make_no_init() {
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    for codec in [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1, VideoCodec::Vp9] {
        let (params, _) = still(VideoParams { codec, record: Bytes::new(), ..some_video() });
        let error = fragmenter.start_epoch(Epoch(0), &params).unwrap_err();
        assert!(error.to_string().contains("decoder configuration record (0 bytes)"), "{error}");
    }
    for (width, height) in [(0, 9), (9, 0), (70_000, 9)] {
        let (params, _) = still(VideoParams { width, height, ..some_video() });
        assert!(matches!(fragmenter.start_epoch(Epoch(0), &params), Err(FragmentError::Size(..))));
    }
}
