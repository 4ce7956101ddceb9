//! Files of real streams, judged by ffprobe and ffmpeg, which may say nothing at all, and read back by mp4-atom.

use super::super::cut::cut;
use super::super::reel::{Reel, reels};
use super::super::ring::{Keeper, Ring};
use super::super::testing::fill;
use super::*;
use crate::fragment::film::ffprobe;
use crate::fragment::testing::init;
use crate::pipeline::packet::VideoParams;
use std::process::Command;
use std::sync::Arc;

const STEP: i64 = 3000;

/// A film of 60 frames as a camera would have sent it from second 100 on, laid out from a ring.
fn reel_of(arguments: &str, change: impl Fn(&mut VideoParams)) -> Reel {
    let ring = Ring::new(Arc::new(Keeper::default()));
    fill(&ring, 0, 100, arguments, change);
    let mut reels = reels(&ring.gops());
    assert_eq!(reels.len(), 1);
    reels.remove(0)
}

fn file(cut: &Cut) -> Vec<u8> {
    let layout = Layout::of(cut, Duration::from_secs(1_800_000_000)).unwrap();
    let mut out = Vec::new();
    assert!(layout.write(&mut out, &mut |_| true).unwrap());
    assert_eq!(out.len() as u64, layout.len());
    out
}

/// Frames `from..to` as shown; the cut may go on to where both orders meet.
fn clip(reel: &Reel, from: i64, to: i64) -> (Cut, Vec<u8>) {
    let zero = reel.start();
    let cut = cut(reel, zero + from * STEP, zero + to * STEP, false).unwrap();
    let file = file(&cut);
    (cut, file)
}

/// What ffmpeg decodes of a file, which it has to do without a word: a line for each frame.
fn decoded(file: &[u8], arguments: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    std::fs::write(&path, file).unwrap();
    let output = Command::new("ffmpeg")
        .args(["-v", "warning", "-i"])
        .arg(path)
        .args(arguments.split(' '))
        .arg("-")
        .output()
        .expect("the ffmpeg program is installed (make test installs it)");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn hashes(file: &[u8]) -> Vec<String> {
    let rows = String::from_utf8(decoded(file, "-map 0:v -fps_mode passthrough -f framemd5")).unwrap();
    let rows = rows.lines().filter(|row| !row.starts_with('#')).filter_map(|row| row.rsplit(", ").next());
    rows.map(str::to_owned).collect()
}

/// Every clip of a film shows exactly its frames, at their times, from time 0 on.
fn check(arguments: &str) {
    let reel = reel_of(arguments, |_| {});
    let (_, whole) = clip(&reel, 0, 60);
    let all = hashes(&whole);
    assert_eq!(all.len(), 60, "{arguments}");
    for (from, to) in [(0, 1), (0, 60), (7, 8), (13, 41), (15, 30), (29, 31), (44, 60)] {
        let (cut, file) = clip(&reel, from, to);
        let from = usize::try_from(from).unwrap();
        let shown = usize::try_from(cut.shown()).unwrap();
        assert!(shown as i64 >= to - from as i64 && shown as i64 <= to - from as i64 + 4, "{from}..{to}: {shown}");
        assert_eq!(hashes(&file), all[from..from + shown], "{arguments}: {from}..{to}");
        let pts = ffprobe(&file, "-select_streams v -show_entries frame=pts");
        let expected: Vec<String> = (0..shown as i64).map(|n| (n * STEP).to_string()).collect();
        assert_eq!(pts, expected, "{arguments}: {from}..{to}");
        read_back(&cut, &file);
    }
}

/// The tables lead to the very bytes, and their times are those of the cut.
fn read_back(cut: &Cut, file: &[u8]) {
    let moov = read_init(file).unwrap();
    assert_eq!((moov.mvhd.timescale, moov.mvhd.duration), (90_000, u64::try_from(cut.duration()).unwrap()));
    let video: Vec<&Bytes> = cut.frames.iter().map(|frame| &frame.data).collect();
    assert_eq!(samples(&moov.trak[0], file), video);
    let stbl = &moov.trak[0].mdia.minf.stbl;
    let zero = cut.frames[0].dts;
    let mut at = 0;
    let deltas = stbl.stts.entries.iter().flat_map(|e| vec![i64::from(e.sample_delta); e.sample_count as usize]);
    let offsets: Vec<i64> = match &stbl.ctts {
        Some(ctts) => ctts.entries.iter().flat_map(|e| vec![e.sample_offset; e.sample_count as usize]).collect(),
        None => vec![0; cut.frames.len()],
    };
    for ((frame, delta), offset) in cut.frames.iter().zip(deltas).zip(offsets) {
        assert_eq!((frame.dts - zero, frame.pts - zero), (at, at + offset));
        at += delta;
    }
    assert_eq!((at, moov.trak[0].mdia.mdhd.duration), (cut.to - zero, (cut.to - zero) as u64));
    if let Some(audio) = &cut.audio {
        let sounds: Vec<&Bytes> = audio.sounds.iter().map(|sound| &sound.data).collect();
        assert_eq!(samples(&moov.trak[1], file), sounds);
    }
}

fn samples<'f>(track: &Trak, file: &'f [u8]) -> Vec<&'f [u8]> {
    let stbl = &track.mdia.minf.stbl;
    let StszSamples::Different { sizes } = &stbl.stsz.samples else { panic!("sizes") };
    let offsets = &stbl.stco.as_ref().unwrap().entries;
    let (mut out, mut sizes) = (Vec::new(), sizes.iter());
    for (number, offset) in (1..).zip(offsets) {
        let entry = stbl.stsc.entries.iter().rfind(|entry| entry.first_chunk <= number).unwrap();
        let mut at = *offset as usize;
        for size in sizes.by_ref().take(entry.samples_per_chunk as usize) {
            out.push(&file[at..at + *size as usize]);
            at += *size as usize;
        }
    }
    assert_eq!(sizes.next(), None);
    out
}

