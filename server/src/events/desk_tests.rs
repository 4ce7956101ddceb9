//! Events on a real folder: written, told, found again after a start, forgotten when they are old or too many.

use super::super::board::{Listener, Next};
use super::super::watching::Tally;
use super::*;
use crate::picture::tests::quarters;
use crate::pipeline::clock::SimulatedClock;
use crate::pipeline::frame::{Colour, PixelFormat};
use crate::record::disk::SystemDisk;
use crate::record::disk_testing::Filling;
use crate::store::Places;
use sightline_shared::events::EventKind;

/// What the clock of these tests begins with.
const START: Duration = Duration::from_secs(1_800_000_000);

struct Home {
    dir: tempfile::TempDir,
    clock: Arc<SimulatedClock>,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), clock: Arc::new(SimulatedClock::new(START)) }
    }

    fn open(&self, disk: impl Disk + 'static) -> Arc<Events> {
        let data_dir = self.dir.path().to_path_buf();
        let places = Places { config: data_dir.join("sightline.toml"), data_dir };
        let store = Arc::new(Store::open(places, false, self.clock.clone()).expect("opens"));
        Events::open(store, self.clock.clone(), Arc::new(disk)).expect("opens")
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path().join("events")).expect("the folder is there");
        let mut names: Vec<_> =
            names.map(|one| one.expect("readable").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn camera() -> Arc<Tally> {
    Arc::new(Tally::new("01CAMERA", "yard"))
}

fn happened(kind: EventKind, at: Duration, shown: bool) -> Happened {
    let event = Event { kind, track: "T".into(), label: "car".into(), area: [0.4, 0.4, 0.6, 0.6], ..Event::default() };
    Happened { event, at, shown }
}

fn report(camera: &Arc<Tally>, happened: Vec<Happened>) -> Report {
    let frame = Arc::new(quarters(PixelFormat::I420, (320, 180), Colour { matrix: 1, ..Colour::default() }));
    Report { camera: camera.clone(), happened, frame: Some(frame), masks: Arc::default() }
}

fn all(events: &Events) -> Vec<Event> {
    events.find(&EventQuery { limit: 1000, ..EventQuery::default() }).expect("read")
}

/// Tells `count` events, a second apart, each of its own frame, and waits for each.
async fn tell(events: &Events, count: u64, listener: &mut Listener) {
    for n in 0..count {
        events.report(report(&camera(), vec![happened(EventKind::Entered, START + Duration::from_secs(n), true)]));
        assert!(matches!(listener.next().await, Next::Posted(_)));
    }
}

#[tokio::test]
async fn events_are_written_with_their_pictures_told_and_found_after_a_start() {
    let home = Home::new();
    let events = home.open(SystemDisk);
    let mut listener = events.board().listen();
    let camera = camera();
    let both = vec![happened(EventKind::Began, START, true), happened(EventKind::Crossed, START, true)];
    events.report(report(&camera, both));
    events.report(report(&camera, vec![happened(EventKind::Ended, START + Duration::from_millis(1500), false)]));
    for kind in [EventKind::Began, EventKind::Crossed, EventKind::Ended] {
        let Next::Posted(posted) = listener.next().await else { panic!("nothing is told") };
        assert_eq!((posted.event.kind, posted.event.camera.as_str()), (kind, "yard"));
    }
    let known = all(&events);
    let kinds: Vec<_> = known.iter().rev().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Began, EventKind::Crossed, EventKind::Ended], "of one moment, in their order");
    let ended = &known[0];
    assert_eq!(
        (ended.at.as_str(), ended.camera_uid.as_str(), &ended.crop),
        ("2027-01-15T08:00:01.5Z", "01CAMERA", &None)
    );
    assert!(ended.id.starts_with(&Ulid::from_parts(START.as_millis() as u64 + 1500, 0).to_string()[..10]));
    assert_eq!(known[2].crop, Some(format!("/api/events/{}/crop.jpg", known[2].id)));
    assert_eq!(home.files(), [2, 1].map(|at: usize| format!("{}.jpg", known[at].id)));
    assert_eq!(camera.read().without_picture, 0);
    let room = events.room();
    let pictures: u64 = home
        .files()
        .iter()
        .map(|name| std::fs::metadata(home.dir.path().join("events").join(name)).expect("there").len())
        .sum();
    assert!(room.count == 3 && room.bytes > pictures && room.bytes < pictures + 3000, "{room:?} {pictures}");
    events.stop();
    drop(events);

    let events = home.open(SystemDisk);
    assert_eq!((all(&events), events.room()), (known.clone(), room));
    assert!(events.picture(&known[2]).is_some() && events.picture(&known[0]).is_none());
    assert!(events.delete(&known[2].id).expect("deleted") && !events.delete(&known[2].id).expect("gone"));
    assert_eq!((home.files().len(), events.room().count), (1, 2));
}

