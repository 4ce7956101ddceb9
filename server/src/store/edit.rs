//! Edits the settings file's text as a person would: one table at a time, comments and order kept.

use crate::device::Wish;
use crate::settings::detect::when_word;
use crate::settings::encoder::bits;
use crate::settings::file::VERSION;
use crate::settings::polygon;
use serde::de::{DeserializeOwned, IntoDeserializer};
use sightline_shared::camera::{DetectSettings, Role, SecondModel, Transport, VideoMode};
use sightline_shared::device::{ANY_DEVICE, DecoderChoice};
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::scene::{Mask, MaskStyle, Zone, ZoneKind};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// A camera as it is written.
pub(super) struct NewTable<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    /// Address and roles of each stream; one stream with both roles is written as `url`.
    pub(super) streams: &'a [(String, Vec<Role>)],
    pub(super) transport: Transport,
    pub(super) video: VideoMode,
    pub(super) hardware: Wish,
    pub(super) detect: &'a DetectSettings,
    pub(super) encoder: &'a EncoderSettings,
    pub(super) zones: &'a [Zone],
    pub(super) masks: &'a [Mask],
    pub(super) unmasked_source: bool,
}

/// Adds a `[[camera]]` at the end.
pub(super) fn add(document: &mut DocumentMut, camera: &NewTable<'_>) {
    if document.is_empty() {
        document["version"] = value(VERSION);
    }
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table["id"] = value(camera.id);
    table["name"] = value(camera.name);
    match camera.streams {
        [(url, _)] => table["url"] = value(url),
        several => {
            let mut tables = ArrayOfTables::new();
            for (url, roles) in several {
                let mut stream = Table::new();
                stream["url"] = value(url);
                stream["role"] = role_value(roles);
                tables.push(stream);
            }
            table["stream"] = Item::ArrayOfTables(tables);
        }
    }
    if camera.transport != Transport::default() {
        table["transport"] = value(transport_word(camera.transport));
    }
    if camera.video != VideoMode::default() {
        table["video"] = value(video_word(camera.video));
    }
    set_device(&mut table, camera.hardware);
    set_decoder(&mut table, camera.hardware.decoder);
    set_detect(&mut table, camera.detect);
    set_encoder(&mut table, camera.encoder);
    set_zones(&mut table, camera.zones);
    set_masks(&mut table, camera.masks);
    set_unmasked_source(&mut table, camera.unmasked_source);
    if document.get("camera").is_none_or(|item| !item.is_array_of_tables()) {
        document["camera"] = Item::ArrayOfTables(ArrayOfTables::new());
    }
    if let Some(tables) = document["camera"].as_array_of_tables_mut() {
        tables.push(table);
    }
}

/// Removes the camera at `index`, with its comments.
pub(super) fn remove(document: &mut DocumentMut, index: usize) {
    let Some(tables) = document.get_mut("camera").and_then(Item::as_array_of_tables_mut) else { return };
    tables.remove(index);
    if tables.is_empty() {
        document.remove("camera");
    }
}

/// The camera at `index`.
pub(super) fn camera(document: &mut DocumentMut, index: usize) -> Option<&mut Table> {
    document.get_mut("camera")?.as_array_of_tables_mut()?.get_mut(index)
}

/// The table in which the address of the viewed stream stands.
pub(super) fn view_stream(camera: &mut Table) -> &mut Table {
    let views = |table: &Table| match table.get("role") {
        Some(Item::Value(Value::Array(roles))) => roles.iter().any(|role| role.as_str() == Some("view")),
        Some(item) => item.as_str() == Some("view"),
        None => false,
    };
    let index = camera.get("stream").and_then(Item::as_array_of_tables).and_then(|list| list.iter().position(views));
    match index {
        Some(index) => camera["stream"]
            .as_array_of_tables_mut()
            .and_then(|list| list.get_mut(index))
            .expect("the index was found in this very list"),
        None => camera,
    }
}

/// Every text of a table and those below it.
pub(super) fn texts(table: &dyn TableLike) -> Vec<String> {
    let mut out = Vec::new();
    for (_, item) in table.iter() {
        if let Some(text) = item.as_str() {
            out.push(text.to_owned());
        } else if let Some(list) = item.as_array_of_tables() {
            out.extend(list.iter().flat_map(|table| texts(table)));
        } else if let Some(table) = item.as_table_like() {
            out.extend(texts(table));
        }
    }
    out
}

/// Sets a key, keeping the comment behind it.
pub(super) fn set(table: &mut Table, key: &str, new: impl Into<Value>) {
    let mut new = new.into();
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) => *item = Item::Value(new),
        None => table[key] = Item::Value(new),
    }
}

