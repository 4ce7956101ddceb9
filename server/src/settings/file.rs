//! The settings file as text -> checked settings, or every mistake with its line.

use super::address::{self, Lookup};
use super::section::{Mistake, Report, Section};
use super::{CameraDraft, ServerSettings, StreamSettings, detect, encoder, privacy, server, slug, zones};
use crate::device::Wish;
use sightline_shared::camera::{Role, Transport, VideoMode};
use sightline_shared::device::DecoderChoice;
use std::collections::HashMap;
use std::path::Path;
use toml_edit::{Document, Table, TableLike};

/// The version of the file's shape that this program writes.
pub const VERSION: i64 = 1;
/// Files larger than this are refused.
pub const MAX_BYTES: usize = 1024 * 1024;
/// More cameras than this are refused.
pub const MAX_CAMERAS: usize = 1000;
/// The longest name of a camera, in characters.
pub const MAX_NAME: usize = 100;

/// A settings file that has no mistake.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileSettings {
    /// `[server]`.
    pub server: ServerSettings,
    /// `[[camera]]`, in the order of the file.
    pub cameras: Vec<CameraDraft>,
}

/// What the text is checked against.
pub struct Context<'a> {
    /// The folder that relative paths of `[server]` start from.
    pub folder: &'a Path,
    /// What `${NAME}` stands for.
    pub lookup: Lookup<'a>,
    /// Ids that no camera of the file may have.
    pub reserved: &'a [&'a str],
}

/// Checks the whole file.
///
/// # Errors
/// Every mistake, in the order of the lines. Where the file is not TOML, only the first.
pub fn check(text: &str, context: &Context<'_>) -> Result<FileSettings, Vec<Mistake>> {
    let report = Report::new(text);
    if text.len() > MAX_BYTES {
        return Err(vec![Mistake { line: 1, message: format!("The file is larger than {MAX_BYTES} bytes.") }]);
    }
    let document = Document::parse(text).map_err(|error| {
        let line = report.line(error.span().unwrap_or_default().start);
        // The parser's message names what it expected and does not repeat the file's text.
        vec![Mistake { line, message: format!("This is not TOML: {}.", error.message().replace('\n', "; ")) }]
    })?;
    let settings = root(&report, document.as_table(), context);
    let mistakes = report.finish();
    if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
}

fn root(report: &Report<'_>, table: &Table, context: &Context<'_>) -> FileSettings {
    let section = Section::new(report, table, "the file", None);
    section.only(&["version", "server", "camera"], &[]);
    if let Some(item) = section.item("version") {
        match item.as_integer() {
            Some(VERSION) => {}
            Some(newer) if newer > VERSION => section.wrong(
                "version",
                format!("This file has version {newer}, from a newer Sightline; this program knows up to {VERSION}."),
            ),
            _ => section.wrong("version", format!("`version` must be {VERSION}.")),
        }
    }
    FileSettings { server: server::read(report, &section, context.folder), cameras: cameras(report, &section, context) }
}

fn cameras(report: &Report<'_>, root: &Section<'_>, context: &Context<'_>) -> Vec<CameraDraft> {
    let Some(item) = root.item("camera") else { return Vec::new() };
    let Some(tables) = item.as_array_of_tables() else {
        root.wrong("camera", "A camera is written as a table of its own that begins with [[camera]].");
        return Vec::new();
    };
    if tables.len() > MAX_CAMERAS {
        root.wrong("camera", format!("The file has {} cameras; {MAX_CAMERAS} is the most.", tables.len()));
        return Vec::new();
    }
    let given: Vec<&str> = tables.iter().filter_map(|table| table.get("id")?.as_str()).collect();
    let mut seen: HashMap<String, usize> = context.reserved.iter().map(|id| ((*id).to_owned(), 0)).collect();
    let mut out = Vec::with_capacity(tables.len());
    for table in tables {
        let section = Section::new(report, table, "[[camera]]", table.span());
        let mut camera = camera(report, &section, table, context);
        if section.item("id").is_none() {
            camera.id = slug::unique(&camera.id, |id| seen.contains_key(id) || given.contains(&id));
        }
        match seen.insert(camera.id.clone(), section.line()) {
            Some(0) => section.wrong("id", format!("The id `{}` belongs to the demo camera of --demo.", camera.id)),
            Some(line) => section.wrong("id", format!("The id `{}` is used twice: also on line {line}.", camera.id)),
            None => {}
        }
        out.push(camera);
    }
    out
}

const CAMERA_KEYS: [&str; 14] = [
    "id",
    "name",
    "enabled",
    "url",
    "stream",
    "transport",
    "video",
    "device",
    "decoder",
    "detect",
    "encoder",
    "zone",
    "mask",
    "unmasked_source",
];