#[test]
fn clips_show_exactly_their_frames_from_the_asked_one_on() {
    check("-map 0:v -c:v libx264 -g 15 -bf 0 -pix_fmt yuv420p");
    check("-map 0:v -c:v libx264 -g 15 -bf 3 -b_strategy 0 -pix_fmt yuv420p");
    check("-map 0:v -c:v libx264 -g 15 -x264-params open-gop=1:bframes=3:b-pyramid=none -pix_fmt yuv420p");
    check("-map 0:v -c:v libx264 -g 1 -pix_fmt yuv420p");
}

#[test]
fn h265_too() {
    check("-map 0:v -c:v libx265 -x265-params log-level=error:bframes=3:keyint=15:open-gop=1 -pix_fmt yuv420p");
}

/// Samples of a file's sound, as ffmpeg gives them after the edit list.
fn pcm(file: &[u8]) -> Vec<i16> {
    let bytes = decoded(file, "-map 0:a -f s16le");
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn sound_is_the_very_same_at_the_very_same_time() {
    let reel = reel_of(
        "-c:v libx264 -g 15 -bf 2 -pix_fmt yuv420p -af aeval=0.5*sin(2000*t*t),aformat=channel_layouts=mono -c:a aac -aac_pns 0 -ar 48000",
        |_| {},
    );
    let (_, whole) = clip(&reel, 0, 60);
    let all = pcm(&whole);
    for (from, to) in [(10, 40), (15, 45), (1, 59)] {
        let (cut, file) = clip(&reel, from, to);
        let heard = pcm(&file);
        // A frame of 30 a second has 1600 samples.
        let begin = usize::try_from(from).unwrap() * 1600;
        let asked = usize::try_from(cut.shown()).unwrap() * 1600;
        assert!(heard.len().abs_diff(asked) <= 1024, "{} samples for {asked}", heard.len());
        let compared = heard.len().min(asked) - 1024;
        let wrong = heard.iter().zip(&all[begin..]).take(compared).filter(|(a, b)| a.abs_diff(**b) > 2).count();
        assert_eq!(wrong, 0, "{from}..{to}");
        let streams = ffprobe(&file, "-show_entries stream=codec_type,start_time");
        assert_eq!(streams, ["video,0.000000", "audio,0.000000"]);
        read_back(&cut, &file);
    }
}

#[test]
fn rotation_and_the_shape_of_pixels_are_kept() {
    let reel = reel_of("-map 0:v -c:v libx264 -g 15 -bf 0 -pix_fmt yuv420p", |video| {
        video.rotation = 90;
        video.sample_aspect = (4, 3);
    });
    let (_, file) = clip(&reel, 5, 20);
    let told = ffprobe(&file, "-show_entries stream=sample_aspect_ratio:stream_side_data=rotation");
    assert_eq!(told, ["4:3,-90"]);
}

#[test]
fn beyond_four_gigabytes_offsets_and_the_box_are_wide() {
    let reel = reel_of("-map 0:v -c:v libx264 -g 15 -bf 0 -pix_fmt yuv420p", |_| {});
    let (mut cut, _) = clip(&reel, 0, 60);
    // The bytes are shared: 60 times the same 100 MB.
    let large = Bytes::from(vec![0_u8; 100 << 20]);
    cut.frames.iter_mut().for_each(|frame| frame.data = large.clone());
    let layout = Layout::of(&cut, Duration::ZERO).unwrap();
    let moov = read_init(&layout.head).unwrap();
    let stbl = &moov.trak[0].mdia.minf.stbl;
    let offsets = &stbl.co64.as_ref().unwrap().entries;
    assert!(stbl.stco.is_none() && *offsets.last().unwrap() > u64::from(u32::MAX));
    assert_eq!(offsets[0], layout.head.len() as u64);
    let size = layout.head[layout.head.len() - 16..].to_vec();
    assert_eq!((&size[..8], &size[8..]), (&b"\0\0\0\x01mdat"[..], &(60 * (100_u64 << 20) + 16).to_be_bytes()[..]));
}

#[test]
fn writing_can_be_called_off_and_a_writer_that_fails_is_told() {
    let reel = reel_of("-map 0:v -c:v libx264 -g 15 -bf 0 -pix_fmt yuv420p", |_| {});
    let (mut cut, _) = clip(&reel, 0, 60);
    let large = Bytes::from(vec![0_u8; 1 << 20]);
    cut.frames.iter_mut().for_each(|frame| frame.data = large.clone());
    let layout = Layout::of(&cut, Duration::ZERO).unwrap();
    let mut out = Vec::new();
    assert!(!layout.write(&mut out, &mut |written| written < 10 << 20).unwrap());
    assert!(out.len() < 12 << 20);
    let mut small = [0_u8; 1000];
    assert!(layout.write(&mut &mut small[..], &mut |_| true).is_err());
    assert!(Layout::of(&Cut { init: init(0), ..cut }, Duration::ZERO).is_err(), "an init segment that is none");
}
