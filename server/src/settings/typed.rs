//! An address as a person typed it into the dashboard: its secrets are taken out before it is written anywhere.

use super::Origin;
use super::address::{AddressError, check_shape, encode_user, read, read_literal, split, usual_port};
use super::mask::{MASK, secret_parameters};

/// A typed address, ready for the settings file.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The address with `${NAME}` where the secrets were.
    pub template: String,
    /// Names and values of the secrets that are new.
    pub secrets: Vec<(String, String)>,
}

/// The address that a camera has now, for what `***` keeps.
pub struct Known<'a> {
    /// As it stands in the settings file.
    pub template: &'a str,
    /// As it was read.
    pub origin: &'a Origin,
}

/// Takes the secrets out of `text`. `name` gives a fresh placeholder name for each; `***` in place of a password keeps the
/// known one, but only for the same host, port and user: else whoever may edit a camera could have its password sent to a host
/// of their own.
///
/// # Errors
/// See [`AddressError`].
pub fn prepare(
    text: &str,
    known: Option<Known<'_>>,
    mut name: impl FnMut() -> String,
) -> Result<Prepared, AddressError> {
    let text = check_shape(text)?;
    if text.contains("${") {
        return Err(AddressError::PlaceholderRefused);
    }
    // Read as a whole first, so that every mistake is found before anything is taken apart.
    let origin = read_literal(text)?;
    let Some((url, credentials)) = origin.remote() else {
        return Ok(Prepared { template: text.into(), secrets: Vec::new() });
    };
    let keep = Keep::new(known, &origin);
    let mut secrets = Vec::new();
    let mut take = |value: String| {
        let name = name();
        let placeholder = format!("${{{name}}}");
        secrets.push((name, value));
        placeholder
    };
    let (scheme, rest) = url.as_str().split_once("://").unwrap_or_default();
    let mut template = format!("{scheme}://");
    if let Some(credentials) = credentials {
        template.push_str(&encode_user(&credentials.user));
        if credentials.password == MASK {
            template.push(':');
            template.push_str(&keep.password(&mut take)?);
        } else if !credentials.password.is_empty() {
            template.push(':');
            template.push_str(&take(credentials.password.clone()));
        }
        template.push('@');
    }
    push_rest(&mut template, rest, &keep, &mut take)?;
    Ok(Prepared { template, secrets })
}

/// Host, path and query, the secret parameters taken out.
fn push_rest(
    template: &mut String,
    rest: &str,
    keep: &Keep<'_>,
    take: &mut dyn FnMut(String) -> String,
) -> Result<(), AddressError> {
    let mut done = 0;
    for parameter in secret_parameters(rest) {
        template.push_str(&rest[done..parameter.value.start]);
        done = parameter.value.end;
        let value = &rest[parameter.value];
        if value == MASK {
            template.push_str(&keep.parameter(&rest[parameter.name], take)?);
        } else {
            template.push_str(&take(value.into()));
        }
    }
    template.push_str(&rest[done..]);
    Ok(())
}

/// What `***` may stand for.
struct Keep<'a> {
    known: Option<Known<'a>>,
}

impl<'a> Keep<'a> {
    fn new(known: Option<Known<'a>>, now: &Origin) -> Self {
        Self { known: known.filter(|known| same_endpoint(known.origin, now)) }
    }

    /// What stands for the password in the known template; where that is no address by itself (`${URL}`), its value is taken.
    fn password(&self, take: &mut dyn FnMut(String) -> String) -> Result<String, AddressError> {
        let known = self.known.as_ref().ok_or(AddressError::NothingToKeep)?;
        if let Ok(parts) = split(known.template) {
            return parts.password.map(str::to_owned).ok_or(AddressError::NothingToKeep);
        }
        match known.origin.remote() {
            Some((_, Some(credentials))) => Ok(take(credentials.password.clone())),
            _ => Err(AddressError::NothingToKeep),
        }
    }

    fn parameter(&self, name: &str, take: &mut dyn FnMut(String) -> String) -> Result<String, AddressError> {
        let known = self.known.as_ref().ok_or(AddressError::NothingToKeep)?;
        let (text, written) = match (split(known.template), known.origin.remote()) {
            (Ok(parts), _) => (parts.rest, true),
            (Err(_), Some((url, _))) => (url.as_str(), false),
            _ => return Err(AddressError::NothingToKeep),
        };
        let parameters = secret_parameters(text);
        let found = parameters.iter().find(|parameter| text[parameter.name.clone()].eq_ignore_ascii_case(name));
        let value = text[found.ok_or(AddressError::NothingToKeep)?.value.clone()].to_owned();
        Ok(if written { value } else { take(value) })
    }
}

