//! A few frames through every body that is there: encoded, decoded again, resized, and held to what software makes of them.

use super::Trial;
use super::street::{access_units, apart, drain, facts, halved, luma, painted};
use crate::decode;
use crate::device::{Card, Fetcher, Seat, Sight};
use crate::encode::{self, Encoded, Encoder, Purpose};
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::frame::Frame;
use crate::pipeline::packet::AccessUnit;
use crate::process::Resizer;
use crate::source::scene::{HEIGHT, WIDTH};
use sightline_shared::encoder::{Backend, EncoderSettings};
use std::sync::Arc;

/// Frames of a trial.
const FRAMES: u64 = 12;
/// Mean difference of luma samples, of 255, from which a picture is not the one that went in: ten times what the encoders of this
/// program make of it at 8 Mb/s.
const FAR: f64 = 8.0;
/// The same for kernels, which round once where software rounds twice.
const NEAR: f64 = 1.0;

/// When a body was asked for, was ready, and had done the work.
type Times = (Mono, Mono, Mono);

/// Where a trial is made.
struct On<'a> {
    device: Option<u32>,
    seat: &'a Seat,
}

impl On<'_> {
    fn trial(
        &self,
        stage: &'static str,
        body: String,
        (start, ready, end): Times,
        frames: u64,
        wrong: Option<String>,
    ) -> Trial {
        let frame_ms = end.since(ready).as_secs_f64() * 1e3 / frames.max(1) as f64;
        let ready_ms = ready.since(start).as_secs_f64() * 1e3;
        Trial { stage, body, device: self.device, frames, ready_ms, frame_ms, wrong }
    }

    /// A trial that did not come to a frame.
    fn failed(&self, stage: &'static str, body: String, reason: String) -> Trial {
        self.trial(stage, body, Times::default(), 0, Some(reason))
    }

    fn is_software(&self) -> bool {
        self.device.is_none()
    }
}

/// The trials so far, and what the next ones are made with.
pub(super) struct Trials {
    clock: Arc<dyn Clock>,
    done: Vec<Trial>,
    street: Vec<Frame>,
    units: Vec<AccessUnit>,
    /// The newest frame of those units as software decodes it.
    wanted: Option<Frame>,
}

impl Trials {
    /// Begins with what needs no device.
    pub(super) fn in_software(clock: &Arc<dyn Clock>) -> Self {
        let street = (0..FRAMES).map(painted).collect();
        let mut trials = Self { clock: clock.clone(), done: Vec::new(), street, units: Vec::new(), wanted: None };
        let on = On { device: None, seat: &Seat::none() };
        let (trial, units) = trials.encode(&on, Backend::X264);
        trials.units = access_units(&units);
        trials.done.push(trial);
        if let Some((trial, frame)) = trials.decode(&on) {
            trials.done.push(trial);
            trials.wanted = frame;
        }
        if let Some(frame) = &trials.wanted {
            let start = clock.now();
            let made = halved(frame);
            let trial = on.trial("process", "software".into(), (start, start, clock.now()), 1, made.err());
            trials.done.push(trial);
        }
        trials
    }

    /// The same on a device; what it does not claim to have is left out: it stands in the list of what it cannot do.
    pub(super) fn on_device(&mut self, seat: &Seat, card: &Arc<Card>) {
        let on = On { device: Some(card.ordinal()), seat };
        let decodes = self.units.first().is_some_and(|unit| seat.decoder(&unit.params.video).is_ok());
        if let Some((trial, frame)) = self.decode(&on).filter(|_| decodes) {
            self.done.push(trial);
            if let (Ok(()), Some(frame)) = (&card.report().kernels, frame) {
                let trial = self.kernels(&on, &frame);
                self.done.push(trial);
            }
        }
        if card.encodes(sightline_nv::Codec::H264).is_ok() {
            let (trial, _) = self.encode(&on, Backend::Nvenc);
            self.done.push(trial);
        }
    }

    pub(super) fn done(self) -> Vec<Trial> {
        self.done
    }

    /// Decodes what was encoded in software; gives the newest frame. `None` where there is nothing to decode.
    fn decode(&self, on: &On<'_>) -> Option<(Trial, Option<Frame>)> {
        let start = self.clock.now();
        let mut decoder = match decode::open(&self.units.first()?.params, self.clock.clone(), on.seat) {
            Ok(opened) if on.is_software() || opened.instead.is_none() => opened.decoder,
            Ok(opened) => return Some((on.failed("decode", "NVDEC".into(), opened.instead.unwrap_or_default()), None)),
            Err(error) => return Some((on.failed("decode", "libavcodec".into(), error.to_string()), None)),
        };
        let ready = self.clock.now();
        let (mut count, mut newest) = (0, None);
        let drained = drain(&mut *decoder, &self.units, &mut |frame| {
            count += 1;
            newest = Some(frame);
        });
        let times = (start, ready, self.clock.now());
        let few = || (count != FRAMES).then(|| format!("{count} of {FRAMES} frames came out."));
        let wrong = drained.err().or_else(few).or_else(|| self.differs(newest.as_ref()?));
        Some((on.trial("decode", decoder.describe(), times, count, wrong), newest))
    }

