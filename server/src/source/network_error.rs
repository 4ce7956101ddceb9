//! Why libavformat gives nothing, in words by cause.

use super::SourceError;
use super::network_plan::Plan;
use ffmpeg::Error;
use ffmpeg::util::error as errno;
use ffmpeg_next as ffmpeg;
use std::net::ToSocketAddrs;

/// What could be found out beside libavformat's code, which is the same for a name that nobody knows, a certificate that is
/// not trusted and a connection that was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clues {
    /// The host's name has no address.
    pub(super) unknown_host: bool,
    /// TLS would stand if the certificate were not checked.
    pub(super) certificate: bool,
}

impl Clues {
    /// Looks for them, where libavformat's code leaves the cause open.
    pub(super) fn seek(error: Error, plan: &Plan, interrupt: impl FnMut() -> bool + Send + 'static) -> Self {
        let open = matches!(error, Error::Other { errno: errno::EIO } | Error::Exit | Error::InvalidData);
        let Some((host, port)) = plan.host.rsplit_once(':').filter(|_| open && plan.format.is_none()) else {
            return Self::default();
        };
        let Ok(port) = port.parse::<u16>() else { return Self::default() };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if (bare, port).to_socket_addrs().is_err() {
            return Self { unknown_host: true, certificate: false };
        }
        let checked = plan.scheme == "https" && plan.note.is_none() && error != Error::InvalidData;
        Self { unknown_host: false, certificate: checked && crate::libav::tls_answers(host, port, interrupt) }
    }
}

/// The sentence for an address that could not be opened.
pub(super) fn not_opened(error: Error, plan: &Plan, timed_out: bool, clues: Clues) -> SourceError {
    tracing::debug!(host = plan.host, "libavformat: {error}");
    let host = &plan.host;
    if clues.unknown_host {
        let words = format!("The name in {host} is not known to this machine's network. Try the camera's IP address.");
        return SourceError::new("unreachable", words);
    }
    if clues.certificate {
        let words = format!(
            "The certificate of {host} is not trusted: it is self-signed, has run out, or belongs to another name. Install one \
             of a known authority there, or reach the camera by its private address, where none is asked for."
        );
        return SourceError::new("certificate", words);
    }
    if timed_out {
        let words = format!("{host} did not answer in time, or too slowly to show a picture. Is the address right?");
        return SourceError::new("timeout", words);
    }
    by_code(error, plan)
}

fn by_code(error: Error, plan: &Plan) -> SourceError {
    let (host, scheme) = (&plan.host, plan.scheme);
    let new = |code, words: String| SourceError::new(code, words);
    match error {
        Error::HttpUnauthorized | Error::HttpForbidden | Error::Other { errno: errno::EACCES | errno::EPERM } => {
            auth(plan)
        }
        Error::HttpNotFound => new(
            "not_found",
            format!("{host} answers, but has nothing under this path (404). Look up the make's address."),
        ),
        Error::HttpServerError => {
            new("refused", format!("{host} answers that it failed inside (5xx). Restart the camera."))
        }
        Error::HttpBadRequest | Error::HttpOther4xx => {
            new("protocol", format!("{host} refused the request (4xx). Look up the make's address."))
        }
        Error::Other { errno: errno::ECONNREFUSED } => new(
            "refused",
            format!(
                "Nothing listens at {host} (connection refused). Is the port right, and is {scheme} switched on there?"
            ),
        ),
        Error::Other { errno: errno::EHOSTUNREACH | errno::ENETUNREACH | errno::ENETDOWN } => new(
            "unreachable",
            format!("{host} cannot be reached from this machine. Is the camera switched on and in this network?"),
        ),
        Error::Other { errno: errno::ETIMEDOUT } => new("timeout", format!("{host} did not answer in time.")),
        Error::ProtocolNotFound | Error::Other { errno: errno::EINVAL } => new(
            "protocol",
            format!(
                "{host} names an address that Sightline does not open (or this FFmpeg knows no {scheme}). Streams lead to \
                 http and https addresses alone, never to files."
            ),
        ),
        Error::DemuxerNotFound => {
            new("device", format!("This FFmpeg cannot read {host}: its libavdevice has no V4L2."))
        }
        Error::InvalidData | Error::Eof | Error::StreamNotFound => no_video_there(plan),
        Error::Other { errno: errno::EBUSY } => new(
            "refused",
            format!("{host} is in use by another program. A camera of this machine serves one at a time."),
        ),
        _ => new("ended", format!("{host} closed the connection before a picture came.")),
    }
}

