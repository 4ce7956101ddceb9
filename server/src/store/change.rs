//! Adds, changes and deletes cameras: the text is edited, checked as a whole, and only then put in force.

use super::fields::{BAD_ENCODER, check_detect, check_encoder, check_masks, check_models, check_zones, device_of};
use super::{DEMO_ID, Store, StoreError, edit, revision, write_config};
use crate::device::Wish;
use crate::encode::{self, Purpose, Refusal};
use crate::settings::address::{self, placeholders};
use crate::settings::file::{MAX_CAMERAS, MAX_NAME, check_name};
use crate::settings::files::FileRule;
use crate::settings::typed::{Known, Prepared, prepare, read_prepared};
use crate::settings::{CameraSettings, Origin, StreamSettings, settle_roles, slug};
use sightline_shared::api::{CameraPatch, NewCamera};
use sightline_shared::camera::{DetectSettings, Role};
use sightline_shared::encoder::EncoderSettings;
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::DocumentMut;

/// A change under way: the text it started from, and what it will write.
struct Draft {
    before: String,
    document: DocumentMut,
    fresh: Vec<(String, String)>,
    known: BTreeMap<String, String>,
}

impl Store {
    /// Adds a camera.
    ///
    /// # Errors
    /// A field is wrong, the id is taken, the file is read-only, wrong, or of another revision than `expected`.
    pub fn add_camera(
        &self,
        new: &NewCamera,
        files: &FileRule,
        expected: Option<&str>,
    ) -> Result<CameraSettings, StoreError> {
        let mut state = self.lock();
        let mut draft = self.begin(&mut state, expected)?;
        if state.cameras.len() >= MAX_CAMERAS {
            return Err(StoreError::field("url", "too_many", format!("{MAX_CAMERAS} cameras is the most.")));
        }
        check_detect(&new.detect)?;
        check_models(&new.detect, &DetectSettings::default(), files)?;
        check_encoder(&new.encoder)?;
        check_zones(&new.zones)?;
        check_masks(&new.masks)?;
        let device = new.device.as_deref().map_or(Ok(None), device_of)?;
        let hardware = Wish { device, decoder: new.decoder };
        let addresses = addresses(new)?;
        let name = name_for(new, &addresses)?;
        let taken = |id: &str| id == DEMO_ID || state.cameras.iter().any(|camera| camera.id == id);
        let id = free_id(new.id.as_deref(), &name, taken)?;
        let mut streams = Vec::new();
        for (field, url, roles) in addresses {
            let prepared = draft.take_secrets(&id, url, None, files).map_err(|error| error.at(field))?;
            streams.push((prepared, roles));
        }
        let table = edit::NewTable {
            id: &id,
            name: &name,
            streams: &streams,
            transport: new.transport,
            video: new.video,
            hardware,
            detect: &new.detect,
            encoder: &new.encoder,
            zones: &new.zones,
            masks: &new.masks,
            unmasked_source: new.unmasked_source,
        };
        edit::add(&mut draft.document, &table);
        self.finish(&mut state, draft, &BTreeSet::new())?;
        state.cameras.iter().find(|camera| camera.id == id).cloned().ok_or(StoreError::NoCamera(id))
    }

    /// Changes a camera. The demo camera takes zones and masks, until the program ends.
    ///
    /// # Errors
    /// As [`Store::add_camera`], and if there is no such camera.
    pub fn change_camera(
        &self,
        id: &str,
        patch: &CameraPatch,
        files: &FileRule,
        expected: Option<&str>,
    ) -> Result<CameraSettings, StoreError> {
        let mut state = self.lock();
        check_patch(patch)?;
        if let Some(demo) = state.cameras.iter_mut().find(|camera| camera.id == id && is_demo(camera)) {
            return change_demo(demo, patch);
        }
        let mut draft = self.begin(&mut state, expected)?;
        let (index, camera) = self.position(&state.cameras, id)?;
        patch.detect.as_ref().map_or(Ok(()), |detect| check_models(detect, &camera.detect, files))?;
        let table = draft.camera(index, id)?;
        let before = names_in(&edit::texts(table));
        apply_patch(table, id, patch);
        let view = view_origin(&camera);
        if let Some(url) = patch.url.as_deref().filter(|url| url.trim() != view.masked()) {
            let template =
                edit::view_stream(table).get("url").and_then(|item| item.as_str()).unwrap_or_default().to_owned();
            let known = Known { template: &template, origin: view };
            let url = draft.take_secrets(id, url, Some(known), files).map_err(|error| error.at("url"))?;
            edit::set(edit::view_stream(draft.camera(index, id)?), "url", url);
        }
        self.finish(&mut state, draft, &before)?;
        state.cameras.iter().find(|camera| camera.id == id).cloned().ok_or_else(|| StoreError::NoCamera(id.into()))
    }

