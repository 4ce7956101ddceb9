//! How each scheme is opened by libavformat: what it may read, over which protocols, and whether certificates are checked.

use super::SourceError;
use crate::libav::Terms;
use crate::settings::Credentials;
use crate::settings::address::usual_port;
use ffmpeg_next as ffmpeg;
use std::ffi::{CStr, CString};
use std::net::IpAddr;
use std::path::Path;
use url::Url;

/// Containers that are read from the network. `hls` names further addresses, which [`NetworkTerms`] holds to its list;
/// nothing else here does. `jpeg_pipe` is there to be recognised: a single picture is refused in words.
const FORMATS: &str = "hls,mpegts,flv,live_flv,mov,matroska,webm,mpjpeg,jpeg_pipe,h264,hevc,avi,ogg,aac,rtsp";
/// What is read while a stream is looked at: a key frame of a 4K camera and some more.
const PROBE_BYTES: &str = "5000000";
/// Microseconds of the stream that are looked at before it is shown. libavformat's 5 s (90 s of FLV) are waited for in full
/// wherever a track is announced and does not come.
const PROBE_US: &str = "1500000";

/// Where a stream is read from.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// An address without user information, and the credentials.
    Address(&'a Url, Option<&'a Credentials>),
    /// A device of V4L2.
    Device(&'a Path),
}

/// Protocols that a connection of this scheme may use. Never `file`: what a playlist or a redirect names is reached over the
/// network or not at all. libavformat's own redirects stay within http and https, whatever scheme their target has.
fn whitelist(scheme: &str) -> &'static str {
    match scheme {
        "http" | "https" | "crypto+http" | "crypto+https" => "http,https,tcp,tls,crypto",
        "rtmp" => "rtmp,tcp",
        "rtsps" => "tls,tcp",
        "rtsp" => "tcp",
        "srt" => "srt",
        _ => "",
    }
}

/// The terms of every address that libavformat opens for a camera.
pub(super) struct NetworkTerms;

impl Terms for NetworkTerms {
    fn of(url: &str) -> Option<Vec<(&'static CStr, CString)>> {
        let (scheme, rest) = url.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let list = whitelist(&scheme);
        if list.is_empty() {
            return None;
        }
        let verify =
            Url::parse(&format!("{}:{rest}", scheme.trim_start_matches("crypto+"))).is_ok_and(|url| certified(&url));
        let verify = if verify { c"1" } else { c"0" };
        Some(vec![(c"protocol_whitelist", CString::new(list).ok()?), (c"tls_verify", verify.to_owned())])
    }
}

/// Whether the certificate at this address is checked: always, but for addresses that no authority certifies (private
/// ranges, loopback, `.local`, `.lan` and names without a dot), where a check could only fail. There the way is still
/// encrypted, and the camera's state says that nobody vouches for who is at its other end.
pub(super) fn certified(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return true };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => !(ip.is_private() || ip.is_loopback() || ip.is_link_local()),
        Ok(IpAddr::V6(ip)) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
        Err(_) => {
            let host = bare.trim_end_matches('.').to_ascii_lowercase();
            let ends = |end: &str| host.ends_with(end);
            host.contains('.') && ![".local", ".lan", ".home", ".internal", ".home.arpa"].iter().any(|end| ends(end))
        }
    }
}

/// All that libavformat is told.
pub(super) struct Plan {
    /// The address with its credentials, or a device's path.
    pub(super) url: String,
    /// The demuxer, where it is not found out.
    pub(super) format: Option<&'static str>,
    /// Its options.
    pub(super) options: Vec<(&'static str, &'static str)>,
    /// `host:port`, or the device, for messages.
    pub(super) host: String,
    /// The scheme, `v4l2` for devices.
    pub(super) scheme: &'static str,
    /// Whether there is a password.
    pub(super) has_password: bool,
    /// What people are told of the connection while it stands.
    pub(super) note: Option<String>,
}

/// The scheme as a word that lives for ever.
fn known_scheme(scheme: &str) -> &'static str {
    ["rtsp", "rtsps", "https", "rtmp", "srt"].into_iter().find(|known| *known == scheme).unwrap_or("http")
}

impl Plan {
    /// How to open `place`.
    ///
    /// # Errors
    /// This machine cannot: what it lacks.
    pub(super) fn of(place: Place<'_>) -> Result<Self, SourceError> {
        match place {
            Place::Address(url, credentials) => Ok(Self::of_address(url, credentials)),
            Place::Device(path) => Self::of_device(path),
        }
    }