/// Sets a key to `new`, or leaves it out where it is absent and `new` is the default.
fn set_unless<T: PartialEq + Into<Value>>(table: &mut Table, key: &str, new: T, default: &T) {
    if table.contains_key(key) || new != *default {
        set(table, key, new);
    }
}

/// Sets the transport.
pub(super) fn set_transport(table: &mut Table, transport: Transport) {
    set_unless(table, "transport", transport_word(transport), &transport_word(Transport::default()));
}

/// Sets the way the picture goes.
pub(super) fn set_video(table: &mut Table, video: VideoMode) {
    set_unless(table, "video", video_word(video), &video_word(VideoMode::default()));
}

/// Sets the device; a number is written as one.
pub(super) fn set_device(table: &mut Table, wish: Wish) {
    match wish.device {
        Some(number) => set(table, "device", i64::from(number)),
        None => set_unless(table, "device", ANY_DEVICE, &ANY_DEVICE),
    }
}

/// Sets what decodes.
pub(super) fn set_decoder(table: &mut Table, decoder: DecoderChoice) {
    let word = |decoder| match decoder {
        DecoderChoice::Auto => "auto",
        DecoderChoice::Nvdec => "nvdec",
        DecoderChoice::Software => "software",
    };
    set_unless(table, "decoder", word(decoder), &word(DecoderChoice::default()));
}

/// Sets `enabled`.
pub(super) fn set_enabled(table: &mut Table, enabled: bool) {
    set_unless(table, "enabled", enabled, &true);
}

/// Sets the detector's settings; what is the default and was not written stays unwritten.
pub(super) fn set_detect(camera: &mut Table, detect: &DetectSettings) {
    let default = DetectSettings::default();
    let mut table = match camera.get("detect") {
        Some(Item::Table(table)) => table.clone(),
        Some(Item::Value(Value::InlineTable(table))) => table.clone().into_table(),
        _ => Table::new(),
    };
    set_unless(&mut table, "model", detect.model.as_str(), &default.model.as_str());
    set_unless(&mut table, "fps", detect.fps, &default.fps);
    set_unless(&mut table, "min_score", detect.min_score, &default.min_score);
    if table.contains_key("labels") || !detect.labels.is_empty() {
        set(&mut table, "labels", texts_value(&detect.labels));
    }
    set_unless(&mut table, "key_frames_only", detect.key_frames_only, &default.key_frames_only);
    set_unless(&mut table, "when", when_word(detect.when), &when_word(default.when));
    set_unless(&mut table, "moving_camera", detect.moving_camera, &default.moving_camera);
    set_lists(&mut table, detect);
    match camera.get_mut("detect") {
        Some(item) if item.is_table() => *item = Item::Table(table),
        Some(item) => *item = Item::Value(Value::InlineTable(table.into_inline_table())),
        None if table.is_empty() => {}
        None => camera["detect"] = Item::Table(table),
    }
}

/// Sets what holds more than one value; what stands there and says the same stays as it is written.
fn set_lists(table: &mut Table, detect: &DetectSettings) {
    if !says(table.get("scores"), &detect.scores) {
        let scores: InlineTable = detect.scores.iter().map(|(label, score)| (label.as_str(), *score)).collect();
        set_or_remove(table, "scores", (!scores.is_empty()).then(|| scores.into()));
    }
    if !says(table.get("regions"), &detect.regions) {
        let regions: Array = detect.regions.iter().map(|region| polygon::written(region)).collect();
        set_or_remove(table, "regions", (!regions.is_empty()).then(|| regions.into()));
    }
    if !says(table.get("second"), &detect.second) {
        let second: Array = detect.second.iter().map(second_value).collect();
        set_or_remove(table, "second", (!second.is_empty()).then(|| second.into()));
    }
}

fn second_value(second: &SecondModel) -> InlineTable {
    let mut written = InlineTable::new();
    written.insert("model", second.model.as_str().into());
    if !second.labels.is_empty() {
        written.insert("labels", texts_value(&second.labels).into());
    }
    written
}

/// Whether this is what stands there, however it is written; an absent key says the default.
fn says<T: DeserializeOwned + Default + PartialEq>(item: Option<&Item>, wanted: &T) -> bool {
    let Some(item) = item else { return *wanted == T::default() };
    let value = item.clone().into_value().ok();
    value.and_then(|value| T::deserialize(value.into_deserializer()).ok()).is_some_and(|stands| stands == *wanted)
}

fn set_or_remove(table: &mut Table, key: &str, new: Option<Value>) {
    match new {
        Some(new) => set(table, key, new),
        None => drop(table.remove(key)),
    }
}

