//! The work on clips: a thread writes files, one encodes anew what has to be, one makes the pictures of the list.

use super::burn::{Burn, PLAIN_PART};
use super::disk::{Disk, in_words};
use super::files::{Files, remove};
use super::lane::{Active, Desk, Lane};
use super::mp4::Layout;
use super::still::Still;
use super::{No, Refusal};
use crate::annotate::AnnotateError;
use crate::pipeline::clock::Clock;
use crate::store::Store;
use sightline_shared::clips::{Clip, JobState};
use std::io;
use std::sync::Arc;

/// Clips on their way at once. Each holds on to its frames, which it mostly shares with the ring and with the others.
pub(super) const PLACES: usize = 64;
/// Of the threads that encode and make pictures, as of analysis.
const NICE: i32 = 10;

/// What the threads share.
pub(super) struct Inner {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) files: Files,
    pub(super) lane: Lane<Job>,
    pub(super) stills: Lane<Still>,
}

/// What there is to do for a clip.
pub(super) struct Job {
    /// The plain file, until it is written.
    pub(super) layout: Option<Layout>,
    pub(super) still: Option<Still>,
    /// Where the plain file is not what was asked for.
    pub(super) burn: Option<Burn>,
}

impl Inner {
    /// Takes a place for a clip, writes it down and begins it.
    pub(super) fn begin(&self, clip: &Clip, job: Job) -> Result<(), Refusal> {
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
        self.lane.push(Desk::Write, &clip.id, job);
        Ok(())
    }

    /// The thread that writes files.
    pub(super) fn write_all(&self) {
        while let Some((id, mut job, active)) = self.lane.next(Desk::Write) {
            active.start(self.clock.now());
            let Some(layout) = job.layout.take() else { continue };
            let written = self.write_part(&id, &layout, &active, job.burn.is_some());
            // Its frames are given back before anybody hears that it is done.
            drop(layout);
            match written {
                Ok(true) if job.burn.is_some() => self.lane.push(Desk::Encode, &id, job),
                Ok(true) => {
                    let put = self.put_in_place(&id, "mp4.part", &active);
                    self.finish(&id, put, job.still, |_| {});
                }
                Ok(false) => self.finish(&id, Ok(false), None, |_| {}),
                Err(error) => self.finish(&id, Err(in_words(&error)), None, |_| {}),
            }
        }
    }

    /// The thread that encodes anew.
    pub(super) fn encode_all(&self) {
        // Live goes first; on Linux nice(2) is of the calling thread alone, and inherited by those that it starts.
        let _ = rustix::process::nice(NICE);
        while let Some((id, job, active)) = self.lane.next(Desk::Encode) {
            let paths = self.files.path(&id, "mp4.part").zip(self.files.path(&id, "burnt.mp4"));
            let Some(((part, out), burn)) = paths.zip(job.burn) else { continue };
            match burn.run(&part, &out, &active) {
                Ok(burnt) => {
                    let put = self.put_in_place(&id, "burnt.mp4", &active);
                    self.finish(&id, put, job.still, |clip| burnt.tell(clip));
                }
                Err(AnnotateError::Cancelled) => self.finish(&id, Ok(false), None, |_| {}),
                Err(error) => self.finish(&id, Err(format!("The clip could not be encoded. {error}")), None, |_| {}),
            }
            self.remove_part(&id);
        }
    }

    /// The thread that makes pictures.
    pub(super) fn picture_all(&self) {
        // Pictures of a list may wait; on Linux nice(2) is of the calling thread alone.
        let _ = rustix::process::nice(NICE);
        while let Some((id, still, active)) = self.stills.next(Desk::Write) {
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

    /// Gives a file that is whole its name, as the last step; false where the clip was called off before.
    fn put_in_place(&self, id: &str, ending: &str, active: &Active) -> Result<bool, String> {
        let Some((from, to)) = self.files.path(id, ending).zip(self.files.path(id, "mp4")) else {
            return Err("The clip has no id that could name a file.".into());
        };
        match self.lane.commit(active, || std::fs::rename(from, to)) {
            Some(Ok(())) => {
                self.files.sync();
                Ok(true)
            }
            Some(Err(error)) => Err(in_words(&error)),
            None => Ok(false),
        }
    }

    /// What became of a clip: done, called off, or failed.
    fn finish(&self, id: &str, outcome: Result<bool, String>, still: Option<Still>, change: impl FnOnce(&mut Clip)) {
        let (state, error) = match outcome {
            Ok(true) => (JobState::Done, None),
            Ok(false) => (JobState::Cancelled, None),
            Err(words) => (JobState::Failed, Some(words)),
        };
        if let Some(error) = &error {
            tracing::warn!("clip {id}: {error}");
        }
        if state != JobState::Done {
            self.remove_part(id);
        }
        // Where too many pictures wait already, this clip goes without.
        if let Some(still) = still.filter(|_| state == JobState::Done && self.stills.enter(id, 0).is_some()) {
            self.stills.push(Desk::Write, id, still);
        }
        // At the end of the program the next start tells it.
        if !self.lane.is_stopping()
            && let Err(refusal) = self.end(id, state, error, change)
        {
            tracing::error!("what became of clip {id} cannot be written down: {}", refusal.message);
        }
        self.lane.leave(id);
    }

    /// Removes what there is of a clip under temporary names.
    pub(super) fn remove_part(&self, id: &str) {
        for path in ["mp4.part", "burnt.mp4"].iter().filter_map(|ending| self.files.path(id, ending)) {
            if let Err(error) = remove(&path) {
                tracing::warn!("{} stays behind until the next start: {error}", path.display());
            }
        }
    }

    /// Writes the plain file under a temporary name; false where the clip was called off.
    fn write_part(&self, id: &str, layout: &Layout, active: &Active, goes_on: bool) -> io::Result<bool> {
        let part = self.files.path(id, "mp4.part").ok_or(io::ErrorKind::InvalidInput)?;
        let mut file = self.disk.create(&part, layout.len())?;
        let whole = layout.len().max(1) as f64 / if goes_on { PLAIN_PART } else { 1.0 };
        let mut go_on = |written: u64| {
            active.set_progress(written as f64 / whole);
            !active.is_called_off()
        };
        let whole = layout.write(&mut *file, &mut go_on)?;
        if whole && !goes_on {
            file.sync()?;
        }
        Ok(whole)
    }

    /// Writes down what became of a clip.
    pub(super) fn end(
        &self,
        id: &str,
        state: JobState,
        error: Option<String>,
        change: impl FnOnce(&mut Clip),
    ) -> Result<(), Refusal> {
        self.store.db().change_clip(id, |clip| {
            change(clip);
            clip.state = state;
            clip.error = error;
            clip.progress = if state == JobState::Done { 1.0 } else { clip.progress };
            clip.bytes = if state == JobState::Done { clip.bytes } else { 0 };
        })?;
        Ok(())
    }

    /// A clip as it is now: the database knows nothing of work in hand.
    pub(super) fn told(&self, mut clip: Clip) -> Clip {
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
    pub(super) fn clean(&self) -> Result<(), Refusal> {
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
                self.end(&clip.id, JobState::Done, None, |_| {})?;
                continue;
            }
            let error = "Sightline was stopped before this clip was written. If its time is still kept, make it again.";
            self.end(&clip.id, JobState::Failed, Some(error.into()), |_| {})?;
        }
        Ok(())
    }
}