fn camera(report: &Report<'_>, section: &Section<'_>, table: &Table, context: &Context<'_>) -> CameraDraft {
    section.only(&CAMERA_KEYS, &["record"]);
    let streams = streams(report, section, table, context);
    let given_id = section.string("id");
    if let Some(wrong) = given_id.and_then(slug::check) {
        section.wrong("id", wrong);
    }
    let name = section.string("name").map(str::trim);
    if let Some(wrong) = name.and_then(check_name) {
        section.wrong("name", wrong);
    }
    let name = name.or(given_id).map(str::to_owned);
    let name = name.or_else(|| streams.first().map(|stream| stream.origin.name())).unwrap_or_default();
    CameraDraft {
        id: given_id.map_or_else(|| slug::from_name(&name), str::to_owned),
        name,
        enabled: section.bool("enabled").unwrap_or(true),
        streams,
        transport: section.word("transport", &TRANSPORTS).unwrap_or_default(),
        video: section.word("video", &VIDEO_MODES).unwrap_or_default(),
        detect: detect::read(report, section),
        encoder: encoder::read(report, section),
        hardware: Wish { device: device(section), decoder: section.word("decoder", &DECODERS).unwrap_or_default() },
        zones: zones::read(report, section),
        privacy: privacy::read(report, section),
    }
}

/// What decodes, as the file writes it.
const DECODERS: [(&str, DecoderChoice); 3] =
    [("auto", DecoderChoice::Auto), ("nvdec", DecoderChoice::Nvdec), ("software", DecoderChoice::Software)];

/// The device that a camera is pinned to.
fn device(section: &Section<'_>) -> Option<u32> {
    let item = section.item("device")?;
    let word = item.as_str().map(str::to_owned).or_else(|| item.as_integer().map(|number| number.to_string()));
    Wish::device_of(word.as_deref().unwrap_or_default()).unwrap_or_else(|wrong| {
        section.wrong("device", wrong);
        None
    })
}

/// RTSP's transports as the file writes them.
pub const TRANSPORTS: [(&str, Transport); 3] =
    [("auto", Transport::Auto), ("tcp", Transport::Tcp), ("udp", Transport::Udp)];

/// The ways a picture reaches viewers as the file writes them.
const VIDEO_MODES: [(&str, VideoMode); 3] =
    [("auto", VideoMode::Auto), ("passthrough", VideoMode::Passthrough), ("transcode", VideoMode::Transcode)];

/// What is wrong with a camera's name, if anything.
#[must_use]
pub fn check_name(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Some("A name has 1 to 100 characters.");
    }
    name.chars().any(char::is_control).then_some("A name cannot hold control characters.")
}

fn streams(report: &Report<'_>, section: &Section<'_>, table: &Table, context: &Context<'_>) -> Vec<StreamSettings> {
    let list = match table.get("stream") {
        None => {
            let Some(url) = section.string("url") else {
                if section.item("url").is_none() {
                    section
                        .wrong("url", "A camera needs a `url`, such as \"rtsp://user:${PASSWORD}@10.0.0.7/stream1\".");
                }
                return Vec::new();
            };
            return match address::read(url, context.lookup) {
                Ok(origin) => vec![StreamSettings { origin, roles: vec![Role::View, Role::Detect] }],
                Err(error) => {
                    section.wrong("url", error.to_string());
                    Vec::new()
                }
            };
        }
        Some(item) => item.as_array_of_tables(),
    };
    if section.item("url").is_some() {
        section.wrong("url", "A camera has either a `url` or [[camera.stream]] tables, not both.");
    }
    let Some(list) = list else {
        section.wrong("stream", "A stream is written as a table of its own that begins with [[camera.stream]].");
        return Vec::new();
    };
    let mut out: Vec<StreamSettings> =
        list.iter().filter_map(|table| stream(report, table, table.span(), context)).collect();
    if out.len() == list.len()
        && let Err(wrong) = super::settle_roles(&mut out)
    {
        section.wrong("stream", wrong);
    }
    out
}

fn stream(
    report: &Report<'_>,
    table: &dyn TableLike,
    span: Option<std::ops::Range<usize>>,
    context: &Context<'_>,
) -> Option<StreamSettings> {
    let section = Section::new(report, table, "[[camera.stream]]", span);
    section.only(&["url", "role"], &[]);
    if section.item("url").is_none() {
        section.wrong("url", "A stream needs a `url`.");
    }
    let origin = section.string("url").and_then(|url| {
        address::read(url, context.lookup).map_err(|error| section.wrong("url", error.to_string())).ok()
    });
    let names = match section.item("role") {
        None => {
            section.wrong("role", "A stream needs a `role`: \"view\", \"detect\", or both as [\"view\", \"detect\"].");
            return None;
        }
        Some(item) if item.is_str() => section.string("role").map(|role| vec![role]),
        Some(_) => section.strings("role"),
    }?;
    let mut roles = Vec::new();
    for name in names {
        match name {
            "view" => roles.push(Role::View),
            "detect" => roles.push(Role::Detect),
            "record" => section.wrong("role", "Recording is not built yet: leave the role \"record\" out."),
            _ => section.wrong("role", "`role` must be \"view\" or \"detect\", or a list of them."),
        }
    }
    Some(StreamSettings { origin: origin?, roles })
}
