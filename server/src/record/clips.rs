//! Clips as people know them: made, listed, renamed, called off, deleted, their files, and what a crash left behind.

use super::ask::{self, Wall};
use super::burn::Burn;
use super::disk::Disk;
use super::files::Files;
use super::lane::{CalledOff, Lane};
use super::mp4::Layout;
use super::names::{default_name, file_name};
use super::ring::Ring;
use super::still::Still;
use super::work::{Inner, Job, PLACES};
use super::{No, Refusal};
use crate::pipeline::clock::Clock;
use crate::pipeline::packet::VideoParams;
use crate::settings::file::check_name;
use crate::store::{Store, new_ulid};
use sightline_shared::clips::{Clip, JobState, NewClip};
use sightline_shared::time::Pts;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use ulid::Ulid;

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

impl Clips {
    /// Clips in the store's data folder. What an earlier run left half-done is told as failed, and its files are removed.
    ///
    /// # Errors
    /// The database fails, or the operating system gives no thread.
    pub fn open(store: Arc<Store>, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let files = Files(store.places().clips());
        let (lane, stills) = (Lane::new(PLACES), Lane::new(PLACES));
        let inner = Arc::new(Inner { store, clock, disk, files, lane, stills });
        inner.clean().map_err(|error| io::Error::other(error.message))?;
        let thread = |name: &str, work: fn(&Inner)| {
            let inner = Arc::clone(&inner);
            std::thread::Builder::new().name(name.into()).spawn(move || work(&inner))
        };
        let threads = vec![
            thread("clips", Inner::write_all)?,
            thread("clip-encoder", Inner::encode_all)?,
            thread("clip-pictures", Inner::picture_all)?,
        ];
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
        let created = wall.utc(cut.from);
        let layout =
            Layout::of(&cut, created).map_err(|error| Refusal::new(No::Broken, "internal", error.to_string()))?;
        let name =
            new.name.as_deref().map_or_else(|| default_name(&origin.name, created), |name| name.trim().to_owned());
        let text = &cut.init.text;
        let (width, height) = shown_size(&cut.init.params.video);
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
        inner.begin(&clip, Job { layout: Some(layout), still: Still::of(&cut), burn: Burn::of(new, &cut) })?;
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
            Some(CalledOff::Waiting) => {
                inner.remove_part(id);
                inner.end(id, JobState::Cancelled, None, |_| {})
            }
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

/// Width and height as shown: with the shape of the pixels, and turned.
fn shown_size(video: &VideoParams) -> (u32, u32) {
    let (across, down) = video.sample_aspect;
    let wide = (f64::from(video.width) * f64::from(across.max(1)) / f64::from(down.max(1))).round() as u32;
    if video.rotation.is_multiple_of(180) { (wide, video.height) } else { (video.height, wide) }
}

fn missing(id: &str) -> Refusal {
    let known = Ulid::from_string(id).is_ok();
    let message = if known { format!("There is no clip {id}.") } else { "There is no clip of that id.".into() };
    Refusal::new(No::Missing, "not_found", message)
}

#[cfg(test)]
#[path = "clips_tests.rs"]
mod tests;
