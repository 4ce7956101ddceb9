//! All events: cut, written down, told, kept for as long as is asked, and found again. One thread does the work.

use super::address;
use super::board::{Board, Posted};
use super::crop::{self, Cutter};
use super::line::{Held, Line, Report, Reports, Waiting};
use super::pictures::{Pictures, in_words};
use super::watcher::Happened;
use crate::picture::Still;
use crate::pipeline::clock::Clock;
use crate::pipeline::detection::Area;
use crate::record::disk::Disk;
use crate::settings::server::EventKeep;
use crate::store::{EventQuery, EventRoom, Store, StoreError};
use sightline_shared::events::Event;
use sightline_shared::scene::Mask;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use ulid::Ulid;

/// How often it is looked for events that are too old.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// Events that are forgotten at once, so that the database is free in between.
const FORGET: usize = 256;
/// Pictures that are cut from one frame at most: a crowd that comes at once is not worth minutes of compressing.
const MOST_PICTURES: usize = 16;
/// Live goes first, as before analysis.
const NICE: i32 = 10;

/// All events. Dropped, or [`Events::stop`]ped, it writes what waits and ends its thread.
pub struct Events {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    pictures: Pictures,
    line: Line,
    board: Arc<Board>,
    state: Mutex<State>,
    /// Whether it was said that there is no room for pictures, and that the database refuses.
    said: [AtomicBool; 2],
}

struct State {
    keep: EventKeep,
    room: EventRoom,
    /// The newest id.
    id: Ulid,
}

impl Reports for Events {
    fn report(&self, report: Report) {
        self.inner.line.push(report);
    }
}

impl Events {
    /// Events in the store's data folder. Pictures that an earlier run left without their event are removed.
    ///
    /// # Errors
    /// The database fails, the folder cannot be read, or the operating system gives no thread.
    pub fn open(store: Arc<Store>, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> io::Result<Arc<Self>> {
        let inner = Arc::new(Inner::open(store, clock, disk)?);
        let working = inner.clone();
        let thread = std::thread::Builder::new().name("events".into()).spawn(move || working.work())?;
        Ok(Arc::new(Self { inner, thread: Mutex::new(Some(thread)) }))
    }

    /// Writes what waits, and ends.
    pub fn stop(&self) {
        self.inner.line.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes events down had panicked");
        }
    }

    /// How long events are kept from now on, and in how much room. What is too much goes within a minute.
    pub fn keep(&self, keep: EventKeep) {
        self.inner.lock().keep = keep;
    }

    /// How many there are, and how much room they take.
    pub fn room(&self) -> EventRoom {
        self.inner.lock().room
    }

    /// Where the newest are told.
    pub fn board(&self) -> &Arc<Board> {
        &self.inner.board
    }

    /// Those that are asked for.
    ///
    /// # Errors
    /// The database fails.
    pub fn find(&self, query: &EventQuery) -> Result<Vec<Event>, StoreError> {
        self.inner.store.db().events(query)
    }

    /// Those that were written down after another one; see [`crate::store::Db::events_after`].
    ///
    /// # Errors
    /// The database fails.
    pub fn after(&self, id: &str, camera: Option<&str>, limit: usize) -> Result<Vec<(i64, Event)>, StoreError> {
        self.inner.store.db().events_after(id, camera, limit)
    }

    /// One event.
    ///
    /// # Errors
    /// The database fails.
    pub fn get(&self, id: &str) -> Result<Option<Event>, StoreError> {
        self.inner.store.db().event(id)
    }

    /// The file of an event's picture, where it has one and it is still there.
    pub fn picture(&self, event: &Event) -> Option<PathBuf> {
        let path = event.crop.as_ref().and_then(|_| self.inner.pictures.path(&event.id));
        path.filter(|path| path.is_file())
    }

