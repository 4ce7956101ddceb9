//! `sightline annotate`: its arguments, its progress, and what it says at the end.

use super::{AnnotateError, Boxes, Options, Progress, Report, rows};
use crate::api::StopSignal;
use crate::detect::model::Options as ModelOptions;
use crate::device::{Devices, Seat, Switches, Wish};
use crate::models::{OnShelf, Shelf};
use crate::pipeline::batcher::{Loader, NoModels};
use crate::pipeline::clock::{Clock, Mono, SystemClock};
use crate::settings::detect::{MOTION, NONE};
use crate::store::Places;
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::json;
use sightline_shared::camera::DetectSettings;
use sightline_shared::draw::Layers;
use sightline_shared::encoder::{Backend, Codec, EncoderSettings, Preset, QualityPreset, RateControl, Tune};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Arguments of `sightline annotate`.
#[derive(Args)]
pub struct Arguments {
    /// The video: a file, or an address (http, https, rtsp, rtmp, srt; with --duration where it has no end).
    #[arg(value_name = "IN")]
    input: String,
    /// The file to write: .mp4, .mov or .mkv.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// What looks for things: `motion`, `none`, the name of a model, or an ONNX file [default: motion].
    #[arg(long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// Folder with the models [default: ~/.local/share/sightline].
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_DATA")]
    data: Option<PathBuf>,
    /// Leave out what is less sure than this, 0 to 1.
    #[arg(long, value_name = "SCORE", default_value_t = 0.0, value_parser = score)]
    min_score: f64,
    /// Draw and write only these labels.
    #[arg(long, value_name = "LABEL,...", value_delimiter = ',')]
    labels: Vec<String>,
    /// Draw what is in this file (as --detections or --mot writes it) instead of looking for things.
    #[arg(long, value_name = "IN")]
    tracks: Option<PathBuf>,
    /// Write what is found to this file, a line of JSON for every frame.
    #[arg(long, value_name = "OUT.jsonl")]
    detections: Option<PathBuf>,
    /// Write the tracks to this file as MOTChallenge text, a row for every box of every frame: frame, id, left, top, width, height, score,
    /// class, visibility; frames and pixels count from 1.
    #[arg(long, value_name = "OUT.txt")]
    mot: Option<PathBuf>,
    /// What to draw: boxes, labels, ids, scores, trails, findings, colours; all or none [default: all but ids and trails].
    #[arg(long, value_name = "LAYER,...", value_parser = Layers::parse, conflicts_with = "no_overlay")]
    layers: Option<Layers>,
    /// Draw nothing of what is found.
    #[arg(long)]
    no_overlay: bool,
    /// Draw the time in the input.
    #[arg(long)]
    show_time: bool,
    /// Leave out so many seconds at the beginning.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, value_parser = seconds)]
    start: f64,
    /// Take so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<f64>,
    /// Overwrite files that are there already.
    #[arg(long)]
    force: bool,
    /// Who decodes: `auto` or `none`. On machines without a GPU both are libavcodec on the processor.
    #[arg(long, value_name = "WHO", default_value = "auto", value_parser = ["auto", "none"])]
    hwaccel: String,
    #[command(flatten)]
    encoder: EncoderArguments,
}

