//! Reads a stream's address: which schemes there are, where the password stands, what `${NAME}` means.

use super::{Credentials, Origin};
use std::path::PathBuf;
use url::Url;

/// Addresses longer than this are refused.
pub const MAX_LEN: usize = 2048;

/// Looks up the value behind `${NAME}`.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Schemes of the plan that this version cannot open.
const NOT_BUILT: [&str; 5] = ["rtsps", "http", "https", "rtmp", "srt"];

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
    /// A scheme that will come.
    #[error("{0}:// is not built yet. This version opens rtsp://.")]
    NotBuilt(String),
    /// A scheme that will not.
    #[error(
        "{0}: is not a scheme that Sightline opens. It opens rtsp://; rtsps, http, https, rtmp and srt are not built yet."
    )]
    Scheme(String),
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
            Self::NotBuilt(_) => "not_built",
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
            "rtsp" => Ok((&text[..4], behind)),
            "file" => Err(AddressError::FileUrl),
            "demo" => Err(AddressError::Demo),
            other if NOT_BUILT.contains(&other) => Err(AddressError::NotBuilt(other.into())),
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
        return Ok(Origin::File(PathBuf::from(expand(text, false)?)));
    }
    let parts = split(text)?;
    let rest = expand(parts.rest, false)?;
    let url = Url::parse(&format!("rtsp://{rest}")).map_err(|error| match error {
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
    Ok(Origin::Rtsp { url, credentials })
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
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "PW" => Some("p@ss/w%20rd".into()),
            "URL" => Some("rtsp://u:${PW}@h/s".into()),
            "HOST" => Some("10.0.0.9".into()),
            _ => None,
        }
    }

    fn rtsp(text: &str) -> (String, Option<(String, String)>) {
        match read(text, &lookup).expect("an address") {
            Origin::Rtsp { url, credentials } => (url.to_string(), credentials.map(|c| (c.user, c.password))),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn addresses_are_read() {
        let pair = |u: &str, p: &str| Some((u.to_owned(), p.to_owned()));
        assert_eq!(rtsp(" rtsp://10.0.0.7:8554/s?a=b@c "), ("rtsp://10.0.0.7:8554/s?a=b@c".into(), None));
        assert_eq!(rtsp("RTSP://a:b@h/s"), ("rtsp://h/s".into(), pair("a", "b")));
        assert_eq!(rtsp("rtsp://a:b@c:d@h/s"), ("rtsp://h/s".into(), pair("a", "b@c:d")));
        assert_eq!(rtsp("rtsp://a%40b:c%2Fd%@[fe80::1]:554/"), ("rtsp://[fe80::1]:554/".into(), pair("a@b", "c/d%")));
        assert_eq!(rtsp("rtsp://a@h"), ("rtsp://h".into(), pair("a", "")));
        assert_eq!(rtsp("rtsp://a:${PW}@${HOST}/s"), ("rtsp://10.0.0.9/s".into(), pair("a", "p@ss/w%20rd")));
        assert_eq!(rtsp("${URL}"), ("rtsp://h/s".into(), pair("u", "${PW}")));
        assert_eq!(read("/srv/yard.mp4", &lookup), Ok(Origin::File("/srv/yard.mp4".into())));
    }

    #[test]
    fn wrong_addresses_are_refused_in_words() {
        let cases = [
            ("", "bad_url", "empty"),
            ("10.0.0.7/stream1", "bad_url", "rtsp:// in front"),
            ("10.0.0.7:554/stream1", "bad_url", "rtsp:// in front"),
            ("cam.local:554/stream1", "bad_url", "rtsp:// in front"),
            ("localhost:554/stream1", "bad_url", "rtsp:// in front"),
            ("yard.mp4", "bad_url", "whole path"),
            ("admin:secret@10.0.0.7/stream1", "bad_url", "rtsp:// in front"),
            ("rtsps://h/s", "not_built", "not built yet"),
            ("HTTPS://h/s", "not_built", "not built yet"),
            ("ftp://u:secret@h/s", "bad_scheme", "ftp"),
            ("exec:rm -rf", "bad_scheme", "exec"),
            ("concat:/etc/passwd|x", "bad_scheme", "concat"),
            ("file:///etc/passwd", "bad_scheme", "path itself"),
            ("file:/etc/passwd", "bad_scheme", "path itself"),
            ("demo:", "bad_scheme", "--demo"),
            ("rtsp://", "bad_url", "no host"),
            ("rtsp://u:secret@/s", "bad_url", "no host"),
            ("rtsp://h:99999/", "bad_url", "port"),
            ("rtsp://u:secret/x@h/s", "bad_url", "%2F"),
            ("rtsp://u:${NOPE}@h/s", "bad_url", "NOPE"),
            ("rtsp://u:${secret@h/s", "bad_url", "${NAME}"),
            ("rtsp://h/\u{7}", "bad_url", "control"),
        ];
        for (text, code, words) in cases {
            let error = read(text, &lookup).expect_err(text);
            assert_eq!(error.code(), code, "{text}: {error}");
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert!(!error.to_string().contains("secret@") && !error.to_string().contains("secret/x"), "{error}");
        }
    }

    #[test]
    fn encoding_and_decoding_agree() {
        for user in ["admin", "a@b:c/d", "${X}", "grün %41"] {
            assert_eq!(percent_decode(&encode_user(user)), user);
            assert!(!encode_user(user).contains(['$', '@', ':', '/']));
        }
    }
}