    /// Changes what is asked of the encoder of `main`: a merge patch (RFC 7396). The demo camera takes it until the program ends.
    ///
    /// # Errors
    /// As [`Store::change_camera`]; the field is that of the setting.
    pub fn change_encoder(
        &self,
        id: &str,
        patch: &serde_json::Value,
        expected: Option<&str>,
    ) -> Result<CameraSettings, StoreError> {
        let mut state = self.lock();
        let known = state.cameras.iter().position(|camera| camera.id == id);
        let index = known.ok_or_else(|| StoreError::NoCamera(id.into()))?;
        let refused = |refusal: Refusal| StoreError::field(refusal.field, BAD_ENCODER, refusal.message);
        let merged = |asked: &EncoderSettings| {
            let new = encode::merge(asked, patch)?;
            encode::check(&new, Purpose::Live).map(|()| new)
        };
        if is_demo(&state.cameras[index]) {
            let new = merged(&state.cameras[index].encoder).map_err(refused)?;
            state.cameras[index].encoder = new;
            return Ok(state.cameras[index].clone());
        }
        let mut draft = self.begin(&mut state, expected)?;
        let (index, camera) = self.position(&state.cameras, id)?;
        let new = merged(&camera.encoder).map_err(refused)?;
        if new == camera.encoder {
            return Ok(camera);
        }
        let table = draft.camera(index, id)?;
        let before = names_in(&edit::texts(table));
        edit::set_encoder(table, &new);
        self.finish(&mut state, draft, &before)?;
        state.cameras.iter().find(|camera| camera.id == id).cloned().ok_or_else(|| StoreError::NoCamera(id.into()))
    }

    /// Deletes a camera and the secrets that only it used. Recordings would stay.
    ///
    /// # Errors
    /// As [`Store::change_camera`].
    pub fn delete_camera(&self, id: &str, expected: Option<&str>) -> Result<CameraSettings, StoreError> {
        let mut state = self.lock();
        let mut draft = self.begin(&mut state, expected)?;
        let (index, camera) = self.position(&state.cameras, id)?;
        let before = names_in(&edit::texts(draft.camera(index, id)?));
        edit::remove(&mut draft.document, index);
        self.finish(&mut state, draft, &before)?;
        Ok(camera)
    }

    /// Reads the file as it is now: a change made by hand a moment ago is kept.
    fn begin(&self, state: &mut super::State, expected: Option<&str>) -> Result<Draft, StoreError> {
        let before = self.read_settled(state)?;
        let settings = self.check(&before, &[])?;
        if revision(&before) != state.revision {
            self.put_in_force(state, &before, settings)?;
        }
        if expected.is_some_and(|expected| expected != state.revision) {
            return Err(StoreError::Conflict);
        }
        if let Some(why) = super::replace::why_read_only(&self.places.config) {
            return Err(StoreError::ReadOnly(why));
        }
        let document = before.parse().map_err(|_| StoreError::Conflict)?;
        Ok(Draft { before, document, fresh: Vec::new(), known: self.secrets.read()? })
    }

    /// The camera, and its place among the tables of the file.
    fn position(&self, cameras: &[CameraSettings], id: &str) -> Result<(usize, CameraSettings), StoreError> {
        let index = cameras.iter().position(|camera| camera.id == id).ok_or_else(|| StoreError::NoCamera(id.into()))?;
        if is_demo(&cameras[index]) {
            return Err(StoreError::Demo);
        }
        Ok((index - usize::from(self.demo), cameras[index].clone()))
    }

