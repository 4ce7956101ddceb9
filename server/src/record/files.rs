//! The folder of clips: a file of each kind for an id, removed and put in place without surprises.

use std::io;
use std::path::{Path, PathBuf};
use ulid::Ulid;

/// Of a clip: the film, its picture, both while they are being written, and the film while it is encoded anew.
const ENDINGS: [&str; 5] = ["mp4", "mp4.part", "jpg", "jpg.part", "burnt.mp4"];

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Files(pub(super) PathBuf);

impl Files {
    /// The path of a file of a clip. Ids are ULIDs: nothing else reaches a file system.
    pub(super) fn path(&self, id: &str, ending: &str) -> Option<PathBuf> {
        let id = Ulid::from_string(id).ok()?;
        Some(self.0.join(format!("{id}.{ending}")))
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, id: &str, ending: &str) -> bool {
        self.path(id, ending).is_some_and(|path| path.is_file())
    }

    /// Removes all files of a clip.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        ENDINGS.iter().filter_map(|ending| self.path(id, ending)).try_for_each(|path| remove(&path))
    }

    /// Writes a small file as a whole or not at all.
    pub(super) fn put(&self, id: &str, ending: &str, bytes: &[u8]) -> io::Result<()> {
        let Some((path, part)) = self.path(id, ending).zip(self.path(id, &format!("{ending}.part"))) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let put = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
        if put.is_err() {
            remove(&part)?;
        }
        put
    }

    /// Removes what an earlier run left half-written, and pictures of films that are gone.
    pub(super) fn clean(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // An encoder's own unfinished file has a dot in front.
            let Some((id, ending)) = name.trim_start_matches('.').split_once('.') else { continue };
            let of_a_film = ending == "jpg" && self.has(id, "mp4");
            if Ulid::from_string(id).is_ok() && (name.starts_with('.') || (ending != "mp4" && !of_a_film)) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Without this a power cut may forget a rename, which the next start then tells.
    pub(super) fn sync(&self) {
        if let Err(error) = std::fs::File::open(&self.0).and_then(|folder| folder.sync_all()) {
            tracing::debug!("{} is not synchronised: {error}", self.0.display());
        }
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
