//! Where files are written: under another name beside the wanted one, until they are whole.

use super::{AnnotateError, Options};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A file in the making. Dropped before [`Place::keep`], nothing of it stays.
pub(super) struct Place {
    wanted: PathBuf,
    unfinished: PathBuf,
}

impl Place {
    /// Makes an empty file beside `wanted`.
    pub(super) fn reserve(wanted: &Path, force: bool) -> Result<Self, AnnotateError> {
        let shown = wanted.display();
        let wrong = |why: String| AnnotateError::Output(why);
        let name = wanted.file_name().ok_or_else(|| wrong(format!("{shown} is not the name of a file.")))?;
        if wanted.is_dir() {
            return Err(wrong(format!("{shown} is a folder: give the name of a file in it.")));
        }
        not_there(wanted, force)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".unfinished-{}", std::process::id()));
        let unfinished = wanted.with_file_name(hidden);
        File::create(&unfinished).map_err(|e| wrong(cannot_write(wanted, &e)))?;
        Ok(Self { wanted: wanted.to_path_buf(), unfinished })
    }

    /// Where to write meanwhile.
    pub(super) fn path(&self) -> &Path {
        &self.unfinished
    }

    /// The name that it will have.
    pub(super) fn wanted(&self) -> &Path {
        &self.wanted
    }

    /// Gives the file its name.
    pub(super) fn keep(self, force: bool) -> Result<(), AnnotateError> {
        not_there(&self.wanted, force)?;
        std::fs::rename(&self.unfinished, &self.wanted)
            .map_err(|e| AnnotateError::Output(cannot_write(&self.wanted, &e)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // After `keep` there is nothing under that name.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

fn not_there(wanted: &Path, force: bool) -> Result<(), AnnotateError> {
    if force || !wanted.exists() {
        return Ok(());
    }
    let shown = wanted.display();
    Err(AnnotateError::Output(format!("{shown} is there already: choose another name, or overwrite it with --force.")))
}

/// Why `path` cannot be written, in words.
pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    let (shown, folder) = (path.display(), path.parent().filter(|folder| !folder.as_os_str().is_empty()));
    let folder = folder.unwrap_or(Path::new(".")).display();
    match error.kind() {
        ErrorKind::NotFound => format!("The folder {folder} is not there: make it first."),
        ErrorKind::PermissionDenied => format!("Sightline may not write to the folder {folder}."),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            format!("There is no space left for {shown}. Nothing was kept of it.")
        }
        _ => format!("{shown} cannot be written: {error}."),
    }
}

/// Inputs and outputs are files of their own.
pub(super) fn check(options: &Options) -> Result<(), AnnotateError> {
    let output = &options.output;
    if is_same(Path::new(&options.input), output) {
        return Err(AnnotateError::Usage(format!(
            "{} is the input and the output: choose another name for the output.",
            output.display()
        )));
    }
    let beside = [options.detections.as_ref(), options.mot.as_ref()];
    for path in [Some(output)].into_iter().chain(beside).flatten() {
        not_there(path, options.force || is_same(Path::new(&options.input), path))?;
    }
    for path in beside.into_iter().flatten() {
        if is_same(path, output) || is_same(Path::new(&options.input), path) {
            return Err(AnnotateError::Usage(format!("{} cannot be the video and what was found.", path.display())));
        }
    }
    match beside {
        [Some(lines), Some(rows)] if is_same(lines, rows) => {
            Err(AnnotateError::Usage("--detections and --mot are the same file.".into()))
        }
        _ => Ok(()),
    }
}

/// Whether two names are of one file, by whatever way.
fn is_same(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => a == b,
    }
}

/// A file's name, or an address without what stands before its `@`.
pub(super) fn short(input: &str) -> String {
    crate::settings::mask::mask(input).into_owned()
}
