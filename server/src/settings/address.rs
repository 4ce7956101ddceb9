//! Reads a stream's address: which schemes there are, where the password stands, what `${NAME}` means.

use super::{Credentials, Origin};
use std::path::PathBuf;
use url::Url;

/// Addresses longer than this are refused.
pub const MAX_LEN: usize = 2048;

/// Looks up the value behind `${NAME}`.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Every scheme that is opened; what libavformat may open of its own accord is listed beside each in
/// `source/network_plan.rs`.
pub const SCHEMES: [&str; 6] = ["rtsp", "rtsps", "http", "https", "rtmp", "srt"];

/// Why an address cannot be used. The messages never repeat the address: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was given.
    #[error("The address is empty. Give one such as rtsp://user:password@10.0.0.7/stream1.")]
    Empty,
    /// Too long, or with control characters in it.
    #[error("The address is longer than {MAX_LEN} characters or holds control characters.")]
    Shape,
    /// `10.0.0.7/stream1`, `yard.mp4`.
    #[error(
        "The address does not say how to reach it: put rtsp:// in front, or give a file's whole path, beginning with /."
    )]
    NoScheme,
    /// A scheme that is not opened.
    #[error(
        "{0}: is not a scheme that Sightline opens. It opens rtsp, rtsps, http, https, rtmp and srt addresses, files by \
         their whole path, and cameras of this machine as v4l2:/dev/video0."
    )]
    Scheme(String),
    /// `v4l2:` with something else behind it.
    #[error("A camera of this machine is written v4l2:/dev/video0, or with its name under /dev/v4l/by-id.")]
    Device,
    /// `srt://` that would wait for a caller.
    #[error("Sightline calls SRT senders and does not wait for their call: leave `mode` out, or write mode=caller.")]
    SrtMode,
    /// `srt://` without a port.
    #[error("SRT has no usual port: write the sender's, as in srt://10.0.0.7:9000.")]
    NoPort,
    /// `file:`.
    #[error("file: addresses are not taken. Give the path itself, beginning with /.")]
    FileUrl,
    /// `demo:`.
    #[error("The demo camera is there when Sightline is started with --demo; it cannot be added.")]
    Demo,
    /// No host.
    #[error("The address names no host. It should look like rtsp://user:password@10.0.0.7/stream1.")]
    NoHost,
    /// The part behind the user cannot be read.
    #[error(
        "The address cannot be read: {0}. If the password holds one of / ? # @ : or %, write it as %2F %3F %23 %40 %3A %25."
    )]
    Unreadable(String),
    /// A placeholder without a value.
    #[error(
        "${{{0}}} has no value: put {0} = \"...\" into secrets.toml in the data folder, or set it in the environment."
    )]
    Unset(String),
    /// `${` without an end, or with something that is no name in it.
    #[error("A placeholder is written ${{NAME}}, of letters, digits and _.")]
    Placeholder,
    /// A placeholder in an address that came through the API.
    #[error("${{NAME}} can only be used in sightline.toml. If the password holds ${{, write it as %24%7B.")]
    PlaceholderRefused,
    /// `***` where no password is known for that host and user.
    #[error("Type the password again: a kept one (***) goes only to the host, port and user that it was given for.")]
    NothingToKeep,
    /// A path outside the media folders.
    #[error(
        "This path is outside the folders that files may be played from. Put the file into {0}, or name its folder in [server] media_folders of sightline.toml."
    )]
    OutsideMedia(String),
    /// A path inside, without a file.
    #[error("There is no such file in the media folders.")]
    NoFile,
}

impl AddressError {
    /// The word for programs that goes with the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme(_) | Self::FileUrl | Self::Demo => "bad_scheme",
            Self::OutsideMedia(_) => "outside_media",
            Self::NoFile => "not_found",
            Self::NothingToKeep => "password_needed",
            _ => "bad_url",
        }
    }
}

/// The parts of an address as it is written, placeholders and percent signs as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) scheme: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    /// Host, port, path, query.
    pub(super) rest: &'a str,
}

/// Splits an address with a scheme; the user information ends at the last `@` before the path.
pub(super) fn split(text: &str) -> Result<Parts<'_>, AddressError> {
    let (scheme, behind) = split_scheme(text)?;
    let authority = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    let Some(at) = behind[..authority].rfind('@') else {
        return Ok(Parts { scheme, user: None, password: None, rest: behind });
    };
    let (info, rest) = (&behind[..at], &behind[at + 1..]);
    let (user, password) = info.split_once(':').map_or((info, None), |(user, password)| (user, Some(password)));
    Ok(Parts { scheme, user: Some(user), password, rest })
}

fn split_scheme(text: &str) -> Result<(&str, &str), AddressError> {
    let name = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    if let Some((scheme, behind)) = text.split_once("://")
        && name(scheme)
    {
        return match scheme.to_ascii_lowercase().as_str() {
            known if SCHEMES.contains(&known) => Ok((scheme, behind)),
            "file" => Err(AddressError::FileUrl),
            "demo" => Err(AddressError::Demo),
            other => Err(AddressError::Scheme(other.into())),
        };
    }
    match text.split_once(':') {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => Err(AddressError::FileUrl),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("demo") => Err(AddressError::Demo),
        Some((scheme, rest))
            if name(scheme)
                && !scheme.contains('.')
                && !rest.contains('@')
                && !rest.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            Err(AddressError::Scheme(scheme.to_ascii_lowercase()))
        }
        _ => Err(AddressError::NoScheme),
    }
}

