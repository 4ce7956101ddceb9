//! What outlives the program: `sightline.toml`, `secrets.toml` and the database, read and written here alone.

mod auth;
mod change;
mod clips;
mod db;
mod edit;
mod error;
mod events;
mod fields;
mod places;
mod replace;
mod secrets;
mod tried;

pub use auth::{MAX_TOKENS, SESSION_S, SecretHash, SessionState, TokenRow, secret_hash};
pub use db::{Db, new_ulid};
pub use error::StoreError;
pub use events::{EventQuery, EventRoom};
pub use places::Places;

use crate::device::Wish;
use crate::pipeline::clock::Clock;
use crate::settings::file::{Context, FileSettings, check};
use crate::settings::{CameraSettings, Mistake, Origin, Privacy, ServerSettings, StreamSettings};
use secrets::Secrets;
use sha2::{Digest, Sha256};
use sightline_shared::camera::{DetectSettings, Role, Transport, VideoMode};
use sightline_shared::encoder::EncoderSettings;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The id of the demo camera.
pub const DEMO_ID: &str = "demo";

/// A file that is being written is looked at again after this long, this often at most.
const SETTLE: Duration = Duration::from_millis(200);
const SETTLE_TRIES: usize = 10;

/// Settings and state.
pub struct Store {
    places: Places,
    secrets: Secrets,
    db: Db,
    clock: Arc<dyn Clock>,
    demo: bool,
    state: Mutex<State>,
}

/// The settings in force, and what is wrong with the file if it is another.
#[derive(Clone, Debug, Default)]
struct State {
    /// Of the bytes that were last looked at, secrets among them.
    seen: String,
    /// Of the bytes in force.
    revision: String,
    server: Arc<ServerSettings>,
    cameras: Vec<CameraSettings>,
    mistakes: Vec<Mistake>,
    read_only: Option<String>,
}

/// What is in force now.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Changes with every change of the file: the ETag.
    pub revision: String,
    /// `[server]`.
    pub server: Arc<ServerSettings>,
    /// The cameras in the order of the file, the demo camera first.
    pub cameras: Vec<CameraSettings>,
    /// What is wrong with the file as it is now; the settings in force are older then.
    pub mistakes: Vec<Mistake>,
    /// Why the file cannot be changed from here.
    pub read_only: Option<String>,
}

impl Store {
    /// Opens everything, making the data folder where it is missing.
    ///
    /// # Errors
    /// The settings have mistakes, or a file cannot be read.
    pub fn open(places: Places, demo: bool, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        places.make()?;
        let db = Db::open(&places.data_dir)?;
        let secrets = Secrets::new(&places.data_dir);
        let store = Self { places, secrets, db, clock, demo, state: Mutex::default() };
        let text = store.read_file()?.unwrap_or_default();
        let settings = store.check(&text, &[])?;
        store.put_in_force(&mut store.lock(), &text, settings)?;
        Ok(store)
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Where things are.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// What is in force now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let State { revision, server, cameras, mistakes, read_only, .. } = self.lock().clone();
        Snapshot { revision, server, cameras, mistakes, read_only }
    }

    /// `[server]` as it is in force now.
    #[must_use]
    pub fn snapshot_server(&self) -> Arc<ServerSettings> {
        self.lock().server.clone()
    }

