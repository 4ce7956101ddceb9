//! For tests: films made by the ffmpeg program, read back by mp4-atom, ffprobe and ffmpeg.

use bytes::Bytes;
use mp4_atom::{Any, DecodeMaybe, Moof, Moov};
use std::process::Command;

/// A sample of a fragmented file: track, decode time and composition offset in its timescale, duration, sync, bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) track: u32,
    pub(super) dts: u64,
    pub(super) offset: i64,
    pub(super) duration: u32,
    pub(super) sync: bool,
    pub(super) data: Bytes,
}

/// Reads a fragmented file with mp4-atom; data offsets must lead into the `mdat` that follows their `moof`.
pub(super) fn read(file: &Bytes) -> (Moov, Vec<Sample>) {
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

pub(super) fn samples_of(moof: &Moof, moof_at: usize, file: &Bytes) -> Vec<Sample> {
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
pub(super) fn film(arguments: &str) -> Bytes {
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
pub(super) fn ffprobe(file: &[u8], arguments: &str) -> Vec<String> {
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
pub(super) fn frame_hashes(file: &[u8]) -> Vec<String> {
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
