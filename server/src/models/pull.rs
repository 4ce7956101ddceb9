//! Fetches a model of the catalogue: from where it broke off, never more bytes than it has, and only with the right checksum.

use super::catalogue::Entry;
use super::shelf::{Shelf, failed, sha256};
use crate::detect::model::ModelError;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Names an address that models are fetched from instead of their own, as `ADDRESS/NAME.onnx`: for places without the internet.
pub const MIRROR: &str = "SIGHTLINE_MODELS_FROM";
/// How long a connection and an answer are waited for, and a whole file.
const PATIENCE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_secs(3600);
const PIECE: usize = 1 << 16;

/// What is told while a file comes: bytes that are here, and all of them.
pub type Tell<'a> = &'a mut dyn FnMut(u64, u64);

/// Fetches `entry` onto the shelf, from `mirror` where one is named.
///
/// # Errors
/// A sentence: it cannot be reached, was called off, is not what it should be, or cannot be written.
pub fn pull(
    shelf: &Shelf,
    entry: &Entry,
    mirror: Option<&str>,
    tell: Tell<'_>,
    cancel: &AtomicBool,
) -> Result<PathBuf, ModelError> {
    let file = shelf.file(entry.name);
    if file.is_file() && sha256(&file)? == entry.sha256 {
        tell(entry.bytes, entry.bytes);
        return Ok(file);
    }
    let part = shelf.make()?.join(format!("{}.onnx.part", entry.name));
    let address = match mirror {
        Some(mirror) => format!("{}/{}.onnx", mirror.trim_end_matches('/'), entry.name),
        None => entry.url.to_owned(),
    };
    fetch(&address, mirror.is_none(), entry.bytes, &part, tell, cancel)?;
    let found = sha256(&part)?;
    if found != entry.sha256 {
        let _ = std::fs::remove_file(&part);
        let message = "what came is not the model of the catalogue (its SHA-256 differs). It was thrown away: try again, and if it \
            happens again, somebody between here and there changes it.";
        return Err(ModelError(format!("{}: {message}", host(&address))));
    }
    std::fs::rename(&part, &file).map_err(|error| failed("written", &file, &error))?;
    Ok(file)
}

fn fetch(
    address: &str,
    secure: bool,
    bytes: u64,
    part: &Path,
    tell: Tell<'_>,
    cancel: &AtomicBool,
) -> Result<(), ModelError> {
    let have = std::fs::metadata(part).map_or(0, |known| known.len());
    if have == bytes {
        return Ok(());
    }
    let agent = agent(secure);
    let mut request = agent.get(address);
    if have > 0 && have < bytes {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let answer =
        request.call().map_err(|error| ModelError(format!("{} cannot be reached: {error}.", host(address))))?;
    let status = answer.status().as_u16();
    let begins = format!("bytes {have}-");
    let range = answer.headers().get("content-range").and_then(|value| value.to_str().ok());
    let goes_on = status == 206 && range.is_some_and(|range| range.starts_with(&begins));
    if !(status == 200 || goes_on) {
        return Err(ModelError(format!("{} answers {status}: the model cannot be fetched from there.", host(address))));
    }
    let unwritten = |error: std::io::Error| failed("written", part, &error);
    let mut out =
        File::options().create(true).write(true).append(goes_on).truncate(!goes_on).open(part).map_err(unwritten)?;
    let mut done = if goes_on { have } else { 0 };
    let mut body = answer.into_body().into_reader();
    let mut piece = vec![0; PIECE];
    while done < bytes {
        if cancel.load(Ordering::Relaxed) {
            return Err(ModelError("called off. What came so far is kept: the next pull goes on from there.".into()));
        }
        tell(done, bytes);
        let room = PIECE.min(usize::try_from(bytes - done).unwrap_or(PIECE));
        let broken = |error: std::io::Error| {
            ModelError(format!(
                "{} broke off after {done} of {bytes} bytes: {error}. Try again: it goes on from there.",
                host(address)
            ))
        };
        match body.read(&mut piece[..room]).map_err(broken)? {
            0 => return Err(broken(std::io::ErrorKind::UnexpectedEof.into())),
            many => out.write_all(&piece[..many]).map_err(unwritten)?,
        }
        done = out.metadata().map_err(unwritten)?.len();
    }
    tell(done, bytes);
    out.sync_all().map_err(unwritten)
}

fn agent(secure: bool) -> ureq::Agent {
    ureq::Agent::config_builder()
        .https_only(secure)
        .http_status_as_error(false)
        .max_redirects(5)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_recv_body(Some(WHOLE))
        .user_agent(concat!("sightline/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// Scheme and host of an address: the rest may hold what is nobody's business.
fn host(address: &str) -> String {
    let parsed = url::Url::parse(address).ok();
    parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "the address".into())
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
