//! Replaces a small file as a whole: readers see the old bytes or the new ones, never a part, even after a power cut.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path`, following a link to the file it names. An existing file keeps its mode, unless `mode` is forced.
///
/// # Errors
/// Whatever the disk says; the old file is untouched then.
pub(super) fn replace(path: &Path, bytes: &[u8], new_mode: u32, force_mode: bool) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let kept = target.metadata().ok().filter(|_| !force_mode).map(|meta| meta.permissions().mode() & 0o777);
    let mode = kept.unwrap_or(new_mode);
    let temporary = temporary_beside(&target, folder);
    let result = write_and_rename(&temporary, &target, folder, bytes, mode);
    if result.is_err() {
        // The write's own error is the one to tell; a left-over file is harmless.
        let _ = std::fs::remove_file(&temporary);
    }
    result
}

fn write_and_rename(temporary: &Path, target: &Path, folder: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary)?;
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(temporary, target)?;
    File::open(folder)?.sync_all()
}

fn temporary_beside(target: &Path, folder: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folder.join(format!(".{name}.{:016x}.tmp", rand::random::<u64>()))
}

/// Why `path` cannot be replaced, in words; `None` if it can. A file without write permission counts as meant to be left alone,
/// even where the program could replace it.
pub(super) fn why_read_only(path: &Path) -> Option<String> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.metadata().is_ok_and(|meta| meta.permissions().readonly()) {
        return Some(format!("{} is read-only: it has no write permission.", path.display()));
    }
    let mut folder = target.parent();
    // The folder of a file that was never written may not be there yet.
    while let Some(missing) = folder.filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        folder = missing.parent();
    }
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
        Ok(()) => None,
        Err(error) => Some(format!("{} cannot be replaced: {} ({error}).", path.display(), folder.display())),
    }
}
