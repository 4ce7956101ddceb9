//! Why a source gives nothing: a word for programs, and sentences that say what happened and what to do.

/// The end of one try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// A word for programs; see [`sightline_shared::camera::Camera::reason_code`].
    pub code: &'static str,
    /// What happened, why as far as known, what to do. Holds no password.
    pub message: String,
}

impl SourceError {
    /// Puts the two together.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// From what retina says of a failed request or a broken stream at `host`.
    #[must_use]
    pub fn from_retina(error: &retina::Error, host: &str, has_password: bool) -> Self {
        match error.status_code() {
            Some(status) => Self::from_status(status, host, has_password),
            None => Self::from_words(&error.to_string(), host),
        }
    }

    /// From an RTSP status code (RFC 2326 section 7.1.1).
    #[must_use]
    pub fn from_status(status: u16, host: &str, has_password: bool) -> Self {
        match status {
            401 | 403 if has_password => Self::new(
                "auth",
                "The camera refused the user or the password. Many cameras have a separate user for RTSP: look for it \
                 under Network or RTSP in the camera's settings.",
            ),
            401 | 403 => Self::new(
                "auth",
                "The camera asks for a user and a password. Put them into the address: rtsp://user:password@host/path.",
            ),
            404 | 454 => Self::new(
                "not_found",
                "The camera answers, but has no stream under this path. Look up the RTSP path of its make and model.",
            ),
            453 | 503 => Self::new(
                "refused",
                format!(
                    "The camera says that it is busy ({status}). Many cameras serve only one or two viewers: close others."
                ),
            ),
            461 => Self::new(
                "protocol",
                "The camera refuses both TCP and UDP (461). Look for the transport in its RTSP settings.",
            ),
            other => Self::new("protocol", format!("{host} answered the RTSP request with an error ({other}).")),
        }
    }

    fn from_words(words: &str, host: &str) -> Self {
        let has = |needle: &str| words.contains(needle);
        if has("Unable to connect") {
            return Self::connect(words, host);
        }
        if has("RTSP framing error") || has("Unsupported: ") && has("version") {
            return Self::new(
                "not_rtsp",
                format!(
                    "What answers at {host} does not speak RTSP: it may be the camera's web page. RTSP is usually on port 554."
                ),
            );
        }
        if has("EOF") || has("Error reading") || has("Connection reset") || has("Error writing") {
            return Self::new("ended", format!("{host} closed the connection."));
        }
        let first = words.lines().next().unwrap_or_default();
        Self::new("protocol", format!("The stream from {host} cannot be read: {first}."))
    }

    fn connect(words: &str, host: &str) -> Self {
        if words.contains("refused") {
            return Self::new(
                "refused",
                format!(
                    "Nothing listens at {host} (connection refused). Is RTSP switched on in the camera, and is the port right? \
                     554 is usual."
                ),
            );
        }
        if words.contains("lookup") || words.contains("not known") || words.contains("resolution") {
            return Self::new(
                "unreachable",
                format!("The name in {host} is not known to this machine's network. Try the camera's IP address."),
            );
        }
        Self::new(
            "unreachable",
            format!("{host} cannot be reached from this machine. Is the camera switched on and in this network?"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_word_and_a_mend() {
        let cases = [
            ("Unable to connect to RTSP server: Connection refused (os error 111)", "refused", "554"),
            ("Unable to connect to RTSP server: No route to host (os error 113)", "unreachable", "switched on"),
            ("Unable to connect to RTSP server: failed to lookup address information", "unreachable", "IP address"),
            ("RTSP framing error: Invalid RTSP message\n\nconn: x", "not_rtsp", "web page"),
            ("Error reading from RTSP peer: EOF", "ended", "closed"),
        ];
        for (words, code, mend) in cases {
            let error = SourceError::from_words(words, "cam:554");
            assert_eq!(error.code, code, "{words}");
            assert!(error.message.contains(mend), "{}", error.message);
        }
        assert_eq!(SourceError::from_status(401, "cam", true).code, "auth");
        assert!(SourceError::from_status(401, "cam", false).message.contains("user:password@"));
        assert_eq!(SourceError::from_status(404, "cam", false).code, "not_found");
    }
}
