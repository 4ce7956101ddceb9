//! Hides passwords in text that is logged, answered or counted.

use std::borrow::Cow;
use std::ops::Range;

/// What stands where a password was.
pub const MASK: &str = "***";

/// Names of parameters in a path or query whose values are secrets, lower case. Some makes put the login into the path:
/// `rtsp://10.0.0.7/user=admin&password=...&channel=1`.
const SECRET_PARAMETERS: [&str; 21] = [
    "password",
    "passwd",
    "pwd",
    "pass",
    "psw",
    "loginpas",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "api_key",
    "access_token",
    "auth",
    "signature",
    "sig",
    "key",
    "streamkey",
    "jwt",
    "hdnts",
    "hdnea",
    "session",
];

/// Masks the password of every `scheme://user:password@` and the value of every secret parameter in `text`. It rather
/// hides too much than too little: a password may hold any character, so all up to the last `@` of a word is taken for one.
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut hidden: Vec<Range<usize>> =
        text.match_indices("://").filter_map(|(at, _)| password_after(text, at + 3)).collect();
    hidden.extend(secret_parameters(text).into_iter().map(|parameter| parameter.value));
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in hidden {
        if range.start < done {
            continue;
        }
        out.push_str(&text[done..range.start]);
        out.push_str(MASK);
        done = range.end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// The range of the password in the address whose authority starts at `start`.
fn password_after(text: &str, start: usize) -> Option<Range<usize>> {
    let word = &text[start..];
    let end = word.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')).unwrap_or(word.len());
    let at = word[..end].rfind('@')?;
    let colon = word[..at].find(':')?;
    Some(start + colon + 1..start + at)
}

/// A `name=value` whose value is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// The name as written.
    pub(super) name: Range<usize>,
    /// The value; never empty.
    pub(super) value: Range<usize>,
}

/// Every secret parameter of `text`, in order.
pub(super) fn secret_parameters(text: &str) -> Vec<Parameter> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(equals) = lower[from..].find('=').map(|at| from + at) {
        from = equals + 1;
        let Some(name) =
            SECRET_PARAMETERS.iter().filter(|name| ends_with_word(&lower[..equals], name)).max_by_key(|n| n.len())
        else {
            continue;
        };
        let rest = &text[equals + 1..];
        let ends = |c: char| {
            c.is_whitespace() || matches!(c, '&' | ';' | '/' | '?' | '#' | '"' | '\'' | '`' | ')' | '>' | ',')
        };
        let end = equals + 1 + rest.find(ends).unwrap_or(rest.len());
        if end > equals + 1 {
            found.push(Parameter { name: equals - name.len()..equals, value: equals + 1..end });
            from = end;
        }
    }
    found
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        let cases = [
            ("rtsp://admin:s3cret@10.0.0.7/stream1", "rtsp://admin:***@10.0.0.7/stream1"),
            ("rtsp://admin:p@ss:w/ord@10.0.0.7/s", "rtsp://admin:***@10.0.0.7/s"),
            ("no camera at \"rtsp://a:b@c/d\": refused", "no camera at \"rtsp://a:***@c/d\": refused"),
            ("rtsp://a:b@c and rtsp://d:e@f", "rtsp://a:***@c and rtsp://d:***@f"),
            ("rtsp://10.0.0.7/user=admin&password=abc&channel=1", "rtsp://10.0.0.7/user=admin&password=***&channel=1"),
            ("rtsp://h/user=a_password=abc_channel=1.sdp?real", "rtsp://h/user=a_password=***?real"),
            ("GET /x?access_token=abc HTTP/1.1", "GET /x?access_token=*** HTTP/1.1"),
            ("rtsp://admin@10.0.0.7/", "rtsp://admin@10.0.0.7/"),
            ("srt://h:9000?latency=20&passphrase=a+b", "srt://h:9000?latency=20&passphrase=***"),
            ("https://h/live.m3u8?sig=x&keyint=2", "https://h/live.m3u8?sig=***&keyint=2"),
            ("compass=north bypass=1", "compass=north bypass=1"),
            ("nothing to hide", "nothing to hide"),
            ("rtsp://10.0.0.7:554/a", "rtsp://10.0.0.7:554/a"),
        ];
        for (text, masked) in cases {
            assert_eq!(mask(text), masked, "{text}");
            assert_eq!(mask(masked), masked, "masking twice changes nothing: {masked}");
        }
    }
}