    /// Looks whether the file was changed by hand, and takes it over if it is good. `Ok(true)`: it was. May wait for the disk and
    /// for whoever writes the file: call it from a blocking thread.
    ///
    /// # Errors
    /// The new file has mistakes (told once for each content) or cannot be read; what was in force stays.
    pub fn reload(&self) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let text = self.read_settled(&state)?;
        let now = self.fingerprint(&text);
        if now == state.seen {
            return Ok(false);
        }
        state.seen = now;
        match self.check(&text, &[]) {
            Ok(settings) => self.put_in_force(&mut state, &text, settings).map(|()| true),
            Err(error) => {
                if let StoreError::Mistakes { mistakes, .. } = &error {
                    state.mistakes.clone_from(mistakes);
                }
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is replaced as a whole, so a panic cannot leave half of it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes when the settings or the secrets do.
    fn fingerprint(&self, text: &str) -> String {
        revision(&format!("{text}\0{}", self.secrets.text()))
    }

    /// The settings file's text once nobody is writing it: many editors empty a file before they fill it, and a camera that is
    /// gone for a moment would come back as another one.
    fn read_settled(&self, state: &State) -> Result<String, StoreError> {
        let mut text = self.read_present(state)?;
        for _ in 0..SETTLE_TRIES {
            if self.fingerprint(&text) == state.seen {
                break;
            }
            std::thread::sleep(SETTLE);
            let again = self.read_present(state)?;
            if again == text {
                break;
            }
            text = again;
        }
        Ok(text)
    }

    /// The settings file's text. A file that was there and is gone is a fault, and not a wish to have no cameras.
    fn read_present(&self, state: &State) -> Result<String, StoreError> {
        match self.read_file()? {
            Some(text) => Ok(text),
            None if state.revision == revision("") => Ok(String::new()),
            None => Err(StoreError::Gone(self.places.config.clone())),
        }
    }

    /// The settings file's text, if there is one.
    fn read_file(&self) -> Result<Option<String>, StoreError> {
        let path = &self.places.config;
        match std::fs::read(path) {
            Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| StoreError::Mistakes {
                path: path.clone(),
                mistakes: vec![Mistake { line: 1, message: "The file is not UTF-8 text.".into() }],
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", path, &error)),
        }
    }

    /// Checks a text as a whole, with secrets that are not yet written.
    fn check(&self, text: &str, fresh: &[(String, String)]) -> Result<FileSettings, StoreError> {
        let known = self.secrets.read()?;
        let lookup = |name: &str| {
            let fresh = fresh.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            fresh.or_else(|| known.get(name).cloned()).or_else(|| std::env::var(name).ok())
        };
        let reserved: &[&str] = if self.demo { &[DEMO_ID] } else { &[] };
        let context = Context { folder: self.places.config_folder(), lookup: &lookup, reserved };
        check(text, &context).map_err(|mistakes| StoreError::Mistakes { path: self.places.config.clone(), mistakes })
    }

    fn put_in_force(&self, state: &mut State, text: &str, settings: FileSettings) -> Result<(), StoreError> {
        let demo = self.demo.then_some(DEMO_ID);
        let ids: Vec<&str> = demo.into_iter().chain(settings.cameras.iter().map(|camera| camera.id.as_str())).collect();
        let mut uids = self.db.uids(&ids, self.clock.utc())?.into_iter();
        let read_only = replace::why_read_only(&self.places.config);
        let mut cameras = Vec::with_capacity(ids.len());
        if self.demo {
            // What was asked of its encoder, its zones and masks stand nowhere but here.
            let known = state.cameras.iter().find(|camera| camera.id == DEMO_ID);
            let asked = known.map(|camera| (camera.encoder.clone(), camera.zones.clone(), camera.privacy.clone()));
            let (encoder, zones, privacy) = asked.unwrap_or_default();
            cameras.push(CameraSettings { encoder, zones, privacy, ..demo_camera(uids.next().unwrap_or_default()) });
        }
        cameras.extend(
            settings.cameras.into_iter().zip(uids).map(|(draft, uid)| draft.with_uid(uid, read_only.is_none())),
        );
        let (seen, revision) = (self.fingerprint(text), revision(text));
        *state = State { seen, revision, server: Arc::new(settings.server), cameras, mistakes: Vec::new(), read_only };
        Ok(())
    }
}

/// Checks a settings file without taking it over: `sightline config check`.
///
/// # Errors
/// Every mistake, or why it cannot be read.
pub fn check_file(places: &Places) -> Result<FileSettings, StoreError> {
    let text =
        std::fs::read_to_string(&places.config).map_err(|error| StoreError::io("read", &places.config, &error))?;
    let known = Secrets::new(&places.data_dir).read()?;
    let lookup = |name: &str| known.get(name).cloned().or_else(|| std::env::var(name).ok());
    let context = Context { folder: places.config_folder(), lookup: &lookup, reserved: &[] };
    check(&text, &context).map_err(|mistakes| StoreError::Mistakes { path: places.config.clone(), mistakes })
}

fn revision(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn demo_camera(uid: String) -> CameraSettings {
    CameraSettings {
        uid,
        id: DEMO_ID.into(),
        name: "Demo".into(),
        enabled: true,
        streams: vec![StreamSettings { origin: Origin::Demo, roles: vec![Role::View, Role::Detect] }],
        transport: Transport::default(),
        video: VideoMode::default(),
        // Every frame is looked at: the demo shows that boxes are exact.
        detect: DetectSettings { fps: 0.0, ..DetectSettings::default() },
        encoder: EncoderSettings::default(),
        hardware: Wish::default(),
        zones: Vec::new(),
        privacy: Privacy::default(),
        editable: false,
    }
}

/// Writes `text` over the settings file; 0600, since a person may write passwords into it.
fn write_config(path: &Path, text: &str) -> Result<(), StoreError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::io("make the folder", folder, &error))?;
    }
    replace::replace(path, text.as_bytes(), 0o600, false).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied
        | std::io::ErrorKind::ReadOnlyFilesystem
        | std::io::ErrorKind::ResourceBusy => {
            StoreError::ReadOnly(format!("{} cannot be replaced ({error}).", path.display()))
        }
        _ => StoreError::io("write", path, &error),
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod zone_tests;