/// The encoder's settings, under the names that they have everywhere.
#[derive(Args)]
pub struct EncoderArguments {
    /// Who encodes: auto, nvenc, x264, x265, svtav1.
    #[arg(long, value_name = "WHO", value_parser = word::<Backend>)]
    encoder: Option<Backend>,
    /// To what: h264, hevc, av1 [default: h264].
    #[arg(long, value_name = "CODEC", value_parser = word::<Codec>)]
    codec: Option<Codec>,
    /// p1 (fastest) to p7 (best) [default: p5].
    #[arg(long, value_name = "P", value_parser = word::<Preset>)]
    preset: Option<Preset>,
    /// fast, balanced, quality or archive: sets preset, rate control and quality where they are not given.
    #[arg(long, value_name = "NAME", value_parser = word::<QualityPreset>)]
    quality_preset: Option<QualityPreset>,
    /// ull (zero latency), ll or hq [default: hq].
    #[arg(long, value_name = "TUNE", value_parser = word::<Tune>)]
    tune: Option<Tune>,
    /// cbr, vbr, cqp or crf [default: crf].
    #[arg(long, visible_alias = "rc", value_name = "HOW", value_parser = word::<RateControl>)]
    rate_control: Option<RateControl>,
    /// 0 (best) to 51, for cqp and crf [default: 23].
    #[arg(long, value_name = "Q")]
    quality: Option<u8>,
    /// Bits a second: 8M, 800k.
    #[arg(long, value_name = "BITS", value_parser = bits)]
    bitrate: Option<u64>,
    /// Bits a second that are never exceeded over the buffer.
    #[arg(long, visible_alias = "maxrate", value_name = "BITS", value_parser = bits)]
    max_bitrate: Option<u64>,
    /// Bits of the decoder's buffer.
    #[arg(long, visible_alias = "bufsize", value_name = "BITS", value_parser = bits)]
    buffer_size: Option<u64>,
    /// Frames from one key frame to the next.
    #[arg(long, value_name = "FRAMES")]
    gop: Option<u32>,
    /// Frames between two that are predicted forward alone.
    #[arg(long, visible_alias = "bframes", value_name = "FRAMES")]
    b_frames: Option<u8>,
    /// Size as shown: 960x540, or 960x and x540 for the other side to follow.
    #[arg(long, value_name = "WxH", value_parser = size)]
    resize: Option<(Option<u32>, Option<u32>)>,
    /// Frames a second; frames are left out, never made.
    #[arg(long, value_name = "N")]
    fps: Option<f64>,
}

impl EncoderArguments {
    /// As settings.
    #[must_use]
    pub fn settings(&self) -> EncoderSettings {
        let (width, height) = self.resize.unwrap_or_default();
        EncoderSettings {
            backend: self.encoder,
            codec: self.codec,
            preset: self.preset,
            quality_preset: self.quality_preset,
            tune: self.tune,
            rate_control: self.rate_control,
            quality: self.quality,
            bitrate: self.bitrate,
            max_bitrate: self.max_bitrate,
            buffer_size: self.buffer_size,
            gop: self.gop,
            b_frames: self.b_frames,
            width,
            height,
            fps: self.fps,
        }
    }
}

/// A word of the settings, as JSON has it.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(json!(text)).map_err(|e| e.to_string())
}

/// `8M`, `800k`, `2.5M`, `64000`.
fn bits(text: &str) -> Result<u64, String> {
    let (number, by) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1e3),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1e6),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let value = number.parse::<f64>().ok().map(|number| number * by).filter(|bits| (1.0..=1e12).contains(bits));
    value.map(|bits| bits.round() as u64).ok_or_else(|| "a number of bits is meant, such as 8M, 800k or 64000".into())
}

fn size(text: &str) -> Result<(Option<u32>, Option<u32>), String> {
    let side = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    let sides = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
    sides.filter(|sides| *sides != (None, None)).ok_or_else(|| "a size is meant, such as 960x540, 960x or x540".into())
}

fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|seconds| (0.0..=1e9).contains(seconds));
    value.ok_or_else(|| "a number of seconds is meant, such as 12 or 0.5".into())
}

fn score(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|score| (0.0..=1.0).contains(score));
    value.ok_or_else(|| "a score from 0 to 1 is meant".into())
}

