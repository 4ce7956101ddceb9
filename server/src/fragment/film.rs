//! For tests: films made by the ffmpeg program, read back by mp4-atom, ffprobe and ffmpeg.

use crate::codec::{aac, h264, hevc};
use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{AccessUnit, AudioParams, Medium, StreamParams, VideoParams};
use bytes::Bytes;
use mp4_atom::{Any, Atom, Codec, DecodeMaybe, Moof, Moov};
use sightline_shared::time::{Epoch, Pts};
use std::process::Command;
use std::sync::Arc;

/// A sample of a fragmented file: track, decode time and composition offset in its timescale, duration, sync, bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) track: u32,
    pub(crate) dts: u64,
    pub(crate) offset: i64,
    pub(crate) duration: u32,
    pub(crate) sync: bool,
    pub(crate) data: Bytes,
}

/// Reads a fragmented file with mp4-atom; data offsets must lead into the `mdat` that follows their `moof`.
pub(crate) fn read(file: &Bytes) -> (Moov, Vec<Sample>) {
    let mut rest = &file[..];
    let (mut moov, mut samples, mut moof_at) = (None, Vec::new(), None);
    loop {
        let at = file.len() - rest.len();
        match Any::decode_maybe(&mut rest).unwrap() {
            None => break,
            Some(Any::Moov(found)) => moov = Some(found),
            Some(Any::Moof(found)) => moof_at = Some((at, found)),
            Some(Any::Mdat(_)) => {
                let (moof_at, moof) = moof_at.take().expect("a moof before each mdat");
                samples.extend(samples_of(&moof, moof_at, file));
            }
            Some(_) => {}
        }
    }
    (moov.expect("a moov"), samples)
}

pub(crate) fn samples_of(moof: &Moof, moof_at: usize, file: &Bytes) -> Vec<Sample> {
    let mut out = Vec::new();
    for traf in &moof.traf {
        assert!(traf.tfhd.default_base_is_moof);
        let mut dts = traf.tfdt.as_ref().unwrap().base_media_decode_time;
        for trun in &traf.trun {
            let mut at = moof_at + usize::try_from(trun.data_offset.unwrap()).unwrap();
            for entry in trun.samples.iter() {
                let size = entry.size.or(traf.tfhd.default_sample_size).unwrap() as usize;
                let duration = entry.duration.or(traf.tfhd.default_sample_duration).unwrap();
                let flags = entry.flags.or(traf.tfhd.default_sample_flags).unwrap();
                out.push(Sample {
                    track: traf.tfhd.track_id,
                    dts,
                    offset: entry.cts.unwrap_or(0),
                    duration,
                    sync: flags & 0x1_0000 == 0,
                    data: file.slice(at..at + size),
                });
                at += size;
                dts += u64::from(duration);
            }
        }
    }
    out
}

/// A short film made by the ffmpeg program, as a fragmented file.
pub(crate) fn film(arguments: &str) -> Bytes {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let output = Command::new("ffmpeg")
        .args("-v error -f lavfi -i testsrc2=size=322x182:rate=30:duration=2 -f lavfi -i sine=duration=2".split(' '))
        .args(arguments.split_whitespace())
        .args("-movflags empty_moov+default_base_moof".split(' '))
        .args(["-frag_duration", "200000"])
        .arg(&path)
        .output()
        .expect("the ffmpeg program is installed (make test installs it)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(path).unwrap().into()
}

/// Rows of ffprobe's table; it must not complain.
pub(crate) fn ffprobe(file: &[u8], arguments: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("probe.mp4");
    std::fs::write(&path, file).unwrap();
    let output = Command::new("ffprobe")
        .args("-v warning -of csv=p=0".split(' '))
        .args(arguments.split(' '))
        .arg(path)
        .output()
        .expect("the ffprobe program is installed (make test installs it)");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    let rows = String::from_utf8(output.stdout).unwrap();
    rows.lines().map(|row| row.trim_end_matches(',').to_owned()).filter(|row| !row.is_empty()).collect()
}

/// MD5 of every decoded picture.
pub(crate) fn frame_hashes(file: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    std::fs::write(&path, file).unwrap();
    let output =
        Command::new("ffmpeg").args(["-v", "warning", "-i"]).arg(path).args(["-f", "framemd5", "-"]).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).unwrap();
    let hashes: Vec<_> = rows
        .lines()
        .filter(|row| !row.starts_with('#'))
        .filter_map(|row| row.rsplit(", ").next())
        .map(str::to_owned)
        .collect();
    assert_eq!(hashes.len(), 60);
    hashes
}

fn body<T: Atom>(atom: &T) -> Vec<u8> {
    let mut out = Vec::new();
    atom.encode_body(&mut out).unwrap();
    out
}

pub(crate) fn video_params(moov: &Moov) -> VideoParams {
    match &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] {
        Codec::Avc1(entry) => h264::video_params_from_avcc(&body(&entry.avcc)).unwrap(),
        Codec::Hev1(entry) => hevc::video_params_from_hvcc(&body(&entry.hvcc)).unwrap(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn audio_params(moov: &Moov) -> Option<AudioParams> {
    let Codec::Mp4a(entry) = moov.trak.get(1)?.mdia.minf.stbl.stsd.codecs.first()? else { return None };
    let specific = entry.esds.es_desc.dec_config.dec_specific.as_ref().unwrap();
    Some(aac::audio_params(&specific.raw).unwrap())
}

/// The samples as `source` would give them: 90 kHz, PTS from 0 or the reorder delay on, so that DTS is not negative.
pub(crate) fn access_units(moov: &Moov, samples: &[Sample]) -> Vec<AccessUnit> {
    let params = Arc::new(StreamParams { video: video_params(moov), audio: audio_params(moov) });
    let units = samples.iter().enumerate().map(|(index, sample)| {
        let audio = sample.track == 2;
        let timescale = i128::from(moov.trak[usize::from(audio)].mdia.mdhd.timescale);
        let ticks = |time: i128| i64::try_from((time * 90_000 + timescale / 2).div_euclid(timescale)).unwrap();
        let dts = i128::from(sample.dts);
        AccessUnit {
            medium: if audio { Medium::Audio } else { Medium::Video },
            epoch: Epoch(7),
            starts_epoch: index == 0,
            pts: Pts(ticks(dts + i128::from(sample.offset))),
            dts: Pts(ticks(dts)),
            duration: u32::try_from(ticks(i128::from(sample.duration))).unwrap(),
            key: sample.sync && !audio,
            data: sample.data.clone(),
            params: Arc::clone(&params),
            sequence: index as u64,
            arrived: Mono::default(),
            captured_utc: None,
        }
    });
    units.collect()
}
