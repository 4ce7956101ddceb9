//! Clips as people know them: made, listed, renamed, called off, deleted, their files, and what a crash left behind.

use super::ask::{self, Wall};
use super::disk::{Disk, in_words};
use super::files::{Files, remove};
use super::lane::{Active, CalledOff, Lane};
use super::mp4::Layout;
use super::names::{default_name, file_name};
use super::ring::Ring;
use super::still::Still;
use super::{No, Refusal};
use crate::pipeline::clock::Clock;
use crate::settings::file::check_name;
use crate::store::{Store, new_ulid};
use sightline_shared::clips::{Clip, ClipFormat, JobState, NewClip, Overlay};
use sightline_shared::time::Pts;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use ulid::Ulid;

/// Clips on their way at once. Each holds on to its frames, which it mostly shares with the ring and with the others.
const PLACES: usize = 64;
/// Of the thread that makes pictures, as of analysis.
const NICE: i32 = 10;

/// Of which camera a clip is made.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The camera's uid.
    pub uid: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// All clips. Dropped, or [`Clips::stop`]ped, it ends its thread.
pub struct Clips {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Inner {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    disk: Arc<dyn Disk>,
    files: Files,
    lane: Lane<Job>,
    stills: Lane<Still>,
}

/// What there is to do for a clip.
struct Job {
    layout: Layout,
    still: Option<Still>,
}

impl Clips {
    /// Clips in the store's data folder. What an earlier run left half-done is told as failed, and its files are removed.
    ///
    /// # Errors
    /// The database fails, or the operating system gives no thread.
    pub fn open(store: Arc<Store>, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let files = Files(store.places().clips());
        let inner = Inner { store, clock, disk, files, lane: Lane::new(PLACES), stills: Lane::new(PLACES) };
        let inner = Arc::new(inner);
        inner.clean().map_err(|error| io::Error::other(error.message))?;
        let thread = |name: &str, work: fn(&Inner)| {
            let inner = Arc::clone(&inner);
            std::thread::Builder::new().name(name.into()).spawn(move || work(&inner))
        };
        let threads = vec![thread("clips", Inner::write_all)?, thread("clip-pictures", Inner::picture_all)?];
        Ok(Self { inner, threads: Mutex::new(threads) })
    }

