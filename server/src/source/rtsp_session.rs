//! Opens an RTSP session: DESCRIBE, SETUP over TCP or UDP, PLAY; each step bounded in time.

use super::{Offered, SourceError};
use crate::pipeline::packet::Medium;
use crate::settings::Credentials;
use retina::client::{Described, PlayOptions, Playing, Session, SessionOptions, SetupOptions};
use retina::codec::FrameFormat;
use sightline_shared::camera::Transport;
use std::time::Duration;

/// Time for one request. Cameras answer within a second; a firewall that swallows packets never does.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// The code of an end that is none: the stream is one that libavformat plays and that is encoded anew.
pub(super) const BY_LIBAV: &str = "by_libav";

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
    /// Every track of the SDP.
    pub offered: Vec<Offered>,
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

async fn describe(target: &Target<'_>) -> Result<Session<Described>, Failure> {
    let credentials = target
        .credentials
        .map(|c| retina::client::Credentials { username: c.user.clone(), password: c.password.clone() });
    let options = SessionOptions::default()
        .creds(credentials)
        .user_agent(concat!("Sightline/", env!("CARGO_PKG_VERSION")).to_owned());
    target.within(Session::describe(target.url.clone(), options)).await
}

fn set_up(transport: &str) -> SetupOptions {
    let transport = match transport {
        "udp" => retina::client::Transport::Udp(retina::client::UdpTransportOptions::default()),
        _ => retina::client::Transport::Tcp(retina::client::TcpTransportOptions::default()),
    };
    SetupOptions::default().transport(transport).frame_format(FrameFormat::MP4)
}

fn play() -> PlayOptions {
    PlayOptions::default()
        .initial_timestamp(retina::client::InitialTimestampPolicy::Permissive)
        .unknown_rtcp_ssrc(retina::client::UnknownRtcpSsrcPolicy::DropPackets)
}

/// A session of the video alone, for a look at its packets.
pub(super) async fn open_video(target: &Target<'_>, transport: &'static str) -> Option<Session<Playing>> {
    let mut session = describe(target).await.ok()?;
    let (video, _) = choose(&session).ok()?;
    target.within(session.setup(video, set_up(transport))).await.ok()?;
    target.within(session.play(play())).await.ok()
}

async fn open_over(target: &Target<'_>, transport: &'static str) -> Result<Opened, Failure> {
    let mut session = describe(target).await?;
    let (video, audio) = choose(&session).map_err(Failure::Final)?;
    let offered = offered(&session, video);
    target.within(session.setup(video, set_up(transport))).await?;
    // A camera whose sound cannot be had still has a picture.
    let audio = match audio {
        Some(index) if target.within(session.setup(index, set_up(transport))).await.is_ok() => Some(index),
        _ => None,
    };
    let session = target.within(session.play(play())).await?;
    Ok(Opened { session, video, audio, transport, offered })
}

fn offered(session: &Session<Described>, video: usize) -> Vec<Offered> {
    let tracks = session.streams().iter().enumerate().filter_map(|(index, stream)| {
        let medium = match stream.media() {
            "video" => Medium::Video,
            "audio" => Medium::Audio,
            _ => return None,
        };
        let name = stream.encoding_name();
        Some(Offered {
            medium,
            codec: name.to_uppercase(),
            carried: index == video || name == "mpeg4-generic",
            claimed_fps: stream.framerate().map(f64::from).filter(|fps| *fps > 0.0),
            parameter_sets: stream.parameters().is_some(),
        })
    });
    tracks.collect()
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
                    if s.encoding_name() == "jpeg" { BY_LIBAV } else { "codec" },
                    format!(
                        "The camera sends {}, which is not carried. Choose H.264 (or H.265) in its video settings.",
                        s.encoding_name().to_uppercase()
                    ),
                )
            },
        ));
    };
    Ok((video, audio))
}
