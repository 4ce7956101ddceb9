//! What can go wrong with settings and state, in words for a person.

use crate::settings::Mistake;
use crate::settings::address::AddressError;
use std::path::{Path, PathBuf};

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The settings file has mistakes; nothing was changed.
    #[error("{} has {} and was not applied: {}", .path.display(), count(.mistakes), list(.mistakes))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// Every mistake with its line.
        mistakes: Vec<Mistake>,
    },
    /// `secrets.toml` cannot be read.
    #[error("{}, line {line}: secrets are written as NAME = \"value\". Mend the line and try again.", .path.display())]
    Secrets {
        /// The file.
        path: PathBuf,
        /// About where.
        line: usize,
    },
    /// The settings file was there and is not any more.
    #[error("{} is gone. What it said stays in force; put it back, or restart Sightline to begin without it.", .0.display())]
    Gone(PathBuf),
    /// Somebody else changed the settings in between.
    #[error("The settings were changed by somebody else in the meantime. Load them again and repeat the change.")]
    Conflict,
    /// No such camera.
    #[error("There is no camera with the id `{0}`.")]
    NoCamera(String),
    /// The id is taken.
    #[error("There is already a camera with the id `{0}`.")]
    Taken(String),
    /// The settings file cannot be written.
    #[error("{0} Change the camera in that file by hand, or make it writable.")]
    ReadOnly(String),
    /// The demo camera.
    #[error(
        "The demo camera cannot be changed but for its zones, its masks and its encoder, nor deleted; start Sightline without --demo to be rid of it."
    )]
    Demo,
    /// A field of a request.
    #[error("{message}")]
    Field {
        /// The field.
        field: &'static str,
        /// The word for programs.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
    /// Another Sightline runs on the data folder.
    #[error("Another Sightline is using {}. Stop it, or give this one a data folder of its own with --data.", .0.display())]
    Locked(PathBuf),
    /// A file or folder.
    #[error("Could not {what} {}: {error}.", .path.display())]
    Io {
        /// A verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        error: String,
    },
    /// The database.
    #[error("The database in the data folder failed: {0}.")]
    Database(#[from] rusqlite::Error),
    /// A database from a newer program.
    #[error("The database has version {found}, from a newer Sightline; this program knows up to {known}.")]
    NewerDatabase {
        /// Its version.
        found: i64,
        /// The newest known.
        known: i64,
    },
}

impl StoreError {
    pub(super) fn io(what: &'static str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), error: error.to_string() }
    }

    pub(super) fn address(field: &'static str, error: &AddressError) -> Self {
        Self::Field { field, code: error.code(), message: error.to_string() }
    }

    pub(super) fn field(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Field { field, code, message: message.into() }
    }
}

fn count(mistakes: &[Mistake]) -> String {
    if mistakes.len() == 1 { "a mistake".into() } else { format!("{} mistakes", mistakes.len()) }
}

fn list(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ")
}
