//! Clips from the request to the file, with a disk that fills, stops, and a program that was killed.

use super::super::disk::SystemDisk;
use super::super::disk_testing::{Filling, Slow};
use super::super::ring::Keeper;
use super::super::testing::fill;
use super::*;
use crate::pipeline::clock::SimulatedClock;
use crate::store::Places;
use std::time::Duration;

const FILM: &str = "-c:v libx264 -g 15 -bf 2 -pix_fmt yuv420p -c:a aac";
/// The film's first picture, since 1970: second 100 of a clock that began at 1 800 000 000.
const BEGAN: u64 = 1_800_000_100;

struct Home {
    dir: tempfile::TempDir,
    clock: Arc<SimulatedClock>,
    ring: Arc<Ring>,
}

impl Home {
    /// A camera of which two seconds are kept, the last of them just now.
    fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new(Duration::from_secs(1_800_000_000)));
        clock.advance(Duration::from_millis(102_100));
        let ring = Ring::new(Arc::new(Keeper::default()));
        fill(&ring, 0, 100, FILM, |_| {});
        Self { dir: tempfile::tempdir().unwrap(), clock, ring }
    }

    fn store(&self) -> Arc<Store> {
        let places = Places { config: self.dir.path().join("sightline.toml"), data_dir: self.dir.path().to_owned() };
        Arc::new(Store::open(places, false, self.clock.clone()).unwrap())
    }

    fn clips(&self, disk: impl Disk + 'static) -> Clips {
        Clips::open(self.store(), self.clock.clone(), Arc::new(disk)).unwrap()
    }

    /// Names in the folder of clips, without the ids.
    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path().join("clips")).unwrap();
        let mut endings: Vec<_> = names.map(|e| e.unwrap().file_name().to_string_lossy()[26..].to_owned()).collect();
        endings.sort();
        endings
    }
}

fn origin() -> Origin {
    Origin { uid: "01CAMERA".into(), id: "yard".into(), name: "Yard".into() }
}

fn last(last_s: f64) -> NewClip {
    NewClip { camera: "yard".into(), last_s: Some(last_s), ..NewClip::default() }
}

/// Waits until a clip and its picture are no longer worked on.
fn settle(clips: &Clips, id: &str) -> Clip {
    for _ in 0..2000 {
        let clip = clips.get(id).unwrap();
        let open = matches!(clip.state, JobState::Queued | JobState::Working);
        if !open && clips.inner.lane.active(id).is_none() && clips.inner.stills.active(id).is_none() {
            return clip;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("clip {id} does not settle");
}

#[test]
fn a_clip_is_made_named_and_deleted() {
    let home = Home::new();
    let clips = home.clips(SystemDisk);
    let made = clips.make(&last(1.0), &origin(), &home.ring).unwrap();
    assert_eq!((made.state, made.camera.as_str(), made.audio), (JobState::Queued, "yard", true));
    let clip = settle(&clips, &made.id);
    assert_eq!((clip.state, clip.error.as_deref(), clip.note.as_deref()), (JobState::Done, None, None));
    assert!((clip.frames as f64 / 30.0 - clip.duration_s).abs() < 0.001 && clip.frames == 30, "{clip:?}");
    assert_eq!((clip.width, clip.height, clip.codec.as_deref()), (Some(322), Some(182), Some("avc1.64000d")));
    let (_, path) = clips.file(&clip.id).unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().len(), clip.bytes);
    assert_eq!(home.files(), [".jpg", ".mp4"]);
    let jpeg = std::fs::read(clips.picture(&clip.id).unwrap().unwrap()).unwrap();
    assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.len() > 500);

    let renamed = clips.rename(&clip.id, " ../Thief / 1 ").unwrap();
    assert_eq!((renamed.name.as_str(), renamed.file_name.as_str()), ("../Thief / 1", "-Thief - 1.mp4"));
    assert_eq!(clips.rename(&clip.id, "").unwrap_err().field, Some("name"));
    assert_eq!(clips.list().unwrap().len(), 1);
    clips.delete(&clip.id).unwrap();
    assert_eq!((home.files().len(), clips.list().unwrap().len()), (0, 0));
    for id in [clip.id.as_str(), "../../etc/passwd", ""] {
        assert_eq!(clips.delete(id).unwrap_err().code, "not_found");
        assert_eq!(clips.file(id).unwrap_err().code, "not_found");
    }
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let home = Home::new();
    let clips = home.clips(SystemDisk);
    let at = |second: f64| Some(ask::rfc3339(Duration::from_secs_f64(BEGAN as f64 + second)));
    let between = |from: f64, to: f64| NewClip { from: at(from), to: at(to), ..NewClip::default() };
    let cases = [
        (NewClip::default(), "bad_request", "either `last_s`"),
        (last(0.0), "bad_request", "0.1 to 3600"),
        (last(f64::NAN), "bad_request", "0.1 to 3600"),
        (last(1e9), "bad_request", "0.1 to 3600"),
        (NewClip { last_s: Some(1.0), ..between(0.0, 1.0) }, "bad_request", "either"),
        (NewClip { from: None, ..between(0.0, 1.0) }, "bad_request", "a `from` beside"),
        (NewClip { to: Some("yesterday".into()), ..between(0.0, 1.0) }, "bad_request", "a time such as"),
        (between(1.0, 1.0), "bad_request", "later than"),
        (between(2.0, 1.0), "bad_request", "later than"),
        (between(-4000.0, 1.0), "bad_request", "at most 3600 seconds"),
        (between(1.0, 60.0), "bad_request", "in the future"),
        (between(-20.0, -10.0), "no_such_span", "there is 2027-01-15T08:01:40"),
        (NewClip { rendition: Some(sightline_shared::camera::Rendition::Small), ..last(1.0) }, "bad_request", "`main`"),
        (NewClip { name: Some("\n".into()), ..last(1.0) }, "bad_request", "1 to 100"),
        (NewClip { name: Some("a\u{7}".into()), ..last(1.0) }, "bad_request", "control"),
    ];
    for (new, code, words) in cases {
        let refusal = clips.make(&new, &origin(), &home.ring).unwrap_err();
        assert!(refusal.code == code && refusal.message.contains(words), "{new:?}: {refusal:?}");
    }
    let empty = Ring::new(Arc::new(Keeper::default()));
    assert_eq!(clips.make(&last(1.0), &origin(), &empty).unwrap_err().code, "nothing_kept");
    let main = NewClip { rendition: Some(sightline_shared::camera::Rendition::Main), ..last(1.0) };
    assert_eq!(clips.make(&main, &origin(), &empty).unwrap_err().code, "not_running");
    assert!(clips.list().unwrap().is_empty() && home.files().is_empty());
}