    /// Forgets an event and its picture; false where there is none of that id.
    ///
    /// # Errors
    /// The database fails.
    pub fn delete(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.inner.forget(&[id.to_owned()])? > 0)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    fn open(store: Arc<Store>, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let pictures = Pictures { folder: store.places().events(), disk };
        let (room, known) = store.db().event_room().map_err(io::Error::other)?;
        pictures.clean(&known)?;
        let state = State { keep: store.snapshot_server().events, room, id: Ulid::nil() };
        let (line, board) = (Line::default(), Arc::default());
        Ok(Self { store, clock, pictures, line, board, state: Mutex::new(state), said: Default::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        // On Linux nice(2) is of the calling thread alone; where it is refused, events merely compete.
        let _ = rustix::process::nice(NICE);
        let mut tidied = None;
        while let Some(batch) = self.line.next(TIDY_EVERY) {
            let now = self.clock.now();
            let full = !batch.is_empty() && self.write(batch, &mut Cutter::default());
            if full || tidied.is_none_or(|last| now.since(last) >= TIDY_EVERY) {
                tidied = Some(now);
                self.tidy();
            }
        }
    }

    /// Writes reports down and tells of them; true where there is more than is to be kept.
    fn write(&self, batch: Vec<Waiting>, cutter: &mut Cutter) -> bool {
        let events: Vec<(Event, u64)> = batch.into_iter().flat_map(|report| self.finish(report, cutter)).collect();
        let rows = match self.store.db().add_events(&events) {
            Ok((rows, bytes)) => {
                let mut state = self.lock();
                state.room.count += events.len() as u64;
                state.room.bytes += bytes;
                self.said[1].store(false, Ordering::Relaxed);
                rows.into_iter().map(Some).collect()
            }
            Err(error) => {
                self.say_once(1, || format!("Events are told, and not written down: {error}"));
                events.iter().for_each(|(event, _)| self.remove_picture(&event.id));
                vec![None; events.len()]
            }
        };
        let posted = events.into_iter().zip(rows).map(|((event, _), row)| match row {
            Some(_) => Posted { event, row },
            None => Posted { event: Event { crop: None, ..event }, row },
        });
        self.board.post(posted.collect());
        let state = self.lock();
        state.room.bytes > state.keep.bytes
    }

    /// The events of a report with all that they lack, each with the bytes of its picture.
    fn finish(&self, report: Waiting, cutter: &mut Cutter) -> Vec<(Event, u64)> {
        let Waiting { camera, happened, frame, masks } = report;
        let mut cuts = Cuts::of(frame, &masks, cutter);
        let finish = |one: Happened| {
            let id = self.next_id(one.at).to_string();
            let bytes = if one.shown { cuts.put(&one.event, |jpeg| self.put(&id, jpeg)) } else { None };
            if one.shown && bytes.is_none() {
                camera.without_picture();
            }
            let millis = i64::try_from(one.at.as_millis()).unwrap_or(i64::MAX);
            let event = Event {
                camera: camera.id.clone(),
                camera_uid: camera.uid.clone(),
                at: jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string(),
                crop: bytes.map(|_| address(&id)),
                id,
                ..one.event
            };
            (event, bytes.unwrap_or(0))
        };
        happened.into_iter().map(finish).collect()
    }

    /// An id of this time, behind those of the same millisecond that were given before it.
    fn next_id(&self, at: Duration) -> Ulid {
        let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let mut state = self.lock();
        let next = state.id.increment().ok().filter(|next| next.timestamp_ms() == millis);
        state.id = next.unwrap_or_else(|| Ulid::from_parts(millis, rand::random::<u128>() >> 1));
        state.id
    }

    /// Keeps a picture; gives its bytes, or nothing where that cannot be done, which is said once.
    fn put(&self, id: &str, jpeg: &[u8]) -> Option<u64> {
        match self.pictures.put(id, jpeg) {
            Ok(()) => {
                if self.said[0].swap(false, Ordering::Relaxed) {
                    tracing::info!("there is room for pictures of events again");
                }
                Some(jpeg.len() as u64)
            }
            Err(error) => {
                self.say_once(0, || in_words(&error, &self.pictures.folder));
                None
            }
        }
    }

    fn say_once(&self, what: usize, words: impl FnOnce() -> String) {
        if !self.said[what].swap(true, Ordering::Relaxed) {
            tracing::error!("{}", words());
        }
    }

    /// Forgets what is too old, and the oldest of what is too much.
    fn tidy(&self) {
        if let Err(error) = self.try_to_tidy() {
            self.say_once(1, || format!("Old events could not be forgotten: {error}"));
        }
    }

    fn try_to_tidy(&self) -> Result<(), StoreError> {
        let State { keep, .. } = *self.lock();
        let oldest = u64::try_from(self.clock.utc().saturating_sub(keep.time).as_millis()).unwrap_or(u64::MAX);
        let oldest = Ulid::from_parts(oldest, 0).to_string();
        let db = self.store.db();
        loop {
            let ids: Vec<_> = db.oldest_events(Some(&oldest), FORGET)?.into_iter().map(|(id, _)| id).collect();
            if ids.is_empty() {
                break;
            }
            self.forget(&ids)?;
        }
        loop {
            let mut over = self.lock().room.bytes.saturating_sub(keep.bytes);
            let mut needed = |bytes: u64| (over > 0).then(|| over = over.saturating_sub(bytes)).is_some();
            let ids: Vec<_> = db.oldest_events(None, FORGET)?;
            let ids: Vec<_> = ids.into_iter().take_while(|(_, bytes)| needed(*bytes)).map(|(id, _)| id).collect();
            if ids.is_empty() {
                return Ok(());
            }
            self.forget(&ids)?;
        }
    }

    /// Forgets events and their pictures; gives how many there were. The row goes first: a picture that is left behind by a crash is
    /// found by the next start, an event whose picture is gone would be a lie.
    fn forget(&self, ids: &[String]) -> Result<u64, StoreError> {
        let freed = self.store.db().delete_events(ids)?;
        let mut state = self.lock();
        state.room.count = state.room.count.saturating_sub(freed.count);
        state.room.bytes = state.room.bytes.saturating_sub(freed.bytes);
        drop(state);
        ids.iter().for_each(|id| self.remove_picture(id));
        Ok(freed.count)
    }

    fn remove_picture(&self, id: &str) {
        if let Err(error) = self.pictures.remove(id) {
            tracing::warn!("the picture of event {id} stays behind until the next start: {error}");
        }
    }
}

/// The pictures of one frame.
struct Cuts {
    /// All of it.
    still: Option<Still>,
    left: usize,
    /// The newest: several events of a thing in one frame have the same picture.
    newest: Option<(String, Vec<u8>)>,
}

impl Cuts {
    /// Of a frame that is held, which is given back.
    fn of(held: Option<Held>, masks: &[Mask], cutter: &mut Cutter) -> Self {
        let still = held.map(|held| cutter.still(&held.frame, masks));
        let still =
            still.and_then(|still| still.inspect_err(|error| tracing::debug!("no pictures of a frame: {error}")).ok());
        Self { still, left: MOST_PICTURES, newest: None }
    }

    /// Has the picture of an event kept by `keep`; gives what that gives.
    fn put(&mut self, event: &Event, keep: impl FnOnce(&[u8]) -> Option<u64>) -> Option<u64> {
        let still = self.still.as_ref()?;
        if self.newest.as_ref().is_none_or(|(track, _)| *track != event.track) {
            self.left = self.left.checked_sub(1)?;
            let [x1, y1, x2, y2] = event.area;
            let jpeg = crop::cut(still, Area { x1, y1, x2, y2 });
            let jpeg = jpeg.inspect_err(|error| tracing::debug!("no picture of {}: {error}", event.track)).ok()?;
            self.newest = Some((event.track.clone(), jpeg));
        }
        self.newest.as_ref().and_then(|(_, jpeg)| keep(jpeg))
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