    /// Ends the work; clips that are not done are told as failed at the next start.
    pub fn stop(&self) {
        self.inner.lane.stop();
        self.inner.stills.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread that makes clips had panicked");
            }
        }
    }

    /// Begins a clip: its frames are chosen and held before this returns, so that what is kept may go on. Waits for the
    /// database: call it from a blocking thread.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn make(&self, new: &NewClip, origin: &Origin, ring: &Ring) -> Result<Clip, Refusal> {
        let inner = &self.inner;
        let wall = Wall::of(&*inner.clock);
        let rendition = new.rendition.unwrap_or_default();
        let span = ask::check(new, inner.clock.utc())?;
        let (cut, note) = ask::find(ring, rendition, span, wall)?;
        not_built(new, &cut.init.text.codec)?;
        let created = wall.utc(cut.from);
        let layout =
            Layout::of(&cut, created).map_err(|error| Refusal::new(No::Broken, "internal", error.to_string()))?;
        let name =
            new.name.as_deref().map_or_else(|| default_name(&origin.name, created), |name| name.trim().to_owned());
        let text = &cut.init.text;
        let (width, height) =
            if text.rotation % 180 == 0 { (text.width, text.height) } else { (text.height, text.width) };
        let clip = Clip {
            id: new_ulid(inner.clock.utc()),
            camera: origin.id.clone(),
            camera_uid: origin.uid.clone(),
            file_name: file_name(&name),
            name,
            note,
            from: wall.rfc3339(cut.from),
            to: wall.rfc3339(cut.to),
            duration_s: Pts(cut.duration()).seconds(),
            rendition,
            overlay: new.overlay,
            format: new.format,
            codec: Some(text.codec.clone()),
            width: Some(width),
            height: Some(height),
            frames: cut.shown(),
            audio: cut.audio.is_some(),
            bytes: layout.len(),
            created_at: ask::rfc3339(inner.clock.utc()),
            ..Clip::default()
        };
        inner.begin(&clip, Job { layout, still: Still::of(&cut) })?;
        Ok(clip)
    }

    /// All clips, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn list(&self) -> Result<Vec<Clip>, Refusal> {
        let clips = self.inner.store.db().clips()?;
        Ok(clips.into_iter().map(|clip| self.inner.told(clip)).collect())
    }

    /// One clip.
    ///
    /// # Errors
    /// There is none of that id, or the database fails.
    pub fn get(&self, id: &str) -> Result<Clip, Refusal> {
        let clip = self.inner.store.db().clip(id)?.ok_or_else(|| missing(id))?;
        Ok(self.inner.told(clip))
    }

    /// Gives a clip another name; the name of its download follows.
    ///
    /// # Errors
    /// The name is none, there is no such clip, or the database fails.
    pub fn rename(&self, id: &str, name: &str) -> Result<Clip, Refusal> {
        let name = name.trim();
        if let Some(wrong) = check_name(name) {
            return Err(Refusal::wrong("name", wrong));
        }
        let changed = self.inner.store.db().change_clip(id, |clip| {
            name.clone_into(&mut clip.name);
            clip.file_name = file_name(name);
        })?;
        Ok(self.inner.told(changed.ok_or_else(|| missing(id))?))
    }

    /// Calls off a clip that is on its way, which is then listed as cancelled; deletes any other, and its files.
    ///
    /// # Errors
    /// There is no such clip, its file cannot be removed, or the database fails.
    pub fn delete(&self, id: &str) -> Result<(), Refusal> {
        let inner = &self.inner;
        match inner.lane.call_off(id) {
            Some(CalledOff::Waiting) => inner.end(id, JobState::Cancelled, None),
            Some(CalledOff::Working) => Ok(()),
            None => {
                let clip = inner.store.db().clip(id)?.ok_or_else(|| missing(id))?;
                inner.stills.call_off(id);
                inner.files.remove(&clip.id).map_err(|error| {
                    Refusal::new(No::Broken, "internal", format!("The clip's file could not be removed: {error}."))
                })?;
                Ok(inner.store.db().delete_clip(id)?)
            }
        }
    }

    /// The file of a clip's picture; `None` while it is being made.
    ///
    /// # Errors
    /// There is no such clip, or no picture of it.
    pub fn picture(&self, id: &str) -> Result<Option<PathBuf>, Refusal> {
        let clip = self.get(id)?;
        let coming =
            matches!(clip.state, JobState::Queued | JobState::Working) || self.inner.stills.active(id).is_some();
        match self.inner.files.path(id, "jpg").filter(|path| path.is_file()) {
            Some(path) => Ok(Some(path)),
            None if coming => Ok(None),
            None => Err(Refusal::new(No::Missing, "no_picture", "There is no picture of this clip.")),
        }
    }

    /// The file of a clip that is done, with the clip.
    ///
    /// # Errors
    /// There is no such clip, it is not done, or its file is gone.
    pub fn file(&self, id: &str) -> Result<(Clip, PathBuf), Refusal> {
        let clip = self.get(id)?;
        if clip.state != JobState::Done {
            let why = clip.error.unwrap_or_else(|| "Ask again when its state is `done`.".into());
            return Err(Refusal::new(No::Conflict, "not_done", format!("This clip has no file yet. {why}")));
        }
        let path = self.inner.files.path(&clip.id, "mp4").filter(|path| path.is_file()).ok_or_else(|| {
            let message = "This clip's file is gone: somebody removed it from the data folder. Delete the clip.";
            Refusal::new(No::Missing, "file_gone", message)
        })?;
        Ok((clip, path))
    }
}

impl Drop for Clips {
    fn drop(&mut self) {
        self.stop();
    }
}

fn missing(id: &str) -> Refusal {
    let known = Ulid::from_string(id).is_ok();
    let message = if known { format!("There is no clip {id}.") } else { "There is no clip of that id.".into() };
    Refusal::new(No::Missing, "not_found", message)
}

/// Boxes in the picture, and another codec, need an encoder.
fn not_built(new: &NewClip, codec: &str) -> Result<(), Refusal> {
    if new.overlay == Overlay::Burned {
        return Err(Refusal::wrong(
            "overlay",
            "Boxes in the picture of a clip are not built yet: leave `overlay` out.",
        ));
    }
    if new.format == ClipFormat::H264 && !codec.starts_with("avc") {
        let message = format!("This camera sends {codec}, and re-encoding clips is not built yet: leave `format` out.");
        return Err(Refusal::wrong("format", message));
    }
    Ok(())
}

impl Inner {
    fn begin(&self, clip: &Clip, job: Job) -> Result<(), Refusal> {
        let needed = clip.bytes + self.lane.bytes_to_come();
        let space = self.disk.space(&self.files.0);
        let space = space.map_err(|error| Refusal::new(No::Broken, "internal", in_words(&error)))?;
        if !space.takes(needed) {
            let message = format!(
                "There is no room for this clip: it needs {} MB and {} MB are free, of which some have to stay free. Delete \
                 clips or free some room on the disk of the data folder.",
                clip.bytes.div_ceil(1_000_000),
                space.free / 1_000_000
            );
            return Err(Refusal::new(No::Full, "disk_full", message));
        }
        if self.lane.enter(&clip.id, clip.bytes).is_none() {
            let message = format!("{PLACES} clips are being made already. Ask again in a moment; those are not lost.");
            return Err(Refusal::new(No::Busy, "too_many_clips", message));
        }
        if let Err(error) = self.store.db().add_clip(clip) {
            self.lane.leave(&clip.id);
            return Err(error.into());
        }
        self.lane.push(&clip.id, job);
        Ok(())
    }

