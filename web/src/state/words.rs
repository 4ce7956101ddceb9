//! The sentences the dashboard says itself: states, mends, and what a lost connection looks like.

use sightline_shared::camera::{Camera, CameraState};

/// One word for a state, as the badge shows it.
pub(crate) fn state(state: CameraState) -> &'static str {
    match state {
        CameraState::Connecting => "connecting",
        CameraState::Live => "live",
        CameraState::Reconnecting => "reconnecting",
        CameraState::Offline => "offline",
        CameraState::Disabled => "disabled",
    }
}

/// `12 live · 1 reconnecting`, in the order of weight; empty for no cameras.
pub(crate) fn summary(cameras: &[Camera]) -> String {
    use CameraState::{Connecting, Disabled, Live, Offline, Reconnecting};
    let counted = [Live, Connecting, Reconnecting, Offline, Disabled].into_iter().filter_map(|wanted| {
        let count = cameras.iter().filter(|camera| camera.state == wanted).count();
        (count > 0).then(|| format!("{count} {}", state(wanted)))
    });
    counted.collect::<Vec<_>>().join(" · ")
}

/// `in 4 s` until `retry_ms`, or `now`.
pub(crate) fn countdown(now_ms: f64, retry_ms: f64) -> String {
    let left = ((retry_ms - now_ms) / 1e3).ceil();
    if left >= 1.0 { format!("in {left:.0} s") } else { "now".into() }
}

/// What the page says of a camera without a picture: the server's reason, and when it is tried again.
pub(crate) fn explain(camera: &Camera, now_ms: f64, retry_ms: Option<f64>) -> String {
    let reason = camera.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let again = retry_ms.map(|retry| format!("Trying again {}.", countdown(now_ms, retry)));
    let own = match camera.state {
        CameraState::Connecting => Some("Connecting to the camera."),
        CameraState::Disabled => Some("Switched off. Its settings are kept; nothing is connected."),
        CameraState::Reconnecting => Some("The connection to the camera was lost."),
        CameraState::Offline => Some("The camera could not be reached."),
        CameraState::Live => None,
    };
    let first = if camera.state == CameraState::Disabled { own } else { reason.or(own) };
    [first.map(str::to_owned), again].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The part of the form that mends a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mend {
    /// User and password.
    Credentials,
    /// The address as a whole.
    Address,
    /// The transport.
    Transport,
    /// Nothing here: the camera itself must be set.
    Camera,
}

/// Which mend a `reason_code` calls for, and a sentence beside the server's own.
pub(crate) fn mend(code: &str) -> (Mend, &'static str) {
    match code {
        "auth" => (
            Mend::Credentials,
            "Many cameras have a separate user for RTSP; look under Network > RTSP in the camera's settings.",
        ),
        "refused" => {
            (Mend::Address, "Check the port: RTSP is on 554 with most cameras, and often has to be switched on first.")
        }
        "unreachable" => (Mend::Address, "Check the host, and whether this machine is in the camera's network."),
        "timeout" => (Mend::Transport, "A firewall may swallow the packets. The other transport often helps."),
        "not_rtsp" => (
            Mend::Address,
            "Something else answers on that port. RTSP is on 554 with most cameras; 80 and 443 are web pages.",
        ),
        "not_found" => {
            (Mend::Address, "Host and port are right, the path is not. Every make has its own; see the list below.")
        }
        "no_video" => (Mend::Address, "Choose the path of a video stream; this one carries none."),
        "codec" => (Mend::Camera, "Set the camera's stream to H.264 (or H.265) in its own settings."),
        "frozen" | "ended" => {
            (Mend::Transport, "If it keeps happening, try the other transport, or the camera's second stream.")
        }
        "file" => (Mend::Address, "Give the whole path of a file that this machine can read."),
        "certificate" => (
            Mend::Address,
            "Reach the camera by its private address, or install a certificate of a known authority there.",
        ),
        "device" => (Mend::Camera, "Plug the camera in, and let the server's user read it: the group `video`."),
        "url" => (Mend::Address, "An address looks like rtsp://user:password@10.0.0.7/stream1."),
        "protocol" => {
            (Mend::Transport, "The camera does not keep to the protocol. The other transport sometimes helps.")
        }
        _ => (Mend::Address, "Check the address."),
    }
}

/// What the page says while it has no connection to the server.
pub(crate) fn no_server(left_s: u32) -> String {
    match left_s {
        0 => "The server does not answer. Trying again now.".into(),
        left => format!("The server does not answer. Trying again in {left} s."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(state: CameraState, reason: Option<&str>) -> Camera {
        Camera { state, reason: reason.map(Into::into), ..Camera::default() }
    }

    #[test]
    fn the_summary_counts_states_that_are_there() {
        let list = [CameraState::Live, CameraState::Reconnecting, CameraState::Live].map(|state| camera(state, None));
        assert_eq!(summary(&list), "2 live · 1 reconnecting");
        assert_eq!(summary(&[]), "");
    }

    #[test]
    fn reason_and_countdown_make_two_sentences() {
        let refused = camera(CameraState::Reconnecting, Some("The camera refused the password."));
        assert_eq!(explain(&refused, 1000.0, Some(4200.0)), "The camera refused the password. Trying again in 4 s.");
        assert_eq!(explain(&refused, 5000.0, Some(4200.0)), "The camera refused the password. Trying again now.");
        assert_eq!(explain(&camera(CameraState::Connecting, None), 0.0, None), "Connecting to the camera.");
        assert!(explain(&camera(CameraState::Disabled, Some("x")), 0.0, None).starts_with("Switched off."));
        assert_eq!(explain(&camera(CameraState::Live, None), 0.0, None), "");
    }

    #[test]
    fn every_reason_code_has_a_mend() {
        for code in [
            "refused",
            "unreachable",
            "auth",
            "not_rtsp",
            "not_found",
            "no_video",
            "codec",
            "frozen",
            "ended",
            "timeout",
            "file",
            "certificate",
            "device",
        ] {
            assert_ne!(mend(code).1, mend("something new").1, "{code}");
        }
        assert_eq!(mend("auth").0, Mend::Credentials);
    }

    #[test]
    fn a_lost_server_is_said_with_a_countdown() {
        assert_eq!(no_server(3), "The server does not answer. Trying again in 3 s.");
    }
}
