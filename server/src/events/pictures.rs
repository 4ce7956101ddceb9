//! The folder of events' pictures: each there as a whole or not at all, and none without its event.

use crate::record::disk::Disk;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ulid::Ulid;

/// The folder.
pub(super) struct Pictures {
    pub(super) folder: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
}

impl Pictures {
    fn named(&self, id: &str, ending: &str) -> Option<PathBuf> {
        // Ids are ULIDs: nothing else reaches a file system.
        let id = Ulid::from_string(id).ok()?;
        Some(self.folder.join(format!("{id}.{ending}")))
    }

    /// The path of an event's picture.
    pub(super) fn path(&self, id: &str) -> Option<PathBuf> {
        self.named(id, "jpg")
    }

    /// Writes a picture under another name and gives it its own as the last step.
    pub(super) fn put(&self, id: &str, jpeg: &[u8]) -> io::Result<()> {
        let (Some(part), Some(path)) = (self.named(id, "jpg.part"), self.path(id)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if !self.disk.space(&self.folder)?.takes(jpeg.len() as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let put = self.write(&part, jpeg).and_then(|()| std::fs::rename(&part, path));
        if put.is_err() {
            remove(&part)?;
        }
        put
    }

    fn write(&self, part: &Path, jpeg: &[u8]) -> io::Result<()> {
        let mut file = self.disk.create(part, jpeg.len() as u64)?;
        file.write_all(jpeg)?;
        file.sync()
    }

    /// Removes a picture, which may be gone already.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        self.path(id).map_or(Ok(()), |path| remove(&path))
    }

    /// Removes what no event has: half-written, or of an event that was not written down before the program ended.
    pub(super) fn clean(&self, known: &HashSet<String>) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some((id, ending)) = name.split_once('.') else { continue };
            if Ulid::from_string(id).is_ok() && (ending != "jpg" || !known.contains(id)) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Why there are no pictures for now, in words.
pub(super) fn in_words(error: &io::Error, folder: &Path) -> String {
    let folder = folder.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => format!(
            "The disk of {folder} is full: events go on without pictures until there is room. Free some, or keep fewer by \
             [server] events_keep_mb."
        ),
        _ => format!("Pictures of events cannot be written to {folder} ({error}): events go on without them."),
    }
}