    fn of_address(url: &Url, credentials: Option<&Credentials>) -> Self {
        let scheme = known_scheme(url.scheme());
        let full = credentials.map_or_else(
            || url.to_string(),
            |credentials| {
                // libavformat decodes both; a user without a colon behind it would be left out.
                let userinfo = format!("://{}:{}@", encode(&credentials.user), encode(&credentials.password));
                url.as_str().replacen("://", &userinfo, 1)
            },
        );
        let mut options = vec![
            ("format_whitelist", FORMATS),
            ("protocol_whitelist", whitelist(scheme)),
            ("probesize", PROBE_BYTES),
            ("analyzeduration", PROBE_US),
        ];
        match scheme {
            "http" | "https" => options.extend([
                ("user_agent", concat!("Sightline/", env!("CARGO_PKG_VERSION"))),
                // The newest segment but one: the default of three costs another segment of delay.
                ("live_start_index", "-2"),
                // Each playlist and segment is opened by the terms below; connections that are kept would go past them.
                ("http_persistent", "0"),
                ("http_multiple", "0"),
            ]),
            "rtsp" | "rtsps" => options.push(("rtsp_transport", "tcp")),
            _ => {}
        }
        let port = url.port().or(usual_port(scheme));
        let host = url.host_str().unwrap_or_default();
        Self {
            url: full,
            format: None,
            options,
            host: port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            scheme,
            has_password: credentials.is_some(),
            note: unverified(url),
        }
    }

    fn of_device(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let wrong = |message: String| Err(SourceError::new("device", message));
        if !cfg!(target_os = "linux") {
            return wrong("Cameras of this machine are read by V4L2, which is Linux alone.".into());
        }
        if let Err(error) = std::fs::File::open(path) {
            return wrong(match error.kind() {
                std::io::ErrorKind::NotFound => format!(
                    "There is no camera at {name}. Is it plugged in? `ls /dev/v4l/by-id` lists the cameras of this machine."
                ),
                std::io::ErrorKind::PermissionDenied => format!(
                    "Sightline may not open {name}: add its user to the group `video` (usermod -aG video USER) and start it again."
                ),
                _ => format!("{name} cannot be opened: {error}."),
            });
        }
        crate::libav::load_devices().map_err(|message| SourceError::new("device", message))?;
        Ok(Self {
            url: name.clone(),
            format: Some("video4linux2"),
            options: vec![("probesize", PROBE_BYTES), ("analyzeduration", "0")],
            host: name,
            scheme: "v4l2",
            has_password: false,
            note: None,
        })
    }

    pub(super) fn dictionary(&self) -> ffmpeg::Dictionary<'static> {
        self.options.iter().copied().collect()
    }
}

/// What is said of a connection that is encrypted to nobody in particular.
fn unverified(url: &Url) -> Option<String> {
    match url.scheme() {
        // libavformat's RTSP client passes no options on to its TLS.
        "rtsps" => Some("The connection is encrypted; the camera's certificate is not checked.".into()),
        "https" if !certified(url) => Some(
            "The connection is encrypted; the certificate is not checked, since no authority certifies addresses of a \
             private network."
                .into(),
        ),
        _ => None,
    }
}

/// Percent-encodes user information (RFC 3986 section 3.2.1).
fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_network_is_ever_opened() {
        for url in [
            "file:///etc/passwd",
            "/etc/passwd",
            "data:video/mp4;base64,AA",
            "concat:a|b",
            "subfile,,start,0,:x",
            "crypto+file:///etc/passwd",
            "crypto:/etc/passwd",
            "tcp://h:1",
            "pipe:0",
            "gopher://h/",
            "ftp://h/",
            "",
        ] {
            assert_eq!(NetworkTerms::of(url), None, "{url}");
        }
        for scheme in ["http", "https", "rtmp", "rtsp", "rtsps", "srt"] {
            assert!(!whitelist(scheme).split(',').any(|name| ["file", "data", "pipe", "subfile"].contains(&name)));
        }
        let terms = NetworkTerms::of("HTTPS://cdn.example.org/segment1.ts").expect("allowed");
        assert_eq!(terms[0].1.as_c_str(), c"http,https,tcp,tls,crypto");
        assert_eq!(terms[1], (c"tls_verify", c"1".to_owned()));
        assert!(
            NetworkTerms::of("crypto+https://cdn.example.org/s.ts").is_some_and(|terms| terms[1].1.as_c_str() == c"1")
        );
    }

    #[test]
    fn certificates_are_checked_wherever_somebody_certifies() {
        for (url, checked) in [
            ("https://cam.example.org/", true),
            ("https://8.8.8.8/", true),
            ("https://10.0.0.7/", false),
            ("https://[fe80::1]/", false),
            ("https://camera.local/", false),
            ("https://yard/", false),
            ("https://local.example.org/", true),
        ] {
            assert_eq!(certified(&Url::parse(url).expect("an address")), checked, "{url}");
        }
    }

    #[test]
    fn credentials_go_into_the_address_encoded() {
        let url = Url::parse("http://h:8080/mjpg?x=a@b").expect("an address");
        let credentials = Credentials { user: "a@b".into(), password: "p:/%".into() };
        let plan = Plan::of(Place::Address(&url, Some(&credentials))).expect("a plan");
        assert_eq!(plan.url, "http://a%40b:p%3A%2F%25@h:8080/mjpg?x=a@b");
        assert_eq!((plan.host.as_str(), plan.scheme), ("h:8080", "http"));
        let plan = Plan::of(Place::Device(Path::new("/dev/video999")));
        assert!(plan.is_err_and(|error| error.code == "device" && error.message.contains("/dev/video999")));
    }
}
