//! Where the settings file and the data folder are, and the lock on the folder.

use super::StoreError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The two places the program keeps things in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The settings file; need not exist.
    pub config: PathBuf,
    /// The folder for database, secrets and media; made when it is opened.
    pub data_dir: PathBuf,
}

impl Places {
    /// `config` and `data_dir` as given on the command line. Without: the settings are `./sightline.toml` if that exists, else
    /// `sightline.toml` in the data folder; the folder is what the settings name, else the system's place for it.
    ///
    /// # Errors
    /// There is no sensible place, or the settings name a file that is not there.
    pub fn find(config: Option<&Path>, data_dir: Option<&Path>) -> Result<Self, StoreError> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(|error| StoreError::io("find", path, &error));
        let here = Path::new("sightline.toml");
        let config = match config {
            Some(path) => Some(absolute(path)?),
            None if here.is_file() => Some(absolute(here)?),
            None => None,
        };
        let named = config.as_deref().and_then(named_data_dir);
        let data_dir = match (data_dir, named) {
            (Some(path), _) => absolute(path)?,
            (None, Some(path)) => path,
            (None, None) => default_data_dir(&|name| std::env::var_os(name))?,
        };
        Ok(Self { config: config.unwrap_or_else(|| data_dir.join("sightline.toml")), data_dir })
    }

    /// The folder of the settings file.
    #[must_use]
    pub fn config_folder(&self) -> &Path {
        self.config.parent().unwrap_or_else(|| Path::new("/"))
    }

    /// Files that anybody with a login may play.
    #[must_use]
    pub fn media(&self) -> PathBuf {
        self.data_dir.join("media")
    }

    /// Clips.
    #[must_use]
    pub fn clips(&self) -> PathBuf {
        self.data_dir.join("clips")
    }

    /// Pictures of events.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.data_dir.join("events")
    }

    /// Makes the data folder, open to its owner alone.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self) -> Result<(), StoreError> {
        for folder in [self.data_dir.clone(), self.media(), self.clips(), self.events()] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|error| StoreError::io("make the folder", &folder, &error))?;
        }
        Ok(())
    }

    /// Takes the data folder for one running server; dropped with the file.
    ///
    /// # Errors
    /// Another one has it.
    pub fn lock(&self) -> Result<File, StoreError> {
        let path = self.data_dir.join("lock");
        let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = open.map_err(|error| StoreError::io("open", &path, &error))?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| StoreError::Locked(self.data_dir.clone()))?;
        Ok(file)
    }
}

/// `[server] data_dir` of a settings file. Mistakes are told when the file is checked as a whole.
fn named_data_dir(config: &Path) -> Option<PathBuf> {
    let document: toml_edit::DocumentMut = std::fs::read_to_string(config).ok()?.parse().ok()?;
    let path = document.get("server")?.as_table_like()?.get("data_dir")?.as_str()?;
    Some(config.parent()?.join(path))
}

fn default_data_dir(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Result<PathBuf, StoreError> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd gives a service its own folder (StateDirectory=).
    if let Some(path) = folder("STATE_DIRECTORY") {
        return Ok(path);
    }
    if let Some(path) = folder("XDG_DATA_HOME") {
        return Ok(path.join("sightline"));
    }
    if let Some(path) = folder("HOME").filter(|home| home != Path::new("/")) {
        return Ok(path.join(".local/share/sightline"));
    }
    // A service of the system without a home.
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/sightline"));
    }
    Err(StoreError::field("data", "no_data_dir", "There is no home folder to keep data in. Name one with --data DIR."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_where_the_system_keeps_such_things() {
        let from = |set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            default_data_dir(&find).map(|path| path.display().to_string()).ok()
        };
        assert_eq!(from(&[("STATE_DIRECTORY", "/s"), ("HOME", "/h")]).as_deref(), Some("/s"));
        assert_eq!(from(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]).as_deref(), Some("/x/sightline"));
        assert_eq!(from(&[("XDG_DATA_HOME", "rel"), ("HOME", "/h")]).as_deref(), Some("/h/.local/share/sightline"));
    }

    #[test]
    fn the_settings_may_name_the_data_folder_and_the_command_line_wins() {
        let dir = tempfile::tempdir().expect("a folder");
        let config = dir.path().join("my.toml");
        std::fs::write(&config, "[server]\ndata_dir = \"data\"\n").expect("written");
        let places = Places::find(Some(&config), None).expect("places");
        assert_eq!(places, Places { config: config.clone(), data_dir: dir.path().join("data") });
        let other = dir.path().join("other");
        assert_eq!(Places::find(Some(&config), Some(&other)).expect("places").data_dir, other);
        places.make().expect("made");
        let lock = places.lock().expect("free");
        assert!(matches!(places.lock(), Err(StoreError::Locked(_))));
        drop(lock);
        places.lock().expect("free again");
    }
}
