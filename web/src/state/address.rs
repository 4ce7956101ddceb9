//! A camera's address as people type it.

/// Addresses of common makes; `HOST`, `USER` and `PASSWORD` are to be replaced.
pub(crate) const MAKES: [(&str, &str); 8] = [
    ("Axis", "rtsp://USER:PASSWORD@HOST/axis-media/media.amp"),
    ("Dahua, Amcrest", "rtsp://USER:PASSWORD@HOST:554/cam/realmonitor?channel=1&subtype=0"),
    ("Foscam", "rtsp://USER:PASSWORD@HOST:88/videoMain"),
    ("Hikvision, Annke", "rtsp://USER:PASSWORD@HOST:554/Streaming/Channels/101"),
    ("Reolink", "rtsp://USER:PASSWORD@HOST:554/h264Preview_01_main"),
    ("TP-Link Tapo, Kasa", "rtsp://USER:PASSWORD@HOST:554/stream1"),
    ("UniFi Protect", "rtsp://HOST:7447/STREAM-KEY"),
    ("Wyze (RTSP firmware)", "rtsp://USER:PASSWORD@HOST/live"),
];

/// The address of `make` at `host`, without user and password; `None` for a make that is not listed.
pub(crate) fn of_make(make: &str, host: &str) -> Option<String> {
    let (_, pattern) = MAKES.iter().find(|(name, _)| *name == make)?;
    let plain = pattern.replacen("USER:PASSWORD@", "", 1);
    let host = host.trim();
    Some(if host.is_empty() { plain } else { plain.replacen("HOST", host, 1) })
}

/// What was typed as an address: blanks trimmed, and `rtsp://` in front where a host was given alone.
pub(crate) fn tidy(typed: &str) -> String {
    let typed = typed.trim();
    let schemed = typed.split_once(':').is_some_and(|(scheme, rest)| {
        let known = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        known && (rest.starts_with("//") || !rest.starts_with(|c: char| c.is_ascii_digit()) && !rest.contains('@'))
    });
    if typed.is_empty() || typed.starts_with('/') || schemed { typed.to_owned() } else { format!("rtsp://{typed}") }
}

/// The address with other credentials, percent-encoded as RFC 3986 section 3.2.1 asks.
pub(crate) fn with_credentials(address: &str, user: &str, password: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match (user.is_empty(), password.is_empty()) {
        (true, _) => format!("{scheme}://{host}{path}"),
        (false, true) => format!("{scheme}://{}@{host}{path}", encode(user)),
        (false, false) => format!("{scheme}://{}:{}@{host}{path}", encode(user), encode(password)),
    }
}

/// The user name in an address, decoded.
pub(crate) fn user(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (info, _) = authority.rsplit_once('@')?;
    Some(decode(info.split(':').next().unwrap_or_default()))
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_alone_becomes_an_rtsp_address() {
        for (typed, wanted) in [
            ("  rtsp://10.0.0.7/stream1 ", "rtsp://10.0.0.7/stream1"),
            ("10.0.0.7:554/stream1", "rtsp://10.0.0.7:554/stream1"),
            ("camera.local:554", "rtsp://camera.local:554"),
            ("user:pw@10.0.0.7/a", "rtsp://user:pw@10.0.0.7/a"),
            ("/srv/film.mp4", "/srv/film.mp4"),
            ("file:///etc/passwd", "file:///etc/passwd"),
            ("demo:", "demo:"),
            ("", ""),
        ] {
            assert_eq!(tidy(typed), wanted);
        }
    }

    #[test]
    fn makes_give_their_address_without_the_password_in_it() {
        assert_eq!(of_make("TP-Link Tapo, Kasa", " 10.0.0.7 ").as_deref(), Some("rtsp://10.0.0.7:554/stream1"));
        assert_eq!(of_make("Axis", "").as_deref(), Some("rtsp://HOST/axis-media/media.amp"));
        assert_eq!(of_make("", "10.0.0.7"), None);
    }

    #[test]
    fn credentials_are_put_in_encoded_and_read_back() {
        let address = with_credentials("rtsp://old:pw@10.0.0.7:554/s?x=a@b", "ad min", "p@ss:w/rd");
        assert_eq!(address, "rtsp://ad%20min:p%40ss%3Aw%2Frd@10.0.0.7:554/s?x=a@b");
        assert_eq!(user(&address).as_deref(), Some("ad min"));
        assert_eq!(with_credentials(&address, "", ""), "rtsp://10.0.0.7:554/s?x=a@b");
        assert_eq!(user("rtsp://10.0.0.7/s?x=a@b"), None);
        assert_eq!(with_credentials("/srv/film.mp4", "a", "b"), "/srv/film.mp4");
    }
}