/// The scheme counts too: a password that was given for https must not go out over http.
fn same_endpoint(a: &Origin, b: &Origin) -> bool {
    let (Some((a, a_user)), Some((b, b_user))) = (a.remote(), b.remote()) else { return false };
    let user = |credentials: Option<&super::Credentials>| credentials.map(|c| c.user.clone());
    let port = |url: &url::Url| url.port().or(usual_port(url.scheme()));
    a.scheme() == b.scheme() && a.host_str() == b.host_str() && port(a) == port(b) && user(a_user) == user(b_user)
}

/// Reads a prepared address back, with its own secrets and those that `lookup` knows.
///
/// # Errors
/// See [`AddressError`].
pub fn read_prepared(prepared: &Prepared, lookup: super::address::Lookup<'_>) -> Result<Origin, AddressError> {
    let own = |name: &str| prepared.secrets.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    read(&prepared.template, &|name| own(name).or_else(|| lookup(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str, known: Option<(&str, &Origin)>) -> Result<Prepared, AddressError> {
        let mut n = 0;
        prepare(text, known.map(|(template, origin)| Known { template, origin }), || {
            n += 1;
            format!("N{n}")
        })
    }

    #[test]
    fn secrets_are_taken_out_and_read_back() {
        let cases = [
            ("rtsp://h/s", "rtsp://h/s", vec![]),
            ("rtsp://a:b%40c@h:8554/s", "rtsp://a:${N1}@h:8554/s", vec!["b@c"]),
            ("rtsp://a@h/s", "rtsp://a@h/s", vec![]),
            ("rtsp://a$x:b@h/s", "rtsp://a%24x:${N1}@h/s", vec!["b"]),
            ("rtsp://a:%24%7BHOME}@h/s", "rtsp://a:${N1}@h/s", vec!["${HOME}"]),
            ("rtsp://h/user=a&password=b&c=1", "rtsp://h/user=a&password=${N1}&c=1", vec!["b"]),
            ("rtsp://a:b@h/?token=c", "rtsp://a:${N1}@h/?token=${N2}", vec!["b", "c"]),
            ("/srv/yard.mp4", "/srv/yard.mp4", vec![]),
            ("v4l2:/dev/video0", "v4l2:/dev/video0", vec![]),
            ("https://a:b@h/live.m3u8?jwt=c&x=1", "https://a:${N1}@h/live.m3u8?jwt=${N2}&x=1", vec!["b", "c"]),
            ("srt://h:9000?passphrase=long%20one", "srt://h:9000?passphrase=${N1}", vec!["long%20one"]),
            ("rtmp://h/app/stream?key=k", "rtmp://h/app/stream?key=${N1}", vec!["k"]),
        ];
        for (text, template, values) in cases {
            let prepared = prepared(text, None).expect(text);
            assert_eq!(prepared.template, template);
            assert_eq!(prepared.secrets.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), values);
            assert_eq!(read_prepared(&prepared, &|_| None), read_literal(text), "{text}");
        }
        assert_eq!(prepared("rtsp://a:${HOME}@h/s", None).err(), Some(AddressError::PlaceholderRefused));
    }

    #[test]
    fn a_masked_password_keeps_the_known_one_for_its_own_host_only() {
        let origin = read_literal("rtsp://a:secret@h/s?token=t").expect("an address");
        let template = "rtsp://a:${SHARED}@h/s?token=${T}";
        let known = Some((template, &origin));
        let kept = prepared("rtsp://a:***@h:554/other?token=***", known).expect("kept");
        assert_eq!(kept.template, "rtsp://a:${SHARED}@h:554/other?token=${T}");
        assert!(kept.secrets.is_empty());
        for text in [
            "rtsp://a:***@evil/s",
            "rtsp://b:***@h/s",
            "rtsp://a:***@h:8554/s",
            "rtsp://evil/s?token=***",
            "http://a:***@h:554/s",
        ] {
            assert_eq!(prepared(text, known).err(), Some(AddressError::NothingToKeep), "{text}");
            assert_eq!(prepared(text, None).err(), Some(AddressError::NothingToKeep), "{text}");
        }
        let whole = prepared("rtsp://a:***@h/x?token=***", Some(("${URL}", &origin))).expect("kept");
        assert_eq!(whole.template, "rtsp://a:${N1}@h/x?token=${N2}");
        assert_eq!(whole.secrets, [("N1".into(), "secret".into()), ("N2".into(), "t".into())]);
    }
}
