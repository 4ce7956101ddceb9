//! A scripted RTSP camera: sends a clip over TCP at its own rate and does on cue what a real server cannot be asked to do:
//! wrong timestamps, frozen streams, empty frames, noise, new parameters, a cut connection.

mod rtp;
mod rtsp;

use crate::clip::Clip;
use rtp::Packetiser;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;

/// RTP timestamps start two seconds before their 32-bit wrap, so that every test goes over it.
const FIRST_TIMESTAMP: u32 = u32::MAX - 2 * 90_000;

/// One cue of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends this many frames at the clip's rate.
    Frames(u32),
    /// From here on timestamps are displaced by this many ticks of 90 kHz.
    Jump(i64),
    /// One frame alone has its timestamp displaced by this many ticks.
    Glitch(i64),
    /// This many frames whose packets have no payload, and then as many that hold a NAL header alone.
    EmptyFrames(u32),
    /// This many frames of random payload.
    NoiseFrames(u32),
    /// Bytes on the connection that are neither RTSP nor interleaved packets.
    BreakFraming,
    /// From here on the camera's clock runs slow by this many parts per million.
    Drift(i64),
    /// No sender reports from here on.
    NoReports,
    /// No parameter sets with key frames from here on: they stand in the SDP alone.
    NoSets,
    /// Another clip from its first frame: new parameters in mid-stream, sent in-band as cameras do.
    Switch(Arc<Clip>),
    /// Nothing for this long.
    Pause(Duration),
    /// Nothing any more; the connection stays and requests are answered.
    Freeze,
    /// The connection is closed.
    HangUp,
}

/// What the camera does on each connection; when the steps are over it goes on with frames for ever.
pub type Script = Vec<Step>;

#[derive(Default)]
struct Record {
    /// When the last packet of each frame was written, by connection.
    sent: Mutex<Vec<Vec<Instant>>>,
    open: AtomicUsize,
}

/// A camera on 127.0.0.1; ends when dropped.
pub struct FakeCamera {
    address: SocketAddr,
    record: Arc<Record>,
    task: JoinHandle<()>,
}

impl FakeCamera {
    /// Starts a camera that follows `script` on every connection.
    ///
    /// # Panics
    /// No port can be had.
    pub async fn start(clip: Arc<Clip>, script: Script) -> Self {
        Self::start_with(clip, vec![script]).await
    }

    /// Starts a camera that follows the first script on the first connection, and so on; the last serves all that follow.
    ///
    /// # Panics
    /// No port can be had, or there is no script.
    pub async fn start_with(clip: Arc<Clip>, scripts: Vec<Script>) -> Self {
        assert!(!scripts.is_empty(), "a camera needs a script");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let record = Arc::new(Record::default());
        let task = tokio::spawn(accept(listener, clip, scripts, Arc::clone(&record)));
        Self { address, record, task }
    }

    /// The address a user would type.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://{}/stream1", self.address)
    }

    /// How many connections have played so far.
    #[must_use]
    pub fn plays(&self) -> usize {
        self.record.sent.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.record.open.load(Ordering::Relaxed)
    }

    /// When the last packet of frame `frame` was handed to the system on play `play` (both from 0).
    #[must_use]
    pub fn sent(&self, play: usize, frame: usize) -> Option<Instant> {
        self.record.sent.lock().unwrap_or_else(PoisonError::into_inner).get(play)?.get(frame).copied()
    }

    /// How many frames play `play` has sent.
    #[must_use]
    pub fn frames(&self, play: usize) -> usize {
        self.record.sent.lock().unwrap_or_else(PoisonError::into_inner).get(play).map_or(0, Vec::len)
    }
}