#[test]
fn what_is_less_than_was_asked_for_is_told() {
    let home = Home::new();
    let clips = home.clips(SystemDisk);
    let early = clips.make(&last(60.0), &origin(), &home.ring).unwrap();
    assert!(early.note.unwrap().starts_with("The first 58."), "of a minute two seconds are there");
    assert!(early.frames >= 56, "{}", early.frames);
    // Another resolution, from second 102 on.
    fill(&home.ring, 1, 102, "-map 0:v -c:v libx264 -g 15 -bf 0 -pix_fmt yuv420p -vf scale=160:90 -t 1", |_| {});
    home.clock.advance(Duration::from_millis(900));
    let both = clips.make(&last(3.0), &origin(), &home.ring).unwrap();
    let note = both.note.unwrap();
    assert!(note.contains("322 x 182") && note.contains("160 x 90") && note.contains("ends at the change"), "{note}");
    assert_eq!((both.width, both.frames), (Some(322), 60));
    let newest = clips.make(&last(1.0), &origin(), &home.ring).unwrap();
    assert_eq!((newest.height, newest.frames, newest.note.as_deref()), (Some(90), 30, None));
    // The same parameters after a pause: one file, and the pause is in it.
    fill(&home.ring, 2, 106, "-map 0:v -c:v libx264 -g 15 -bf 0 -pix_fmt yuv420p -vf scale=160:90 -t 1", |_| {});
    home.clock.advance(Duration::from_millis(4000));
    let paused = clips.make(&last(5.0), &origin(), &home.ring).unwrap();
    assert!(paused.note.as_ref().unwrap().contains("sent nothing for 2.9 s"), "{paused:?}");
    assert!(paused.frames == 60 && (paused.duration_s - 5.0).abs() < 0.1, "{paused:?}");
    settle(&clips, &paused.id);
    let path = clips.file(&paused.id).unwrap().1;
    let shown = crate::fragment::film::ffprobe(
        &std::fs::read(path).unwrap(),
        "-count_frames -show_entries stream=nb_read_frames",
    );
    assert_eq!(shown, ["60"]);
}

#[test]
fn a_disk_that_fills_leaves_nothing_half_written() {
    let home = Home::new();
    let clips = home.clips(Filling(10_000));
    let made = clips.make(&last(1.0), &origin(), &home.ring).unwrap();
    let clip = settle(&clips, &made.id);
    assert_eq!((clip.state, clip.bytes), (JobState::Failed, 0));
    assert!(clip.error.unwrap().contains("The disk filled up"));
    assert!(home.files().is_empty());
    assert_eq!(clips.file(&made.id).unwrap_err().code, "not_done");
    clips.delete(&made.id).unwrap();
}