impl Arguments {
    fn options(self) -> Result<Options, AnnotateError> {
        let devices = if self.hwaccel == "auto" { Devices::find(&Switches::from_env()) } else { Devices::none() };
        let model = self.model.as_deref();
        if self.tracks.is_some() && model.is_some_and(|model| model != "none") {
            return Err(AnnotateError::Usage("--tracks draws what is known already: leave --model out.".into()));
        }
        if self.duration == Some(0.0) {
            return Err(AnnotateError::Usage("--duration 0 takes nothing.".into()));
        }
        for (name, path) in [("--detections", &self.detections), ("--mot", &self.mot)] {
            if path.is_some() && *path == self.tracks {
                return Err(AnnotateError::Usage(format!("--tracks and {name} are the same file.")));
            }
        }
        let boxes = match &self.tracks {
            Some(path) => Boxes::Given(rows::opens(path, self.min_score, self.labels)),
            None => {
                let settings = DetectSettings {
                    model: model.unwrap_or("motion").into(),
                    fps: 0.0,
                    min_score: self.min_score,
                    labels: self.labels,
                    ..DetectSettings::default()
                };
                let loader = loader(&settings.model, self.data.as_deref(), &devices)?;
                Boxes::Detect(settings, loader)
            }
        };
        Ok(Options {
            encoder: self.encoder.settings(),
            input: self.input,
            output: self.output,
            start_s: self.start,
            duration_s: self.duration,
            boxes,
            layers: if self.no_overlay { Layers::NONE } else { self.layers.unwrap_or_default() },
            show_time: self.show_time,
            detections: self.detections,
            mot: self.mot,
            force: self.force,
            seat: Seat::new(&devices, Wish::default(), "annotate"),
        })
    }
}

/// Where models come from.
fn loader(model: &str, data: Option<&Path>, devices: &Devices) -> Result<Arc<dyn Loader>, AnnotateError> {
    if [MOTION, NONE].contains(&model) {
        return Ok(Arc::new(NoModels));
    }
    let places = Places::find(None, data).map_err(|e| AnnotateError::Usage(e.to_string()))?;
    let shelf = Shelf::new(&places.data_dir);
    let options = ModelOptions::on(devices.cards().first().map(|card| card.ordinal()), shelf.engines());
    Ok(Arc::new(OnShelf { shelf, options }))
}

/// Runs the command; `json`: progress and result are objects, a line each.
///
/// # Errors
/// See [`AnnotateError`].
pub fn run(arguments: Arguments, json: bool) -> Result<(), AnnotateError> {
    let any_decoder = arguments.hwaccel == "auto";
    let options = arguments.options()?;
    let any_decoder = any_decoder && !options.seat.has_devices();
    let output = options.output.display().to_string();
    let cancel = Arc::new(AtomicBool::new(false));
    stop_on_signal(&cancel)?;
    let clock = SystemClock::default();
    let mut teller = Teller { terminal: !json && std::io::stderr().is_terminal(), json, told: None, clock: &clock };
    let done = super::run(&options, &mut |progress| teller.tell(progress), &cancel);
    teller.clear();
    let mut report = done?;
    if any_decoder {
        report.decoder.push_str(", as there is no hardware decoder here");
    }
    for note in &report.notes {
        say(std::io::stderr(), note);
    }
    let took = clock.now().0.as_secs_f64();
    say(std::io::stdout(), &if json { object(&output, &report, took) } else { sentence(&output, &report, took) });
    Ok(())
}

/// Ctrl-C and SIGTERM stop it, so that nothing unfinished stays behind.
fn stop_on_signal(cancel: &Arc<AtomicBool>) -> Result<(), AnnotateError> {
    let cancel = cancel.clone();
    let watched = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = runtime.block_on(async { StopSignal::take() })?;
        let wait = move || {
            runtime.block_on(stop.received());
            cancel.store(true, Ordering::Relaxed);
        };
        std::thread::Builder::new().name("annotate-stop".into()).spawn(wait)
    };
    watched().map(|_| ()).map_err(|e| AnnotateError::Failed(format!("The operating system gives no thread: {e}.")))
}

fn say(mut to: impl Write, line: &str) {
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(to, "{line}");
}

fn object(output: &str, report: &Report, took: f64) -> String {
    let Report { frames, seconds, size: (width, height), decoder, encoder, bytes, boxes, sound, notes } = report;
    json!({
        "output": output, "frames": frames, "seconds": seconds, "width": width, "height": height, "bytes": bytes,
        "boxes": boxes, "decoder": decoder, "encoder": encoder, "sound": sound, "notes": notes, "took_s": took,
    })
    .to_string()
}