impl Drop for FakeCamera {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, clip: Arc<Clip>, scripts: Vec<Script>, record: Arc<Record>) {
    // Connections end with the camera: a JoinSet aborts its tasks when it is dropped.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let played = record.sent.lock().unwrap_or_else(PoisonError::into_inner).len();
        let script = scripts[played.min(scripts.len() - 1)].clone();
        let (clip, record) = (Arc::clone(&clip), Arc::clone(&record));
        connections.spawn(async move {
            record.open.fetch_add(1, Ordering::Relaxed);
            serve(stream, clip, script, &record).await;
            record.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Answers requests until the client goes, hangs up, or the script does.
async fn serve(stream: TcpStream, clip: Arc<Clip>, script: Script, record: &Arc<Record>) {
    // As real cameras do: otherwise the last packet of a frame waits for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    let (mut read, write) = (BufReader::new(read), Arc::new(AsyncMutex::new(write)));
    // Dropped with this task, and the sender with it.
    let mut sender = tokio::task::JoinSet::new();
    while let Some(request) = rtsp::read_request(&mut read).await {
        let first = (Packetiser::default().next_sequence(), FIRST_TIMESTAMP);
        let answer = rtsp::answer(&request, &clip, first);
        if write.lock().await.write_all(answer.as_bytes()).await.is_err() {
            break;
        }
        if request.method == "PLAY" && sender.is_empty() {
            sender.spawn(play(Arc::clone(&write), Arc::clone(&clip), script.clone(), Arc::clone(record)));
        }
        if request.method == "TEARDOWN" {
            break;
        }
    }
}

async fn play(write: Arc<AsyncMutex<OwnedWriteHalf>>, clip: Arc<Clip>, script: Script, record: Arc<Record>) {
    let play = {
        let mut sent = record.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(Vec::new());
        sent.len() - 1
    };
    let mut player = Player {
        write,
        ticker: ticker(&clip),
        clip,
        next: 0,
        timestamp: FIRST_TIMESTAMP,
        packetiser: Packetiser::default(),
        reported: None,
        reports: true,
        sets: true,
        drift_ppm: 0,
        record,
        play,
    };
    // An error is the other side going away: the end of this play.
    let _ = player.run(script).await;
}

fn ticker(clip: &Clip) -> tokio::time::Interval {
    tokio::time::interval(Duration::from_secs(1) / clip.spec.fps)
}

struct Player {
    write: Arc<AsyncMutex<OwnedWriteHalf>>,
    clip: Arc<Clip>,
    next: usize,
    timestamp: u32,
    ticker: tokio::time::Interval,
    packetiser: Packetiser,
    reported: Option<Instant>,
    reports: bool,
    sets: bool,
    drift_ppm: i64,
    record: Arc<Record>,
    play: usize,
}

impl Player {
    async fn run(&mut self, script: Script) -> std::io::Result<()> {
        for step in script {
            self.step(step).await?;
        }
        loop {
            self.frame(0).await?;
        }
    }

    async fn step(&mut self, step: Step) -> std::io::Result<()> {
        match step {
            Step::Frames(count) => {
                for _ in 0..count {
                    self.frame(0).await?;
                }
            }
            Step::Jump(ticks) => self.timestamp = self.timestamp.wrapping_add(ticks as u32),
            Step::Glitch(ticks) => self.frame(ticks).await?,
            Step::EmptyFrames(count) => {
                for payload in [&[][..], &[0x65]] {
                    self.payloads(payload, count).await?;
                }
            }
            Step::NoiseFrames(count) => {
                let noise: Vec<u8> = (0..900_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
                self.payloads(&noise, count).await?;
            }
            Step::BreakFraming => self.write.lock().await.write_all(&[0xa5; 5000]).await?,
            Step::Switch(clip) => (self.clip, self.next) = (clip, 0),
            Step::Drift(ppm) => self.drift_ppm = ppm,
            Step::NoReports => self.reports = false,
            Step::NoSets => self.sets = false,
            Step::Pause(time) => {
                tokio::time::sleep(time).await;
                self.ticker = ticker(&self.clip);
            }
            Step::Freeze => std::future::pending::<()>().await,
            Step::HangUp => {
                self.write.lock().await.shutdown().await?;
                std::future::pending::<()>().await;
            }
        }
        Ok(())
    }

    /// The next frame of the clip, its timestamp displaced by `displaced` ticks.
    async fn frame(&mut self, displaced: i64) -> std::io::Result<()> {
        self.ticker.tick().await;
        let unit = self.clip.units[self.next % self.clip.units.len()].clone();
        let mut nals = unit.nals;
        if unit.key && self.sets {
            nals.splice(0..0, [self.clip.sps.clone(), self.clip.pps.clone()]);
        }
        let (mut most, last) = self.packetiser.frame(&nals, self.timestamp.wrapping_add(displaced as u32));
        if self.reports && self.reported.is_none_or(|at| at.elapsed() > Duration::from_secs(5)) {
            most.splice(0..0, self.packetiser.sender_report(self.timestamp));
            self.reported = Some(Instant::now());
        }
        let mut write = self.write.lock().await;
        write.write_all(&most).await?;
        self.record.sent.lock().unwrap_or_else(PoisonError::into_inner)[self.play].push(Instant::now());
        write.write_all(&last).await?;
        drop(write);
        self.next += 1;
        self.advance();
        Ok(())
    }

    /// `count` frames of one packet each that holds `payload`.
    async fn payloads(&mut self, payload: &[u8], count: u32) -> std::io::Result<()> {
        for _ in 0..count {
            self.ticker.tick().await;
            let mut packet = Vec::new();
            self.packetiser.packet(payload, self.timestamp, true, &mut packet);
            self.write.lock().await.write_all(&packet).await?;
            self.advance();
        }
        Ok(())
    }

    fn advance(&mut self) {
        let ticks = i64::from(self.clip.ticks());
        self.timestamp = self.timestamp.wrapping_add((ticks - ticks * self.drift_ppm / 1_000_000) as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clip::ClipSpec;

    /// FFmpeg as the client: every frame arrives whole and in time, over the wrap of the RTP timestamp.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ffmpeg_plays_the_scripted_camera_over_the_wrap() {
        let clip =
            Arc::new(Clip::make(ClipSpec { width: 640, height: 360, bitrate: 2_000_000, ..ClipSpec::default() }));
        let camera = FakeCamera::start(Arc::clone(&clip), vec![]).await;
        let url = camera.url();
        let read = move || {
            let input = ["-rtsp_transport", "tcp", "-i", &url, "-frames:v", "75", "-c", "copy", "-f", "framecrc", "-"];
            String::from_utf8(crate::media::ffmpeg(&input)).expect("framecrc is text")
        };
        let text = tokio::task::spawn_blocking(read).await.expect("ffmpeg runs");
        let frames: Vec<Vec<i64>> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(',').filter_map(|field| field.trim().parse().ok()).collect())
            .collect();
        assert_eq!(frames.len(), 75);
        // FFmpeg gives its first frame the time of the sender report that stood before it.
        assert!(frames[1..].windows(2).all(|two| two[1][2] - two[0][2] == 3600), "{text}");
        // Size of a frame: its slices behind 4-byte start codes; key frames have their parameter sets before them.
        let slices: usize = clip.units[1].nals.iter().map(|nal| 4 + nal.len()).sum();
        assert_eq!(frames[1][4], slices as i64, "{text}");
        assert!(camera.frames(0) >= 75 && camera.sent(0, 74) > camera.sent(0, 73));
    }
}