#[test]
fn room_that_the_system_needs_is_not_taken() {
    let home = Home::new();
    let clips = home.clips(Slow::new((512 << 20) + 1000).0);
    let refusal = clips.make(&last(1.0), &origin(), &home.ring).unwrap_err();
    assert_eq!((refusal.kind, refusal.code), (No::Full, "disk_full"));
    // Room for one: what waits counts as if it were written.
    let one = clips_bytes(&home);
    let (disk, go) = Slow::new((512 << 20) + one + one / 2);
    let clips = home.clips(disk);
    let made = clips.make(&last(1.0), &origin(), &home.ring).unwrap();
    assert_eq!(clips.make(&last(1.0), &origin(), &home.ring).unwrap_err().code, "disk_full");
    go.send(()).unwrap();
    assert_eq!(settle(&clips, &made.id).state, JobState::Done);
}

fn clips_bytes(home: &Home) -> u64 {
    let (cut, _) = ask::find(&home.ring, Default::default(), ask::Span::Last(90_000), Wall::of(&*home.clock)).unwrap();
    Layout::of(&cut, Duration::ZERO).unwrap().len()
}

#[test]
fn of_500_at_once_some_are_refused_and_none_is_lost() {
    let home = Home::new();
    let (disk, go) = Slow::new(1 << 40);
    let clips = home.clips(disk);
    let taken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..50 {
                    match clips.make(&last(0.5), &origin(), &home.ring) {
                        Ok(clip) => taken.lock().unwrap().push(clip.id),
                        Err(refusal) => assert_eq!((refusal.kind, refusal.code), (No::Busy, "too_many_clips")),
                    }
                }
            });
        }
    });
    let taken = taken.into_inner().unwrap();
    assert_eq!((taken.len(), clips.list().unwrap().len()), (PLACES, PLACES));
    (0..PLACES).for_each(|_| go.send(()).unwrap());
    assert!(taken.iter().all(|id| settle(&clips, id).state == JobState::Done));
    assert_eq!(home.files().iter().filter(|name| *name == ".mp4").count(), PLACES);
    assert!(clips.make(&last(0.5), &origin(), &home.ring).is_ok(), "and there is room again");
    drop(go);
}

#[test]
fn a_clip_that_is_called_off_never_appears() {
    let home = Home::new();
    let (disk, go) = Slow::new(1 << 40);
    let clips = home.clips(disk);
    let working = clips.make(&last(1.0), &origin(), &home.ring).unwrap();
    while clips.get(&working.id).unwrap().state != JobState::Working {
        std::thread::sleep(Duration::from_millis(1));
    }
    let waiting = clips.make(&last(1.0), &origin(), &home.ring).unwrap();
    clips.delete(&waiting.id).unwrap();
    assert_eq!(clips.get(&waiting.id).unwrap().state, JobState::Cancelled);
    clips.delete(&working.id).unwrap();
    go.send(()).unwrap();
    assert_eq!(settle(&clips, &working.id).state, JobState::Cancelled);
    assert!(home.files().is_empty());
    clips.delete(&working.id).unwrap();
    assert_eq!(clips.list().unwrap().len(), 1);
}

#[test]
fn what_a_crash_left_is_cleaned_and_told() {
    let home = Home::new();
    let store = home.store();
    let id = |n: u8| format!("01J0000000000000000000000{n}");
    for (n, state) in [(0, JobState::Queued), (1, JobState::Working), (2, JobState::Working), (3, JobState::Done)] {
        store.db().add_clip(&Clip { id: id(n), state, bytes: 5, ..Clip::default() }).unwrap();
    }
    for name in [
        format!("{}.mp4.part", id(1)),
        format!(".{}.burnt.mp4.unfinished-7", id(1)),
        format!("{}.mp4", id(2)),
        format!("{}.mp4", id(3)),
        format!("{}.jpg", id(4)),
    ] {
        std::fs::write(home.dir.path().join("clips").join(name), b"12345").unwrap();
    }
    drop(store);
    let clips = home.clips(SystemDisk);
    let states: Vec<_> = (0..4).map(|n| clips.get(&id(n)).unwrap().state).collect();
    assert_eq!(states, [JobState::Failed, JobState::Failed, JobState::Done, JobState::Done]);
    assert!(clips.get(&id(1)).unwrap().error.unwrap().contains("was stopped before"));
    assert_eq!(home.files(), [".mp4", ".mp4"]);
    assert_eq!(clips.picture(&id(3)).unwrap_err().code, "no_picture");
    std::fs::remove_file(clips.file(&id(3)).unwrap().1).unwrap();
    assert_eq!(clips.file(&id(3)).unwrap_err().code, "file_gone");
}

