//! `[server]`: where Sightline listens, where its data lies, which names and folders it trusts.

use super::section::{Report, Section};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where Sightline listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const HOW_TO_LISTEN: &str =
    "An address to listen on is written like 127.0.0.1:8080 (this machine alone) or 0.0.0.0:8080 (the network too).";

/// How much of the newest pictures is kept in memory, to make clips of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// `keep_s`: so much time of each rendition; zero keeps nothing.
    pub time: Duration,
    /// `keep_mb`: and no more bytes of it than these.
    pub bytes: usize,
    /// `keep_total_mb`: and of all renditions of all cameras together no more than these.
    pub total_bytes: usize,
}

impl Default for Keep {
    /// Two minutes: who has seen something presses the button within a minute, and wants the minute before. 64 MB hold them at
    /// 4 Mb/s, which 1080p cameras send, and a minute at 8 Mb/s. One gigabyte in all: a hundred cameras then have
    /// 10 MB each, more than a minute at the 1 Mb/s that such installations use.
    fn default() -> Self {
        Self { time: Duration::from_secs(120), bytes: 64 << 20, total_bytes: 1 << 30 }
    }
}

/// How long events are kept, and in how much room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKeep {
    /// `events_keep_days`.
    pub time: Duration,
    /// `events_keep_mb`: and no more bytes of them, pictures and all, than these; the oldest go first.
    pub bytes: u64,
}

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

impl Default for EventKeep {
    /// A month, after which few people ask what happened; two gigabytes, which are some 60 000 pictures of 30 kB: two thousand a day.
    fn default() -> Self {
        Self { time: Duration::from_secs(30 * 86_400), bytes: 2 << 30 }
    }
}

/// `[server]`, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// Address to listen on.
    pub listen: Option<SocketAddr>,
    /// Folder for the database, secrets and media.
    pub data_dir: Option<PathBuf>,
    /// Names under which the dashboard may be opened beside the loopback ones, lower case, without a port.
    pub allowed_hosts: Vec<String>,
    /// Folders that files may be played from, beside `media` in the data folder.
    pub media_folders: Vec<PathBuf>,
    /// What is kept for clips.
    pub keep: Keep,
    /// What is kept of events.
    pub events: EventKeep,
}

/// Reads `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
///
/// # Errors
/// Words that say how it is written.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| HOW_TO_LISTEN.to_owned())
}

/// A host name or address as it is compared: lower case, no port, no dot at the end, no brackets.
#[must_use]
pub fn normal_host(host: &str) -> Option<String> {
    let host = host.trim().to_ascii_lowercase();
    let name = if let Some(v6) = host.strip_prefix('[') {
        v6.split_once(']').filter(|(_, port)| port.is_empty() || is_port(port)).map(|(name, _)| name)?
    } else if host.matches(':').count() > 1 {
        &host
    } else {
        let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        if !port.is_empty() && !is_port(port) {
            return None;
        }
        name
    };
    if let Ok(ip) = name.parse::<std::net::IpAddr>() {
        return Some(ip.to_string());
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
    (!name.is_empty() && name.chars().all(good)).then(|| name.to_owned())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

const KEYS: [&str; 9] = [
    "listen",
    "data_dir",
    "allowed_hosts",
    "media_folders",
    "keep_s",
    "keep_mb",
    "keep_total_mb",
    "events_keep_days",
    "events_keep_mb",
];

fn keep_events(section: &Section<'_>) -> EventKeep {
    let default = EventKeep::default();
    let days = section.number("events_keep_days", 0.01..=3650.0);
    let megabytes = section.number("events_keep_mb", 0.1..=1_048_576.0);
    EventKeep {
        time: days.map_or(default.time, |days| Duration::from_secs_f64(days * DAY_S)),
        bytes: megabytes.map_or(default.bytes, |megabytes| (megabytes * f64::from(1 << 20)) as u64),
    }
}

fn keep(section: &Section<'_>) -> Keep {
    let default = Keep::default();
    let megabytes = |key, most, default| {
        section.number(key, 1.0..=most).map_or(default, |megabytes| (megabytes * f64::from(1 << 20)) as usize)
    };
    Keep {
        time: section.number("keep_s", 0.0..=3600.0).map_or(default.time, Duration::from_secs_f64),
        bytes: megabytes("keep_mb", 4096.0, default.bytes),
        total_bytes: megabytes("keep_total_mb", 262_144.0, default.total_bytes),
    }
}

/// Reads the table.
pub(super) fn read(report: &Report<'_>, root: &Section<'_>, folder: &Path) -> ServerSettings {
    let mut server = ServerSettings::default();
    let Some(item) = root.item("server") else { return server };
    let Some(table) = item.as_table_like() else {
        root.wrong("server", "The server's settings are written as a table that begins with [server].");
        return server;
    };
    let section = Section::new(report, table, "[server]", item.span());
    section.only(&KEYS, &[]);
    if let Some(text) = section.string("listen") {
        match parse_listen(text) {
            Ok(listen) => server.listen = Some(listen),
            Err(wrong) => section.wrong("listen", wrong),
        }
    }
    server.data_dir = section.string("data_dir").map(|path| folder.join(path));
    for host in section.strings("allowed_hosts").unwrap_or_default() {
        match normal_host(host) {
            Some(host) => server.allowed_hosts.push(host),
            None => {
                section.wrong("allowed_hosts", "A host is written as a name or an address, such as \"cameras.lan\".");
            }
        }
    }
    server.keep = keep(&section);
    server.events = keep_events(&section);
    server.media_folders =
        section.strings("media_folders").unwrap_or_default().into_iter().map(|path| folder.join(path)).collect();
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_in_one_form() {
        for (host, normal) in [
            ("LocalHost:8080", Some("localhost")),
            ("127.0.0.1:8080", Some("127.0.0.1")),
            ("[::1]:8080", Some("::1")),
            ("[0:0:0:0:0:0:0:1]", Some("::1")),
            ("::1", Some("::1")),
            ("cameras.lan.", Some("cameras.lan")),
            ("cameras.lan:http", None),
            ("[::1]x", None),
            ("a@b", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(normal_host(host).as_deref(), normal, "{host}");
        }
    }

    #[test]
    fn listen_addresses_are_read() {
        assert_eq!(parse_listen("localhost:0").map(|a| a.to_string()), Ok("127.0.0.1:0".into()));
        assert_eq!(parse_listen("[::]:80").map(|a| a.to_string()), Ok("[::]:80".into()));
        for wrong in ["8080", ":8080", "cameras.lan:80", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(parse_listen(wrong).is_err(), "{wrong}");
        }
    }
}