    /// Checks the new text, writes secrets before the text that names them, and removes secrets that nothing names any more.
    fn finish(&self, state: &mut super::State, draft: Draft, before: &BTreeSet<String>) -> Result<(), StoreError> {
        let text = draft.document.to_string();
        let settings = self.check(&text, &draft.fresh)?;
        if self.read_file()?.unwrap_or_default() != draft.before {
            return Err(StoreError::Conflict);
        }
        self.secrets.change(&draft.fresh, &[])?;
        write_config(&self.places.config, &text)?;
        let after = names_in(&edit::texts(draft.document.as_table()));
        let unused: Vec<String> =
            before.iter().filter(|name| !after.contains(*name) && draft.known.contains_key(*name)).cloned().collect();
        self.secrets.change(&[], &unused)?;
        self.put_in_force(state, &text, settings)
    }
}

impl Draft {
    fn camera(&mut self, index: usize, id: &str) -> Result<&mut toml_edit::Table, StoreError> {
        edit::camera(&mut self.document, index).ok_or_else(|| StoreError::NoCamera(id.into()))
    }

    /// The address as it will be written, its secrets put aside.
    fn take_secrets(
        &mut self,
        id: &str,
        url: &str,
        known: Option<Known<'_>>,
        files: &FileRule,
    ) -> Result<String, Unplaced> {
        let mut taken: BTreeSet<String> = self.known.keys().cloned().collect();
        taken.extend(self.fresh.iter().map(|(name, _)| name.clone()));
        taken.extend(names_in(&edit::texts(self.document.as_table())));
        let prepared = prepare(url, known, || {
            let name = secret_name(id, &taken);
            taken.insert(name.clone());
            name
        })?;
        let lookup = |name: &str| self.known.get(name).cloned().or_else(|| std::env::var(name).ok());
        files.check(&read_prepared(&prepared, &lookup)?)?;
        let Prepared { template, secrets } = prepared;
        self.fresh.extend(secrets);
        Ok(template)
    }
}

/// An address error whose field is not known yet.
struct Unplaced(address::AddressError);

impl Unplaced {
    fn at(self, field: &'static str) -> StoreError {
        StoreError::address(field, &self.0)
    }
}

impl From<address::AddressError> for Unplaced {
    fn from(error: address::AddressError) -> Self {
        Self(error)
    }
}

/// Field, address and roles of a stream of a request.
type Asked<'a> = (&'static str, &'a str, Vec<Role>);

/// The streams of a request, the roles in the form that the file needs.
fn addresses(new: &NewCamera) -> Result<Vec<Asked<'_>>, StoreError> {
    match (new.url.as_deref(), &new.streams[..]) {
        (Some(url), []) => Ok(vec![("url", url, vec![Role::View, Role::Detect])]),
        (Some(_), _) => Err(StoreError::field("url", "bad_request", "Give either `url` or `streams`, not both.")),
        (None, []) => Err(StoreError::address("url", &address::AddressError::Empty)),
        (None, streams) => {
            if streams.iter().any(|stream| stream.roles.contains(&Role::Record)) {
                let message = "Recording is not built yet: leave the role \"record\" out.";
                return Err(StoreError::field("streams", "not_built", message));
            }
            let place = |roles: &Vec<Role>| StreamSettings { origin: Origin::Demo, roles: roles.clone() };
            let mut settled: Vec<_> = streams.iter().map(|stream| place(&stream.roles)).collect();
            settle_roles(&mut settled).map_err(|wrong| StoreError::field("streams", "bad_roles", wrong))?;
            Ok(streams.iter().zip(settled).map(|(s, settled)| ("streams", s.url.as_str(), settled.roles)).collect())
        }
    }
}