fn texts_value(list: &[String]) -> Array {
    list.iter().map(String::as_str).collect()
}

/// Sets what is asked of the encoder: what is asked for is written, everything else is not. A number that stands there already is
/// left as it is written (`"8M"`).
pub(super) fn set_encoder(camera: &mut Table, encoder: &EncoderSettings) {
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(encoder) else { return };
    let mut table = match camera.get("encoder") {
        Some(Item::Table(table)) => table.clone(),
        Some(Item::Value(Value::InlineTable(table))) => table.clone().into_table(),
        _ => Table::new(),
    };
    let gone: Vec<String> =
        table.iter().map(|(key, _)| key.to_owned()).filter(|key| !members.contains_key(key)).collect();
    gone.iter().for_each(|key| drop(table.remove(key)));
    for (key, member) in &members {
        let written = table.get(key).and_then(Item::as_str).and_then(bits);
        if written.is_none() || written != member.as_u64() {
            match (member.as_str(), member.as_i64(), member.as_f64()) {
                (Some(word), ..) => set(&mut table, key, word),
                (None, Some(whole), _) => set(&mut table, key, whole),
                (None, None, Some(number)) => set(&mut table, key, number),
                (None, None, None) => {}
            }
        }
    }
    match camera.get_mut("encoder") {
        Some(_) if table.is_empty() => drop(camera.remove("encoder")),
        Some(item) if item.is_table() => *item = Item::Table(table),
        Some(item) => *item = Item::Value(Value::InlineTable(table.into_inline_table())),
        None if table.is_empty() => {}
        None => camera["encoder"] = Item::Table(table),
    }
}

/// Sets the zones; one that was there under the same id keeps its comments.
pub(super) fn set_zones(camera: &mut Table, zones: &[Zone]) {
    let old = camera.remove("zone").and_then(|item| item.into_array_of_tables().ok()).unwrap_or_default();
    let mut tables = ArrayOfTables::new();
    for zone in zones {
        let known = old.iter().find(|table| table.get("id").and_then(Item::as_str) == Some(&zone.id));
        let mut table = known.cloned().unwrap_or_default();
        set_zone(&mut table, zone);
        tables.push(table);
    }
    if !tables.is_empty() {
        camera["zone"] = Item::ArrayOfTables(tables);
    }
}

fn set_zone(table: &mut Table, zone: &Zone) {
    let default = Zone::default();
    let word = |kind| match kind {
        ZoneKind::Area => "area",
        ZoneKind::Line => "line",
    };
    set(table, "id", zone.id.as_str());
    set_unless(table, "name", zone.name.as_str(), &zone.id.as_str());
    set_unless(table, "kind", word(zone.kind), &word(default.kind));
    set(table, "points", polygon::written(&zone.points));
    if table.contains_key("labels") || !zone.labels.is_empty() {
        set(table, "labels", texts_value(&zone.labels));
    }
    set_unless(table, "dwell_s", zone.dwell_s, &default.dwell_s);
}

/// Sets the masks; one that is where it was keeps its comments.
pub(super) fn set_masks(camera: &mut Table, masks: &[Mask]) {
    let old = camera.remove("mask").and_then(|item| item.into_array_of_tables().ok()).unwrap_or_default();
    let word = |style| match style {
        MaskStyle::Fill => "fill",
        MaskStyle::Pixelate => "pixelate",
    };
    let mut tables = ArrayOfTables::new();
    for mask in masks {
        let written = polygon::written(&mask.points).to_string();
        let known = old.iter().find(|table| {
            table.get("points").and_then(Item::as_array).is_some_and(|points| points.to_string().trim() == written)
        });
        let mut table = known.cloned().unwrap_or_default();
        set_unless(&mut table, "style", word(mask.style), &word(MaskStyle::default()));
        set(&mut table, "points", polygon::written(&mask.points));
        tables.push(table);
    }
    if !tables.is_empty() {
        camera["mask"] = Item::ArrayOfTables(tables);
    }
}

pub(super) fn set_unmasked_source(camera: &mut Table, unmasked: bool) {
    set_unless(camera, "unmasked_source", unmasked, &false);
}

fn role_value(roles: &[Role]) -> Item {
    match roles {
        [role] => value(role_word(*role)),
        several => value(several.iter().map(|role| role_word(*role)).collect::<Array>()),
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::View => "view",
        Role::Detect => "detect",
        Role::Record => "record",
    }
}

fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Auto => "auto",
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

fn video_word(video: VideoMode) -> &'static str {
    match video {
        VideoMode::Auto => "auto",
        VideoMode::Passthrough => "passthrough",
        VideoMode::Transcode => "transcode",
    }
}
