//! The little of RTSP 1.0 (RFC 2326) that a camera needs: requests in, answers and the session description out.

use crate::clip::Clip;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;

/// A request of the client.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    sequence: String,
    transport: String,
}

/// Reads the next request; skips what the client sends interleaved (receiver reports). `None` at the end.
pub(super) async fn read_request(from: &mut BufReader<OwnedReadHalf>) -> Option<Request> {
    loop {
        match from.fill_buf().await.ok()?.first()? {
            b'$' => skip_interleaved(from).await?,
            _ => return read_lines(from).await,
        }
    }
}

async fn skip_interleaved(from: &mut BufReader<OwnedReadHalf>) -> Option<()> {
    let mut head = [0; 4];
    from.read_exact(&mut head).await.ok()?;
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
    from.read_exact(&mut body).await.ok().map(|_| ())
}

async fn read_lines(from: &mut BufReader<OwnedReadHalf>) -> Option<Request> {
    let mut request = Request::default();
    let mut line = String::new();
    loop {
        line.clear();
        if from.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if text.is_empty() && !request.method.is_empty() {
            return Some(request);
        }
        if request.method.is_empty() {
            let mut words = text.split(' ');
            request.method = words.next()?.to_owned();
            request.url = words.next().unwrap_or_default().to_owned();
        } else if let Some((name, value)) = text.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "cseq" => request.sequence = value.trim().to_owned(),
                "transport" => request.transport = value.trim().to_owned(),
                _ => {}
            }
        }
    }
}

/// The answer to `request`; `first` is the sequence number and timestamp of the first packet.
pub(super) fn answer(request: &Request, clip: &Clip, first: (u16, u32)) -> String {
    let sequence = &request.sequence;
    let (status, headers, body) = match request.method.as_str() {
        "OPTIONS" => {
            ("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n".to_owned(), String::new())
        }
        "DESCRIBE" => {
            let base = request.url.trim_end_matches('/');
            ("200 OK", format!("Content-Base: {base}/\r\nContent-Type: application/sdp\r\n"), description(clip))
        }
        // A real camera without UDP says so with 461 (RFC 2326 section 11.3.14).
        "SETUP" if !request.transport.contains("RTP/AVP/TCP") => {
            ("461 Unsupported Transport", String::new(), String::new())
        }
        "SETUP" => (
            "200 OK",
            "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=51617431\r\nSession: 4711;timeout=60\r\n".to_owned(),
            String::new(),
        ),
        "PLAY" => {
            let info =
                format!("url={}/trackID=0;seq={};rtptime={}", request.url.trim_end_matches('/'), first.0, first.1);
            ("200 OK", format!("Session: 4711\r\nRange: npt=0.000-\r\nRTP-Info: {info}\r\n"), String::new())
        }
        "GET_PARAMETER" | "SET_PARAMETER" | "TEARDOWN" | "PAUSE" => {
            ("200 OK", "Session: 4711\r\n".to_owned(), String::new())
        }
        _ => ("501 Not Implemented", String::new(), String::new()),
    };
    format!("RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// SDP (RFC 4566) with the parameter sets of the clip (RFC 6184 section 8.1).
fn description(clip: &Clip) -> String {
    let profile: String = clip.sps[1..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let sets = format!("{},{}", STANDARD.encode(&clip.sps), STANDARD.encode(&clip.pps));
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=scripted camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=range:npt=0-\r\n\
         m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}\r\n\
         a=framerate:{}\r\na=control:trackID=0\r\n",
        clip.sdp_fps.unwrap_or(clip.spec.fps)
    )
}