/// The name given, or one made from the first address.
fn name_for(new: &NewCamera, addresses: &[Asked<'_>]) -> Result<String, StoreError> {
    let mut origins = Vec::with_capacity(addresses.len());
    for (field, url, _) in addresses {
        origins.push(address::read_literal(url).map_err(|error| StoreError::address(field, &error))?);
    }
    let given = new.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = given.map_or_else(|| origins[0].name().chars().take(MAX_NAME).collect(), str::to_owned);
    check_name(&name).map_or(Ok(name), |wrong| Err(StoreError::field("name", "bad_name", wrong)))
}

fn free_id(wanted: Option<&str>, name: &str, taken: impl Fn(&str) -> bool) -> Result<String, StoreError> {
    let Some(id) = wanted else { return Ok(slug::unique(&slug::from_name(name), taken)) };
    if let Some(wrong) = slug::check(id) {
        return Err(StoreError::field("id", "bad_id", wrong));
    }
    if taken(id) { Err(StoreError::Taken(id.into())) } else { Ok(id.into()) }
}

fn check_patch(patch: &CameraPatch) -> Result<(), StoreError> {
    if let Some(wrong) = patch.name.as_deref().map(str::trim).and_then(check_name) {
        return Err(StoreError::field("name", "bad_name", wrong));
    }
    patch.encoder.as_ref().map_or(Ok(()), check_encoder)?;
    patch.device.as_deref().map_or(Ok(None), device_of)?;
    patch.zones.as_deref().map_or(Ok(()), check_zones)?;
    patch.masks.as_deref().map_or(Ok(()), check_masks)?;
    patch.detect.as_ref().map_or(Ok(()), check_detect)
}

/// Writes all of a patch but the address.
fn apply_patch(table: &mut toml_edit::Table, id: &str, patch: &CameraPatch) {
    // An id that came from the name must not follow the new name: viewers and recordings hold on to it.
    if !table.contains_key("id") {
        edit::set(table, "id", id);
    }
    if let Some(name) = patch.name.as_deref() {
        edit::set(table, "name", name.trim());
    }
    if let Some(transport) = patch.transport {
        edit::set_transport(table, transport);
    }
    if let Some(video) = patch.video {
        edit::set_video(table, video);
    }
    if let Some(device) = patch.device.as_deref().and_then(|word| Wish::device_of(word).ok()) {
        edit::set_device(table, Wish { device, ..Wish::default() });
    }
    if let Some(decoder) = patch.decoder {
        edit::set_decoder(table, decoder);
    }
    if let Some(enabled) = patch.enabled {
        edit::set_enabled(table, enabled);
    }
    if let Some(detect) = &patch.detect {
        edit::set_detect(table, detect);
    }
    if let Some(encoder) = &patch.encoder {
        edit::set_encoder(table, encoder);
    }
    if let Some(zones) = &patch.zones {
        edit::set_zones(table, zones);
    }
    if let Some(masks) = &patch.masks {
        edit::set_masks(table, masks);
    }
    if let Some(unmasked) = patch.unmasked_source {
        edit::set_unmasked_source(table, unmasked);
    }
}

fn is_demo(camera: &CameraSettings) -> bool {
    camera.streams.iter().any(|stream| stream.origin == Origin::Demo)
}

/// What stands in no file can change without one.
fn change_demo(demo: &mut CameraSettings, patch: &CameraPatch) -> Result<CameraSettings, StoreError> {
    let CameraPatch { zones, masks, unmasked_source, .. } = patch.clone();
    let all = CameraPatch { zones, masks, unmasked_source, ..CameraPatch::default() };
    if *patch != all || all == CameraPatch::default() {
        return Err(StoreError::Demo);
    }
    demo.zones = all.zones.unwrap_or_else(|| std::mem::take(&mut demo.zones));
    demo.privacy.masks = all.masks.map_or_else(|| demo.privacy.masks.clone(), Into::into);
    demo.privacy.unmasked_source = all.unmasked_source.unwrap_or(demo.privacy.unmasked_source);
    Ok(demo.clone())
}

fn view_origin(camera: &CameraSettings) -> &Origin {
    let view = camera.streams.iter().find(|stream| stream.roles.contains(&Role::View));
    &view.unwrap_or(&camera.streams[0]).origin
}

/// `YARD_PASSWORD`, `YARD_PASSWORD_2`, ...
fn secret_name(id: &str, taken: &BTreeSet<String>) -> String {
    let base: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let base = format!("{base}_PASSWORD");
    let numbered = (2_u32..).map(|n| format!("{base}_{n}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(base)
}

fn names_in(texts: &[String]) -> BTreeSet<String> {
    texts.iter().flat_map(|text| placeholders(text)).map(str::to_owned).collect()
}
