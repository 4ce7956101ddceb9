//! Which files of this machine may be played through the API.

use super::Origin;
use super::address::AddressError;
use std::path::{Component, Path, PathBuf};

/// What may be asked for by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRule {
    /// Any absolute path: the person sits at this machine.
    Any,
    /// What lies in these folders. The first is named in the refusal.
    Within(Vec<PathBuf>),
}

impl FileRule {
    /// Checks a stream that came through the API. Whether a file exists outside the folders is not told.
    ///
    /// # Errors
    /// [`AddressError::OutsideMedia`], [`AddressError::NoFile`].
    pub fn check(&self, origin: &Origin) -> Result<(), AddressError> {
        let (Self::Within(folders), Origin::File(path)) = (self, origin) else { return Ok(()) };
        let outside = || {
            AddressError::OutsideMedia(folders.first().map(|folder| folder.display().to_string()).unwrap_or_default())
        };
        let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        if !plain || !folders.iter().any(|folder| path.starts_with(folder)) {
            return Err(outside());
        }
        // A link inside may lead outside.
        let real = path.canonicalize().map_err(|_| AddressError::NoFile)?;
        let inside = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| real.starts_with(folder));
        if folders.iter().any(inside) && is_file(&real) { Ok(()) } else { Err(outside()) }
    }
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_media_folders_are_reached() {
        let dir = tempfile::tempdir().expect("a folder");
        let media = dir.path().join("media");
        std::fs::create_dir_all(media.join("sub")).expect("a folder");
        std::fs::write(media.join("sub/a.mp4"), b"x").expect("a file");
        std::fs::write(dir.path().join("secret"), b"x").expect("a file");
        std::os::unix::fs::symlink(dir.path().join("secret"), media.join("link")).expect("a link");
        let rule = FileRule::Within(vec![media.clone()]);
        let check = |path: PathBuf| rule.check(&Origin::File(path)).map_err(|error| error.code());
        assert_eq!(check(media.join("sub/a.mp4")), Ok(()));
        assert_eq!(check(media.join("sub/b.mp4")), Err("not_found"));
        for path in [
            dir.path().join("secret"),
            dir.path().join("absent"),
            media.join("link"),
            media.join("../secret"),
            media.join("sub"),
            "/etc/passwd".into(),
        ] {
            assert_eq!(check(path.clone()), Err("outside_media"), "{}", path.display());
        }
        assert_eq!(FileRule::Any.check(&Origin::File("/etc/passwd".into())), Ok(()));
    }
}