/// Reads an address of the settings file: `rtsp://...`, an absolute path, or one `${NAME}` that holds either. A value behind a
/// placeholder in the user information is taken as it is, without percent-decoding.
///
/// # Errors
/// See [`AddressError`].
pub fn read(text: &str, lookup: Lookup<'_>) -> Result<Origin, AddressError> {
    let text = check_shape(text)?;
    if let Some(name) = sole_placeholder(text) {
        let value = lookup(name).ok_or_else(|| AddressError::Unset(name.into()))?;
        return read_literal(check_shape(&value)?);
    }
    read_expanding(text, &|piece, decode| expand(piece, lookup, decode))
}

/// Reads an address in which nothing is a placeholder.
///
/// # Errors
/// See [`AddressError`].
pub fn read_literal(text: &str) -> Result<Origin, AddressError> {
    read_expanding(check_shape(text)?, &|piece, decode| Ok(if decode { percent_decode(piece) } else { piece.into() }))
}

pub(super) fn check_shape(text: &str) -> Result<&str, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if text.len() > MAX_LEN || text.chars().any(char::is_control) {
        return Err(AddressError::Shape);
    }
    Ok(text)
}

type Expand<'a> = &'a dyn Fn(&str, bool) -> Result<String, AddressError>;

fn read_expanding(text: &str, expand: Expand<'_>) -> Result<Origin, AddressError> {
    if text.starts_with('/') {
        let path = PathBuf::from(expand(text, false)?);
        return Ok(if is_device(&path) { Origin::Device(path) } else { Origin::File(path) });
    }
    if let Some(device) = text.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("v4l2:")).map(|_| &text[5..]) {
        let path = PathBuf::from(device);
        return if is_device(&path) { Ok(Origin::Device(path)) } else { Err(AddressError::Device) };
    }
    let parts = split(text)?;
    let scheme = parts.scheme.to_ascii_lowercase();
    let rest = expand(parts.rest, false)?;
    // The standard of http addresses would take the first word of the path for the host.
    if rest.starts_with(['/', '\\', '?', '#']) {
        return Err(AddressError::NoHost);
    }
    let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|error| match error {
        url::ParseError::EmptyHost => AddressError::NoHost,
        other => AddressError::Unreadable(other.to_string()),
    })?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(AddressError::NoHost);
    }
    // An `@` left over means that the user information was cut at a `/`, `?` or `#` of the password.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Unreadable("it has more than one @".into()));
    }
    let credentials = match parts.user {
        None => None,
        Some(user) => Some(Credentials {
            user: expand(user, true)?,
            password: parts.password.map_or(Ok(String::new()), |password| expand(password, true))?,
        }),
    };
    if scheme == "rtsp" {
        return Ok(Origin::Rtsp { url, credentials });
    }
    check_srt(&url)?;
    // Nobody sends it to a server.
    url.set_fragment(None);
    Ok(Origin::Network { url, credentials })
}

/// What libsrt would take out of the address and act on.
fn check_srt(url: &Url) -> Result<(), AddressError> {
    if url.scheme() != "srt" {
        return Ok(());
    }
    if url.query_pairs().any(|(name, value)| name == "mode" && value != "caller") {
        return Err(AddressError::SrtMode);
    }
    url.port().map(|_| ()).ok_or(AddressError::NoPort)
}

/// Whether `path` is that of a camera of this machine, by its form alone: nothing else below `/dev` is opened.
fn is_device(path: &std::path::Path) -> bool {
    let Some(text) = path.to_str() else { return false };
    let number = |rest: &str| !rest.is_empty() && rest.len() < 4 && rest.bytes().all(|b| b.is_ascii_digit());
    let name = |rest: &str| !rest.is_empty() && !rest.contains('/') && !rest.starts_with('.');
    text.strip_prefix("/dev/video").is_some_and(number)
        || ["/dev/v4l/by-id/", "/dev/v4l/by-path/"].iter().any(|folder| text.strip_prefix(folder).is_some_and(name))
}

/// The port that a scheme has where none is given.
#[must_use]
pub fn usual_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "rtsp" => 554,
        "rtsps" => 322,
        "http" => 80,
        "https" => 443,
        "rtmp" => 1935,
        _ => return None,
    })
}

/// The name, if `text` is one placeholder and nothing else.
fn sole_placeholder(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    is_name(name).then_some(name)
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Every `${NAME}` of `text`.
#[must_use]
pub fn placeholders(text: &str) -> Vec<&str> {
    text.split("${")
        .skip(1)
        .filter_map(|piece| piece.split_once('}'))
        .map(|(name, _)| name)
        .filter(|n| is_name(n))
        .collect()
}

fn expand(text: &str, lookup: Lookup<'_>, decode: bool) -> Result<String, AddressError> {
    let plain = |piece: &str| if decode { percent_decode(piece) } else { piece.to_owned() };
    let mut pieces = text.split("${");
    let mut out = pieces.next().map(plain).unwrap_or_default();
    for piece in pieces {
        let (name, behind) =
            piece.split_once('}').filter(|(name, _)| is_name(name)).ok_or(AddressError::Placeholder)?;
        out.push_str(&lookup(name).ok_or_else(|| AddressError::Unset(name.into()))?);
        out.push_str(&plain(behind));
    }
    Ok(out)
}

/// Decodes `%XX`; anything that is not one stays as it is, since people type passwords with a bare `%`.
fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[i], hex(i + 1), hex(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            (byte, ..) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Encodes what cannot stand in the user information of an address, `$` among it.
pub(super) fn encode_user(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~!*'()+,;=".contains(&b);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