#[tokio::test]
async fn a_start_removes_pictures_that_no_event_has() {
    let home = Home::new();
    let events = home.open(SystemDisk);
    tell(&events, 1, &mut events.board().listen()).await;
    events.stop();
    drop(events);
    let known = home.files();
    let stray = Ulid::from_parts(5, 5);
    for name in [format!("{stray}.jpg"), known[0].replace(".jpg", ".jpg.part"), "notes.txt".into()] {
        std::fs::write(home.dir.path().join("events").join(name), "x").expect("written");
    }
    let _events = home.open(SystemDisk);
    assert_eq!(home.files(), [known[0].clone(), "notes.txt".into()], "what is not ours stays");
}

#[tokio::test]
async fn what_is_too_old_or_too_much_goes_the_oldest_first() {
    let home = Home::new();
    let events = home.open(SystemDisk);
    tell(&events, 10, &mut events.board().listen()).await;
    let known = all(&events);
    // Five and a half of the ten.
    home.clock.advance(Duration::from_millis(10_500));
    events.keep(EventKeep { time: Duration::from_secs(6), ..EventKeep::default() });
    events.inner.tidy();
    assert_eq!(all(&events), known[..5]);
    assert_eq!((home.files().len(), events.room().count), (5, 5));
    let bytes = events.room().bytes;
    events.keep(EventKeep { bytes: bytes / 5 * 2 + 10, ..EventKeep::default() });
    events.inner.tidy();
    assert_eq!(all(&events), known[..2]);
    assert_eq!(home.files().len(), 2);
    assert!(events.room().bytes <= bytes / 5 * 2 + 10);
    // And by itself, as soon as one more comes.
    events.report(report(&camera(), vec![happened(EventKind::Left, START + Duration::from_secs(60), true)]));
    events.stop();
    assert_eq!((all(&events).len(), all(&events)[0].kind), (2, EventKind::Left));
}

#[tokio::test]
async fn a_full_disk_costs_pictures_and_no_events() {
    let home = Home::new();
    let events = home.open(Filling(100));
    let camera = camera();
    let mut listener = events.board().listen();
    events.report(report(&camera, vec![happened(EventKind::Entered, START, true)]));
    let Next::Posted(posted) = listener.next().await else { panic!("nothing is told") };
    assert_eq!(posted.event.crop, None);
    assert_eq!((all(&events).len(), camera.read().without_picture), (1, 1));
    assert_eq!(home.files(), Vec::<String>::new(), "nothing half-written is left");
}

#[tokio::test]
async fn a_crowd_that_comes_at_once_has_few_pictures() {
    let home = Home::new();
    let events = home.open(SystemDisk);
    let camera = camera();
    let crowd = (0..40).map(|n| {
        let one = happened(EventKind::Entered, START, true);
        Happened { event: Event { track: n.to_string(), ..one.event }, ..one }
    });
    events.report(report(&camera, crowd.collect()));
    events.stop();
    assert_eq!((all(&events).len(), home.files().len(), camera.read().without_picture), (40, 16, 24));
}

#[tokio::test]
async fn who_listens_hears_of_what_the_database_refuses() {
    let home = Home::new();
    let events = home.open(SystemDisk);
    let mut listener = events.board().listen();
    let other = rusqlite::Connection::open(home.dir.path().join("sightline.db")).expect("opens");
    other.execute_batch("DROP TABLE event").expect("dropped");
    events.report(report(&camera(), vec![happened(EventKind::Entered, START, true)]));
    let Next::Posted(posted) = listener.next().await else { panic!("nothing is told") };
    assert_eq!((posted.row, &posted.event.crop), (None, &None));
    assert_eq!(home.files(), Vec::<String>::new());
}