    fn write_all(&self) {
        while let Some((id, Job { layout, still }, active)) = self.lane.next() {
            active.start(self.clock.now());
            let (state, error) = self.write(&id, &layout, &active);
            // Its frames are given back before anybody hears that it is done.
            drop(layout);
            // Where too many pictures wait already, this clip goes without.
            if let Some(still) = still.filter(|_| state == JobState::Done && self.stills.enter(&id, 0).is_some()) {
                self.stills.push(&id, still);
            }
            if !self.lane.is_stopping()
                && let Err(refusal) = self.end(&id, state, error)
            {
                tracing::error!("what became of clip {id} cannot be written down: {}", refusal.message);
            }
            self.lane.leave(&id);
        }
    }

    fn picture_all(&self) {
        // Pictures of a list may wait; on Linux nice(2) is of the calling thread alone.
        let _ = rustix::process::nice(NICE);
        while let Some((id, still, active)) = self.stills.next() {
            match still.jpeg(&self.clock) {
                Ok(jpeg) => {
                    if let Some(Err(error)) = self.stills.commit(&active, || self.files.put(&id, "jpg", &jpeg)) {
                        tracing::warn!("clip {id} is listed without a picture: {error}");
                    }
                }
                Err(error) => tracing::warn!("clip {id} is listed without a picture: {error}"),
            }
            self.stills.leave(&id);
        }
    }

    /// Writes a clip's file under a temporary name and gives it its own as the last step.
    fn write(&self, id: &str, layout: &Layout, active: &Active) -> (JobState, Option<String>) {
        let Some((path, part)) = self.files.path(id, "mp4").zip(self.files.path(id, "mp4.part")) else {
            return (JobState::Failed, Some("The clip has no id that could name a file.".into()));
        };
        let written = self.write_part(&part, layout, active).and_then(|whole| {
            let renamed = whole.then(|| self.lane.commit(active, || std::fs::rename(&part, &path))).flatten();
            renamed.transpose()
        });
        let result = match written {
            Ok(Some(())) => {
                self.files.sync();
                return (JobState::Done, None);
            }
            Ok(None) => (JobState::Cancelled, None),
            Err(error) => {
                tracing::warn!("clip {id}: {error}");
                (JobState::Failed, Some(in_words(&error)))
            }
        };
        if let Err(error) = remove(&part) {
            tracing::warn!("{} stays behind until the next start: {error}", part.display());
        }
        result
    }

    fn write_part(&self, part: &Path, layout: &Layout, active: &Active) -> io::Result<bool> {
        let mut file = self.disk.create(part)?;
        let whole = layout.len().max(1) as f64;
        let mut go_on = |written: u64| {
            active.set_progress(written as f64 / whole);
            !active.is_called_off()
        };
        let whole = layout.write(&mut *file, &mut go_on)?;
        if whole {
            file.sync()?;
        }
        Ok(whole)
    }

    /// Writes down what became of a clip.
    fn end(&self, id: &str, state: JobState, error: Option<String>) -> Result<(), Refusal> {
        self.store.db().change_clip(id, |clip| {
            clip.state = state;
            clip.error = error;
            clip.progress = if state == JobState::Done { 1.0 } else { clip.progress };
            clip.bytes = if state == JobState::Done { clip.bytes } else { 0 };
        })?;
        Ok(())
    }

    /// A clip as it is now: the database knows nothing of work in hand.
    fn told(&self, mut clip: Clip) -> Clip {
        let open = matches!(clip.state, JobState::Queued | JobState::Working);
        let Some(active) = self.lane.active(&clip.id).filter(|_| open) else { return clip };
        let Some(started) = active.started() else { return clip };
        clip.state = JobState::Working;
        clip.progress = active.progress();
        let took = self.clock.now().since(started).as_secs_f64();
        clip.eta_s = (clip.progress > 0.05).then(|| took * (1.0 - clip.progress) / clip.progress);
        clip
    }

    /// What an earlier run left: files under temporary names, and clips that nobody works on any more.
    fn clean(&self) -> Result<(), Refusal> {
        self.files.clean().map_err(|error| {
            Refusal::new(
                No::Broken,
                "internal",
                format!("{} cannot be looked through: {error}", self.files.0.display()),
            )
        })?;
        for clip in self.store.db().open_clips()? {
            // The last step was done, and only the word of it is missing.
            if self.files.has(&clip.id, "mp4") {
                self.end(&clip.id, JobState::Done, None)?;
                continue;
            }
            let error = "Sightline was stopped before this clip was written. If its time is still kept, make it again.";
            self.end(&clip.id, JobState::Failed, Some(error.into()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "clips_tests.rs"]
mod tests;