/// A box in the middle of every picture.
fn add_tracks(ring: &Ring) {
    let frames: Vec<_> = ring.gops().iter().flat_map(|gop| gop.chunks.clone()).filter(|c| !c.is_audio()).collect();
    for frame in frames {
        let corners = r#""x1": 0.25, "y1": 0.25, "x2": 0.75, "y2": 0.75"#;
        let track = format!(r#"{{"id": "01TRACK", "label": "person", "score": 0.9, {corners}, "predicted": false}}"#);
        let track = serde_json::from_str(&track).unwrap();
        let (epoch, pts) = (frame.header.epoch, frame.header.pts);
        let tracks = sightline_shared::tracks::Tracks { epoch, pts, tracks: vec![track], ..Default::default() };
        let text = serde_json::to_string(&sightline_shared::wire::ServerMessage::Tracks(tracks)).unwrap();
        ring.tracks(&text.into());
    }
}

/// Luma of every picture of a clip.
fn luma(clips: &Clips, id: &str) -> Vec<Vec<u8>> {
    let path = clips.file(id).unwrap().1;
    let output = std::process::Command::new("ffmpeg")
        .args(["-v", "warning", "-i"])
        .arg(path)
        .args("-fps_mode passthrough -pix_fmt gray -f rawvideo -".split(' '))
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks_exact(322 * 182).map(<[u8]>::to_vec).collect()
}

#[test]
fn boxes_are_burned_into_every_picture_from_the_kept_tracks() {
    let home = Home::new();
    add_tracks(&home.ring);
    let clips = home.clips(SystemDisk);
    let burned = NewClip { overlay: sightline_shared::clips::Overlay::Burned, ..last(1.0) };
    let plain = settle(&clips, &clips.make(&last(1.0), &origin(), &home.ring).unwrap().id);
    let burned = settle(&clips, &clips.make(&burned, &origin(), &home.ring).unwrap().id);
    assert_eq!((burned.state, burned.error.as_deref(), burned.progress), (JobState::Done, None, 1.0));
    assert_eq!((burned.frames, burned.width, burned.height), (plain.frames, Some(322), Some(182)));
    assert!(burned.codec.is_some_and(|codec| codec.starts_with("avc1.")) && burned.bytes > 0);
    let (before, after) = (luma(&clips, &plain.id), luma(&clips, &burned.id));
    assert_eq!((before.len(), after.len()), (30, 30));
    for (before, after) in before.iter().zip(&after) {
        let mean = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
            let at = rows.clone().flat_map(|y| columns.clone().map(move |x| y * 322 + x));
            let sum: u32 = at.map(|at| u32::from(before[at].abs_diff(after[at]))).sum();
            f64::from(sum) / (rows.len() * columns.len()) as f64
        };
        // The lower edge of the box lies at row 136; below it is nothing.
        let (edge, outside) = (mean(134..138, 120..200), mean(150..180, 120..200));
        assert!(edge > 20.0 && outside < 10.0 && edge > 3.0 * outside, "edge {edge}, outside {outside}");
    }
    assert!(home.files().iter().all(|name| [".mp4", ".jpg"].contains(&name.as_str())), "{:?}", home.files());
}

#[test]
fn h264_is_made_of_what_is_not_and_left_as_it_is_where_it_is() {
    let home = Home::new();
    let clips = home.clips(SystemDisk);
    let h264 = NewClip { format: sightline_shared::clips::ClipFormat::H264, ..last(0.5) };
    let same = settle(&clips, &clips.make(&h264, &origin(), &home.ring).unwrap().id);
    assert_eq!((same.state, same.codec.as_deref()), (JobState::Done, Some("avc1.64000d")), "not encoded anew");
    let ring = Ring::new(Arc::new(Keeper::default()));
    fill(&ring, 0, 100, "-map 0:v -c:v libx265 -x265-params log-level=error:keyint=15 -pix_fmt yuv420p", |_| {});
    let made = settle(&clips, &clips.make(&h264, &origin(), &ring).unwrap().id);
    assert_eq!((made.state, made.error.as_deref()), (JobState::Done, None));
    assert!(made.codec.is_some_and(|codec| codec.starts_with("avc1.")));
}