fn auth(plan: &Plan) -> SourceError {
    let scheme = plan.scheme;
    let words = if plan.has_password {
        format!(
            "{} refused the user or the password. Many cameras have separate users for the web page and for streams.",
            plan.host
        )
    } else {
        format!(
            "{} asks for a user and a password. Put them into the address: {scheme}://user:password@host/path.",
            plan.host
        )
    };
    SourceError::new("auth", words)
}

fn no_video_there(plan: &Plan) -> SourceError {
    let words = match plan.scheme {
        "http" | "https" => format!(
            "What {} sends is not video that can be read: a web page, a picture, or nothing. Look up the address of the stream \
             itself; it often ends in .m3u8, .ts, .flv, .mp4 or /mjpeg.",
            plan.host
        ),
        scheme => format!("What {} sends over {scheme} is not video that can be read.", plan.host),
    };
    SourceError::new("no_video", words)
}

/// More came than any stream needs.
pub(super) fn too_much(plan: &Plan) -> SourceError {
    let words = format!(
        "{} sends more than any stream needs, and no picture in it. Is this the address of a stream?",
        plan.host
    );
    SourceError::new("no_video", words)
}

/// The end of a stream that was open.
pub(super) fn broke_off(error: Error, plan: &Plan, timed_out: bool) -> SourceError {
    let host = &plan.host;
    match error {
        _ if timed_out => {
            SourceError::new("frozen", format!("{host} sends nothing any more. The connection still stands."))
        }
        Error::Exit => SourceError::new("ended", "The stream was stopped."),
        Error::Eof => SourceError::new("ended", format!("{host} ended the stream.")),
        Error::Other { errno: errno::ENODEV } => SourceError::new("ended", format!("{host} was unplugged.")),
        other => {
            tracing::debug!(host, "libavformat: {other}");
            SourceError::new("ended", format!("The stream from {host} broke off."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Credentials;
    use crate::source::network_plan::Place;

    fn plan(url: &str, password: bool) -> Plan {
        let url = url::Url::parse(url).expect("an address");
        let credentials = Credentials { user: "u".into(), password: "secret".into() };
        Plan::of(Place::Address(&url, password.then_some(&credentials))).expect("a plan")
    }

    #[test]
    fn each_failure_has_its_word_and_a_mend() {
        let posix = |errno| Error::Other { errno };
        let cases = [
            (Error::HttpUnauthorized, "auth", "user:password@"),
            (Error::HttpNotFound, "not_found", "404"),
            (posix(errno::ECONNREFUSED), "refused", "port"),
            (posix(errno::EHOSTUNREACH), "unreachable", "switched on"),
            (Error::InvalidData, "no_video", "web page"),
            (Error::ProtocolNotFound, "protocol", "never to files"),
            (posix(errno::EIO), "ended", "closed"),
        ];
        for (error, code, words) in cases {
            let said = not_opened(error, &plan("http://cam/x", false), false, Clues::default());
            assert_eq!(said.code, code, "{error}");
            assert!(said.message.contains(words) && said.message.contains("cam:80"), "{said}");
        }
        let refused = not_opened(Error::HttpUnauthorized, &plan("http://cam/x", true), false, Clues::default());
        assert!(refused.message.contains("refused the user") && !refused.message.contains("secret"));
        let late = not_opened(Error::Exit, &plan("http://cam/x", false), true, Clues::default());
        assert_eq!(late.code, "timeout");
    }

    #[test]
    fn what_one_code_hides_is_found_out() {
        let eio = Error::Other { errno: errno::EIO };
        let unknown = Clues::seek(eio, &plan("https://no-such-camera.invalid/x", false), || false);
        assert!(unknown.unknown_host);
        let said = not_opened(
            eio,
            &plan("https://cam.example/x", false),
            false,
            Clues { unknown_host: false, certificate: true },
        );
        assert_eq!(said.code, "certificate");
        assert_eq!(
            Clues::seek(Error::HttpNotFound, &plan("https://no-such.invalid/", false), || false),
            Clues::default()
        );
    }
}