    /// What is wrong with a decoded frame, beside the one that software made of the same access unit.
    fn differs(&self, frame: &Frame) -> Option<String> {
        let wanted = self.wanted.as_ref()?;
        let fetched = match Fetcher::default().fetch(frame, Sight::Whole) {
            Ok(fetched) => fetched,
            Err(error) => return Some(error.to_string()),
        };
        let apart = apart(&luma(wanted), &luma(fetched.as_ref().unwrap_or(frame)));
        (apart > 0.0)
            .then(|| format!("The picture is not the one that software decodes: luma is {apart:.2} of 255 off."))
    }

    fn kernels(&self, on: &On<'_>, frame: &Frame) -> Trial {
        let start = self.clock.now();
        let mut fetcher = Fetcher::default();
        // Once, so that what is made at the first use is not counted as time of a picture.
        let mut look = || fetcher.fetch(frame, Sight::Within(WIDTH / 2, HEIGHT / 2));
        let first = look();
        let ready = self.clock.now();
        let made = first.and_then(|_| look());
        let times = (start, ready, self.clock.now());
        let wrong = match (made, self.wanted.as_ref().map(halved)) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(Some(small)), Some(Ok(wanted))) => {
                let apart = apart(&wanted, &luma(&small));
                (apart > NEAR)
                    .then(|| format!("The resized picture is {apart:.2} of 255 off from what software makes."))
            }
            _ => Some("There is nothing to compare its picture with.".into()),
        };
        on.trial("process", "kernels".into(), times, 1, wrong)
    }

    /// Encodes the street, and decodes in software what was made to see whether it is still the street.
    fn encode(&self, on: &On<'_>, backend: Backend) -> (Trial, Vec<Encoded>) {
        let start = self.clock.now();
        let asked = EncoderSettings { backend: Some(backend), bitrate: Some(8_000_000), ..EncoderSettings::default() };
        let planned =
            encode::plan_on(&asked, &facts(), Purpose::Live, on.seat, None).map_err(|refusal| refusal.message);
        let opened = planned.and_then(|planned| match planned.instead {
            Some(reason) => Err(reason),
            None => encode::open(&planned.plan, on.seat).map_err(|error| error.to_string()),
        });
        let mut encoder = match opened {
            Ok(encoder) => encoder,
            Err(reason) => {
                return (
                    on.failed("encode", if on.is_software() { "libx264" } else { "NVENC" }.into(), reason),
                    Vec::new(),
                );
            }
        };
        let ready = self.clock.now();
        let made = self.through(&mut *encoder, on.seat);
        let times = (start, ready, self.clock.now());
        let (units, wrong) = match made {
            Ok(units) => {
                let wrong = self.unlike(&units).err();
                (units, wrong)
            }
            Err(reason) => (Vec::new(), Some(reason)),
        };
        (on.trial("encode", encoder.describe(), times, units.len() as u64, wrong), units)
    }

    fn through(&self, encoder: &mut dyn Encoder, seat: &Seat) -> Result<Vec<Encoded>, String> {
        let (mut resizer, mut units) = (Resizer::default(), Vec::new());
        for (n, frame) in self.street.iter().enumerate() {
            resizer.fill(frame, &mut encoder.input(), seat.bus()).map_err(|error| error.to_string())?;
            units.extend(encoder.encode(frame.pts.0, n == 0).map_err(|error| error.to_string())?);
        }
        units.extend(encoder.flush().map_err(|error| error.to_string())?);
        let many = units.len() as u64;
        if many == FRAMES { Ok(units) } else { Err(format!("{many} of {FRAMES} frames came out.")) }
    }

    /// Whether what an encoder made is still the street: decoded in software, by its last frame.
    fn unlike(&self, units: &[Encoded]) -> Result<(), String> {
        let units = access_units(units);
        let first = units.first().ok_or("It gave no key frame with parameter sets.")?;
        let mut decoder = decode::software(&first.params, self.clock.clone()).map_err(|error| error.to_string())?;
        let mut newest = None;
        drain(&mut *decoder, &units, &mut |frame| newest = Some(frame))?;
        let (newest, street) = newest.as_ref().zip(self.street.last()).ok_or("What it made cannot be decoded.")?;
        let apart = apart(&luma(street), &luma(newest));
        if apart <= FAR {
            return Ok(());
        }
        Err(format!("Decoded again its picture is another one: luma is {apart:.1} of 255 off."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::clock::SystemClock;

    #[test]
    fn software_passes_its_own_trials() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let trials = Trials::in_software(&clock).done();
        let stages: Vec<_> = trials.iter().map(|trial| trial.stage).collect();
        assert_eq!(stages, ["encode", "decode", "process"]);
        assert!(trials.iter().all(|trial| trial.wrong.is_none() && trial.frames > 0), "{trials:?}");
    }

    #[test]
    fn another_picture_is_seen_to_be_one() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let mut trials = Trials::in_software(&clock);
        trials.wanted = Some(painted(FRAMES + 40));
        trials.street.push(painted(FRAMES + 40));
        let on = On { device: None, seat: &Seat::none() };
        let (trial, _) = trials.decode(&on).expect("there is something to decode");
        assert!(trial.wrong.is_some_and(|wrong| wrong.contains("not the one")), "a frame of another time is taken");
        let (trial, _) = trials.encode(&on, Backend::X264);
        assert!(trial.wrong.is_some(), "{FRAMES} frames were expected");
    }
}