fn sentence(output: &str, report: &Report, took: f64) -> String {
    let sound = if report.sound.is_empty() { String::new() } else { format!(", {} copied", report.sound.join(", ")) };
    format!(
        "{output}: {} frames, {:.1} s, {}x{}, {:.1} MB, {} boxes{sound}. Decoded by {}, encoded by {}, in {took:.1} s ({:.1} times as fast as it plays).",
        report.frames,
        report.seconds,
        report.size.0,
        report.size.1,
        report.bytes as f64 / 1e6,
        report.boxes,
        report.decoder,
        report.encoder,
        report.seconds / took.max(1e-3)
    )
}

/// Tells how far it is: a bar on a terminal, a line a second elsewhere.
struct Teller<'a> {
    terminal: bool,
    json: bool,
    told: Option<Mono>,
    clock: &'a SystemClock,
}

impl Teller<'_> {
    fn tell(&mut self, progress: Progress) {
        let now = self.clock.now();
        let pause = Duration::from_millis(if self.terminal { 100 } else { 1000 });
        if now.since(self.told.unwrap_or_default()) < pause {
            return;
        }
        self.told = Some(now);
        let speed = progress.done_s / now.0.as_secs_f64().max(1e-3);
        let mut stderr = std::io::stderr();
        if self.json {
            let Progress { frames, done_s, total_s } = progress;
            let line = json!({ "frames": frames, "done_s": done_s, "total_s": total_s, "speed": speed });
            say(stderr, &line.to_string());
        } else if self.terminal {
            let _ = write!(stderr, "\r{}\x1b[K", bar(progress, speed));
            let _ = stderr.flush();
        } else {
            say(stderr, &words(progress, speed));
        }
    }

    fn clear(&self) {
        if self.terminal && self.told.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn words(progress: Progress, speed: f64) -> String {
    let of = progress.total_s.map(|total| format!(" of {}", time(total))).unwrap_or_default();
    format!("{} frames, {}{of}, {speed:.1}x", progress.frames, time(progress.done_s))
}

const BAR: usize = 30;

fn bar(progress: Progress, speed: f64) -> String {
    let Some(total) = progress.total_s.filter(|total| *total > 0.0) else { return words(progress, speed) };
    let part = (progress.done_s / total).clamp(0.0, 1.0);
    let filled = (part * BAR as f64) as usize;
    let left = (total - progress.done_s).max(0.0) / speed.max(1e-3);
    let bar = format!("{}{}", "#".repeat(filled), "-".repeat(BAR - filled));
    format!("[{bar}] {:3.0} %, {}, {} left", part * 100.0, words(progress, speed), time(left))
}

fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_read() {
        assert_eq!(bits("8M"), Ok(8_000_000));
        assert_eq!(bits("800k"), Ok(800_000));
        assert_eq!(bits("2.5m"), Ok(2_500_000));
        assert_eq!(bits("64000"), Ok(64_000));
        assert!(["", "k", "-1M", "8MB", "nan", "1e99"].iter().all(|text| bits(text).is_err()));
        assert_eq!(size("960x540"), Ok((Some(960), Some(540))));
        assert_eq!(size("960x"), Ok((Some(960), None)));
        assert_eq!(size("x540"), Ok((None, Some(540))));
        assert!(["", "x", "960", "960x540x2", "-1x5", "axb"].iter().all(|text| size(text).is_err()));
        assert!(seconds("-1").is_err() && seconds("inf").is_err() && seconds("0.5") == Ok(0.5));
        assert!(score("1.01").is_err() && score("0.5") == Ok(0.5));
        assert_eq!(word::<Preset>("p4"), Ok(Preset::P4));
        assert!(word::<Preset>("P9").is_err_and(|e| e.contains("p7")));
    }

    #[test]
    fn the_bar_fills() {
        let at = |done_s| bar(Progress { frames: 30, done_s, total_s: Some(10.0) }, 2.0);
        assert_eq!(
            at(5.0),
            format!("[{}{}]  50 %, 30 frames, 0:05 of 0:10, 2.0x, 0:02 left", "#".repeat(15), "-".repeat(15))
        );
        assert!(at(12.0).starts_with(&format!("[{}] 100 %", "#".repeat(30))));
        assert_eq!(bar(Progress { frames: 1, done_s: 61.0, total_s: None }, 1.0), "1 frames, 1:01, 1.0x");
    }
}
