//! An address that is tried before it is kept: read by the rules of adding a camera, and written nowhere.

use super::{Store, StoreError, edit};
use crate::settings::Origin;
use crate::settings::address::AddressError;
use crate::settings::files::FileRule;
use crate::settings::typed::{Known, prepare, read_prepared};
use sightline_shared::camera::Role;
use toml_edit::DocumentMut;

impl Store {
    /// Where `url` leads. `***` in it stands for the password of the camera with the id `camera`, on that camera's own host.
    ///
    /// # Errors
    /// The address is wrong, or not for this asker; there is no such camera; secrets cannot be read.
    pub fn read_typed(&self, url: &str, camera: Option<&str>, files: &FileRule) -> Result<Origin, StoreError> {
        let known = camera.map(|id| self.known_address(id)).transpose()?;
        let known = known.as_ref().map(|(template, origin)| Known { template, origin });
        let mut fresh = 0_u32;
        // Names that no file could hold, so that they never stand for another secret.
        let name = || {
            fresh += 1;
            format!("TRIED_{fresh}_{}", std::process::id())
        };
        let wrong = |error: AddressError| StoreError::address("url", &error);
        let prepared = prepare(url, known, name).map_err(wrong)?;
        let secrets = self.secrets.read()?;
        let lookup = |name: &str| secrets.get(name).cloned().or_else(|| std::env::var(name).ok());
        let origin = read_prepared(&prepared, &lookup).map_err(wrong)?;
        files.check(&origin).map_err(wrong)?;
        Ok(origin)
    }

    /// The address of a camera's viewed stream, as it is written and as it was read.
    fn known_address(&self, id: &str) -> Result<(String, Origin), StoreError> {
        let missing = || StoreError::NoCamera(id.into());
        let cameras = self.snapshot().cameras;
        let index = cameras.iter().position(|camera| camera.id == id).ok_or_else(missing)?;
        let view =
            cameras[index].streams.iter().find(|stream| stream.roles.contains(&Role::View)).ok_or_else(missing)?;
        let text = self.read_file()?.unwrap_or_default();
        let mut document: DocumentMut = text.parse().map_err(|_| StoreError::Conflict)?;
        let place = index.checked_sub(usize::from(self.demo)).ok_or(StoreError::Demo)?;
        let table = edit::camera(&mut document, place).ok_or_else(missing)?;
        let url = edit::view_stream(table).get("url").and_then(|item| item.as_str()).unwrap_or_default().to_owned();
        Ok((url, view.origin.clone()))
    }
}
