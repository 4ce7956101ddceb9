//! Which requests are heard at all: `Host` and `Origin` of every one, loopback included, since any web page can reach
//! 127.0.0.1 and names can be rebound to it.

use crate::settings::server::normal_host;
use axum::http::{HeaderMap, Method, Uri, header};
use std::net::{IpAddr, SocketAddr};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it comes from.
    pub remote: SocketAddr,
    /// The address of this machine that it came to.
    pub local: SocketAddr,
}

impl Peer {
    /// Whether it comes from this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.remote.ip().to_canonical().is_loopback()
    }
}

/// Why a request is not heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("The request names no host, or several.")]
    NoHost,
    #[error(
        "This address is not known by the name {0}. If it should be, add it to allowed_hosts under [server] in sightline.toml, or \
         start Sightline with --allow-host {0}."
    )]
    ForeignHost(String),
    #[error("The request comes from a page of another address ({0}). Open Sightline by its own address.")]
    ForeignOrigin(String),
    #[error("The request comes from a page of another address. Open Sightline by its own address.")]
    CrossSite,
}

impl Refusal {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoHost => "bad_request",
            Self::ForeignHost(_) => "foreign_host",
            Self::ForeignOrigin(_) | Self::CrossSite => "foreign_origin",
        }
    }
}

/// Checks a request's `Host`, `Origin` and `Sec-Fetch-Site`. `allowed` are names in [`normal_host`]'s form.
pub(super) fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    peer: Peer,
    allowed: &[&[String]],
) -> Result<(), Refusal> {
    let host = host(uri, headers).ok_or(Refusal::NoHost)?;
    let name = normal_host(&host).ok_or_else(|| Refusal::ForeignHost(shown(&host)))?;
    if !is_ours(&name, peer) && !allowed.iter().any(|list| list.contains(&name)) {
        return Err(Refusal::ForeignHost(shown(&name)));
    }
    for origin in headers.get_all(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or("?");
        if !same_origin(origin, &host) {
            return Err(Refusal::ForeignOrigin(shown(origin)));
        }
    }
    let fetch = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = fetch("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    // Following a link to the dashboard is fine; a picture, script or form of another page is not.
    let navigation =
        method == Method::GET && fetch("sec-fetch-mode") == Some("navigate") && !uri.path().starts_with("/api");
    if foreign && !navigation { Err(Refusal::CrossSite) } else { Ok(()) }
}

/// The one `Host` of the request (RFC 9112 section 3.2): the target's own, where it has one, must agree.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(header::HOST).iter();
    let (first, more) = (all.next(), all.next());
    if more.is_some() {
        return None;
    }
    let named = first.map(|value| value.to_str().map(str::to_ascii_lowercase));
    match (named, uri.authority().map(|authority| authority.as_str().to_ascii_lowercase())) {
        (Some(Ok(host)), None) => Some(host),
        (Some(Ok(host)), Some(target)) if host == target => Some(host),
        (None, target) => target,
        _ => None,
    }
}

/// Names that need no permission: loopback ones, and the very address that the connection came to, which no name server can
/// make a browser call by a foreign name.
fn is_ours(name: &str, peer: Peer) -> bool {
    match name.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback() || ip.to_canonical() == peer.local.ip().to_canonical(),
        Err(_) => name == "localhost",
    }
}

/// Whether `Origin` (RFC 6454) is this very host and port. A proxy in front may speak TLS where Sightline does not.
fn same_origin(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let plain = |text: &str| text.strip_suffix(default).unwrap_or(text).to_ascii_lowercase();
    plain(authority) == plain(host)
}

/// A foreign name as it may be repeated: short and plain.
fn shown(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !"<>\"'`".contains(*c)).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: Method, path: &str, headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let peer = Peer {
            remote: "192.168.1.20:5000".parse().expect("an address"),
            local: "192.168.1.5:8080".parse().expect("an address"),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                header::HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                value.parse().expect("a value"),
            );
        }
        let allowed = ["cameras.lan".to_owned()];
        check(&method, &path.parse().expect("a path"), &map, peer, &[&allowed]).map_err(|refusal| refusal.code())
    }

    #[test]
    fn hosts_are_checked() {
        let host = |host: &str| checked(Method::GET, "/api/health", &[("host", host)]);
        for good in [
            "localhost:8080",
            "127.0.0.1:8080",
            "127.8.8.8",
            "[::1]:8080",
            "192.168.1.5:8080",
            "Cameras.LAN",
            "cameras.lan:99",
        ] {
            assert_eq!(host(good), Ok(()), "{good}");
        }
        for bad in [
            "evil.example",
            "192.168.1.6",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "0.0.0.0:8080",
            "x@localhost",
            "",
        ] {
            assert_eq!(host(bad), Err("foreign_host"), "{bad}");
        }
        assert_eq!(checked(Method::GET, "/", &[]), Err("bad_request"));
        assert_eq!(checked(Method::GET, "/", &[("host", "localhost"), ("host", "localhost")]), Err("bad_request"));
        assert_eq!(checked(Method::GET, "http://evil/", &[("host", "localhost")]), Err("bad_request"));
    }

    #[test]
    fn origins_are_checked() {
        let origin = |origin: &str| checked(Method::GET, "/api/x", &[("host", "localhost:8080"), ("origin", origin)]);
        for good in ["http://localhost:8080", "https://localhost:8080", "http://LOCALHOST:8080"] {
            assert_eq!(origin(good), Ok(()), "{good}");
        }
        for bad in
            ["null", "http://localhost", "http://localhost:9090", "http://127.0.0.1:8080", "http://evil", "", "file://"]
        {
            assert_eq!(origin(bad), Err("foreign_origin"), "{bad}");
        }
        let headers = [("host", "cameras.lan"), ("origin", "https://cameras.lan:443")];
        assert_eq!(checked(Method::POST, "/api/x", &headers), Ok(()));
    }

    #[test]
    fn other_sites_may_link_but_not_reach_in() {
        let site = |method: Method, path: &str, site: &str, mode: &str| {
            checked(method, path, &[("host", "localhost"), ("sec-fetch-site", site), ("sec-fetch-mode", mode)])
        };
        assert_eq!(site(Method::GET, "/", "cross-site", "navigate"), Ok(()));
        assert_eq!(site(Method::GET, "/api/cameras", "same-origin", "cors"), Ok(()));
        assert_eq!(site(Method::GET, "/api/cameras", "none", "navigate"), Ok(()));
        assert_eq!(site(Method::GET, "/api/cameras/a/live.mp4", "cross-site", "no-cors"), Err("foreign_origin"));
        assert_eq!(site(Method::GET, "/api/cameras/a/live.mp4", "same-site", "navigate"), Err("foreign_origin"));
        assert_eq!(site(Method::POST, "/", "cross-site", "navigate"), Err("foreign_origin"));
    }
}
