//! Opens an RTSP session: DESCRIBE, SETUP over TCP or UDP, PLAY; each step bounded in time.

use super::SourceError;
use crate::settings::Credentials;
use retina::client::{Described, PlayOptions, Playing, Session, SessionOptions, SetupOptions};
use retina::codec::FrameFormat;
use sightline_shared::camera::Transport;
use std::time::Duration;

/// Time for one request. Cameras answer within a second; a firewall that swallows packets never does.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// A session that plays, and the indices of its tracks.
pub(super) struct Opened {
    /// The session.
    pub session: Session<Playing>,
    /// Index of the video stream.
    pub video: usize,
    /// Index of the AAC stream, if there is one.
    pub audio: Option<usize>,
    /// `tcp` or `udp`.
    pub transport: &'static str,
}

/// Where to, and how.
pub(super) struct Target<'a> {
    /// Address without user information.
    pub url: &'a url::Url,
    /// User and password.
    pub credentials: Option<&'a Credentials>,
    /// Transport asked for; the other one is tried where the camera answers 461.
    pub transport: Transport,
}

impl Target<'_> {
    /// `host:port`, for messages.
    pub(super) fn host(&self) -> String {
        format!("{}:{}", self.url.host_str().unwrap_or_default(), self.url.port().unwrap_or(554))
    }

    fn error(&self, error: &retina::Error) -> SourceError {
        tracing::debug!(host = self.host(), "RTSP: {error}");
        SourceError::from_retina(error, &self.host(), self.credentials.is_some())
    }

    async fn within<T>(&self, step: impl Future<Output = Result<T, retina::Error>>) -> Result<T, Failure> {
        match tokio::time::timeout(REQUEST_TIMEOUT, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(e)) if e.status_code() == Some(461) => Err(Failure::Transport),
            Ok(Err(e)) => Err(Failure::Final(self.error(&e))),
            Err(_) => Err(Failure::Final(SourceError::new(
                "timeout",
                format!(
                    "{} did not answer within {} s. Is the address right, and is the camera in this network?",
                    self.host(),
                    REQUEST_TIMEOUT.as_secs()
                ),
            ))),
        }
    }
}

enum Failure {
    /// 461: the other transport may do.
    Transport,
    Final(SourceError),
}

/// Opens the session.
///
/// # Errors
/// What the camera refused, in words.
pub(super) async fn open(target: &Target<'_>) -> Result<Opened, SourceError> {
    let order = match target.transport {
        Transport::Auto | Transport::Tcp => ["tcp", "udp"],
        Transport::Udp => ["udp", "tcp"],
    };
    for transport in order {
        match open_over(target, transport).await {
            Ok(opened) => return Ok(opened),
            Err(Failure::Transport) => {}
            Err(Failure::Final(error)) => return Err(error),
        }
    }
    Err(SourceError::from_status(461, &target.host(), target.credentials.is_some()))
}

async fn open_over(target: &Target<'_>, transport: &'static str) -> Result<Opened, Failure> {
    let credentials = target
        .credentials
        .map(|c| retina::client::Credentials { username: c.user.clone(), password: c.password.clone() });
    let options = SessionOptions::default()
        .creds(credentials)
        .user_agent(concat!("Sightline/", env!("CARGO_PKG_VERSION")).to_owned());
    let mut session = target.within(Session::describe(target.url.clone(), options)).await?;
    let (video, audio) = choose(&session).map_err(Failure::Final)?;
    let setup = || {
        let transport = match transport {
            "udp" => retina::client::Transport::Udp(retina::client::UdpTransportOptions::default()),
            _ => retina::client::Transport::Tcp(retina::client::TcpTransportOptions::default()),
        };
        SetupOptions::default().transport(transport).frame_format(FrameFormat::MP4)
    };
    target.within(session.setup(video, setup())).await?;
    // A camera whose sound cannot be had still has a picture.
    let audio = match audio {
        Some(index) if target.within(session.setup(index, setup())).await.is_ok() => Some(index),
        _ => None,
    };
    let play = PlayOptions::default()
        .initial_timestamp(retina::client::InitialTimestampPolicy::Permissive)
        .unknown_rtcp_ssrc(retina::client::UnknownRtcpSsrcPolicy::DropPackets);
    let session = target.within(session.play(play)).await?;
    Ok(Opened { session, video, audio, transport })
}

/// Index of the video stream, and of an AAC stream if there is one.
fn choose(session: &Session<Described>) -> Result<(usize, Option<usize>), SourceError> {
    let streams = session.streams();
    let carried = |name: &str| matches!(name, "h264" | "h265");
    let video = streams.iter().position(|s| s.media() == "video" && carried(s.encoding_name()));
    let audio = streams.iter().position(|s| s.media() == "audio" && s.encoding_name() == "mpeg4-generic");
    let Some(video) = video else {
        let other = streams.iter().find(|s| s.media() == "video");
        return Err(other.map_or_else(
            || SourceError::new("no_video", "The camera answers, but this stream has no video. Look up its RTSP path."),
            |s| {
                SourceError::new(
                    "codec",
                    format!(
                        "The camera sends {}, which is not carried yet. Choose H.264 (or H.265) in its video settings.",
                        s.encoding_name().to_uppercase()
                    ),
                )
            },
        ));
    };
    Ok((video, audio))
}
