//! `sightline doctor`: the check-up to standard output.

use super::{Checkup, checkup};
use crate::device::{Devices, Switches};
use crate::pipeline::clock::Clock;
use crate::store::{self, Places, StoreError};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// As JSON.
    pub json: bool,
    /// Settings file.
    pub config: Option<PathBuf>,
    /// Data folder.
    pub data: Option<PathBuf>,
}

/// Why the exit status is not 0.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The settings cannot be read.
    #[error("The settings cannot be used: {0}. `sightline config check` lists what is wrong.")]
    Settings(#[from] StoreError),
    /// The settings ask for something by name.
    #[error("{} cannot be had here; see above.", if *.0 == 1 { "One thing that the settings ask for".to_owned() } else { format!("{} things that the settings ask for", .0) })]
    Missing(usize),
    /// Nobody reads it.
    #[error("The check-up cannot be written: {0}.")]
    Write(#[from] std::io::Error),
}

/// Looks at everything and writes it.
///
/// # Errors
/// See [`DoctorError`]; what is missing is written all the same. A machine without a device is no error, as long as nothing asks for one.
pub fn run(options: &Options, clock: &Arc<dyn Clock>) -> Result<(), DoctorError> {
    let places = Places::find(options.config.as_deref(), options.data.as_deref())?;
    let settings = if places.config.exists() { Some(store::check_file(&places)?) } else { None };
    let found = checkup(&Devices::find(&Switches::from_env()), settings.as_ref(), clock);
    write(&found, options.json)?;
    match found.missing.len() {
        0 => Ok(()),
        many => Err(DoctorError::Missing(many)),
    }
}

fn write(found: &Checkup, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let json = serde_json::to_string_pretty(found).map_err(std::io::Error::other)?;
        writeln!(out, "{json}")
    } else {
        write!(out, "{found}")
    }
}
