//! The encoder of a rendition while it runs: opened, fed, followed up by another one where settings or picture ask for it.

use super::super::clock::Mono;
use super::super::counters::DropCause;
use super::super::decoding::Decoded;
use super::super::intake::text;
use super::super::rewrap::Facts;
use super::super::trace::Trace;
use super::hider::Hider;
use super::{Encoding, lock};
use crate::device::sentence;
use crate::encode::{self, EncodeError, Encoded, Encoder, EncoderPlan, PictureFacts, Planned, Purpose};
use crate::pipeline::frame::Samples;
use crate::process::{ProcessError, Resizer};
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::{Backend, EncoderSettings, RenditionState};
use sightline_shared::time::Epoch;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An encoder lives for at least this long: settings may come ten times a second.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// Waits between two tries to open an encoder that cannot be had.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// A rate that differs by less than this part is the same.
const SAME_RATE: f64 = 0.1;

/// What works on a rendition.
#[derive(Default)]
pub(super) struct Worker {
    session: Option<Session>,
    resizer: Resizer,
    hider: Hider,
    fps: Option<f64>,
    retry: Option<(Mono, Duration)>,
    /// Why the device's encoder is not to be tried for now.
    avoid: Option<String>,
}

/// An encoder, and what it was opened for.
struct Session {
    encoder: Box<dyn Encoder>,
    plan: EncoderPlan,
    asked: EncoderSettings,
    facts: PictureFacts,
    epoch: Epoch,
    opened: Mono,
    inside: VecDeque<Inside>,
    /// The device that it was opened at.
    device: Option<u32>,
    /// Why it is not the device's.
    instead: Option<String>,
}

/// A frame that is with the encoder.
struct Inside {
    facts: Facts,
    trace: Option<Arc<Trace>>,
    at: Mono,
    work: Duration,
}

impl Encoding {
    /// Brings one frame to its size and encodes it. `another_waits` says whether the next one is here already.
    pub(super) fn one(&self, worker: &mut Worker, decoded: &Decoded, another_waits: bool) {
        let began = self.clock.now();
        let facts = worker.facts(decoded);
        if let Err(reason) = self.ready(worker, decoded.frame.epoch, facts, began) {
            self.counters.process.dropped(DropCause::EncoderFailed, 1);
            return reason.into_iter().for_each(|reason| self.failed(worker, reason));
        }
        self.inject.pause("process", &*self.clock);
        if let Err(e) = self.process(worker, decoded) {
            self.counters.process.dropped(DropCause::EncoderFailed, 1);
            return self.not_processed(worker, decoded, &e);
        }
        if let Some(session) = &mut worker.session {
            session.encoder.another_waits(another_waits);
        }
        self.encode(worker, decoded, began);
    }

    /// Encodes the picture that lies where the encoder reads it.
    fn encode(&self, worker: &mut Worker, decoded: &Decoded, began: Mono) {
        let Worker { session: Some(session), resizer, .. } = worker else { return };
        let at = self.clock.now();
        self.counters.process.on_device(at, &resizer.device_times());
        self.counters.process.leave(at, at.since(decoded.at));
        self.mark(decoded.trace.as_ref(), "process", at);
        self.counters.encode.enter();
        let inside = Inside { facts: Facts::of(decoded), trace: decoded.trace.clone(), at, work: at.since(began) };
        session.inside.push_back(inside);
        self.inject.pause("encode", &*self.clock);
        let key = self.key_asked.swap(false, Ordering::AcqRel);
        let made = session.encoder.encode(decoded.frame.pts.0, key);
        self.counters.encode.on_device(self.clock.now(), &session.encoder.device_times());
        match made {
            Ok(units) => {
                if let Err(reason) = self.publish(session, &units) {
                    self.failed(worker, format!("Encoding failed: {reason}."));
                }
            }
            Err(EncodeError::Device { reason, lost }) => {
                worker.avoid = self.avoid(reason, lost);
                self.give_up_device(worker, decoded);
            }
            Err(e) => self.failed(worker, format!("Encoding failed: {e}.")),
        }
    }

    /// Has the frame's picture where the encoder reads it.
    fn process(&self, worker: &mut Worker, decoded: &Decoded) -> Result<(), ProcessError> {
        let Worker { session: Some(session), resizer, hider, .. } = worker else { return Ok(()) };
        let (frame, masks) = (&decoded.frame, lock(&self.masks).clone());
        if masks.is_empty() && session.encoder.take(frame) {
            return Ok(());
        }
        let mut input = session.encoder.input();
        resizer.fill(frame, &mut input, self.seat.bus())?;
        if masks.is_empty() {
            return Ok(());
        }
        hider.hide(&mut input, (frame.rotation, frame.colour), &masks, self.seat.card().ok())
    }

    /// A picture could not be had. Frames of a lost device are gone, and what decodes them goes on elsewhere by itself; an encoder on
    /// a device that fails otherwise has to be given up.
    fn not_processed(&self, worker: &mut Worker, decoded: &Decoded, error: &ProcessError) {
        let on_device = worker.session.as_ref().is_some_and(|session| session.plan.backend == Backend::Nvenc);
        let is_lost = match &decoded.frame.samples {
            Samples::Device(picture) => picture.home().card.lost().is_some(),
            Samples::Host(_) => false,
        };
        match error {
            ProcessError::Device(_) if is_lost => tracing::debug!(rendition = self.rendition.name(), "{error}"),
            ProcessError::Device(e) if on_device => {
                worker.avoid = self.avoid(sentence(e), e.is_device_lost());
                self.end_at_once(worker);
            }
            _ => self.failed(worker, format!("The picture cannot be brought to its size: {error}.")),
        }
    }

    /// Why devices are not to be tried for now; nothing where the one that failed is lost and there is another.
    fn avoid(&self, reason: String, lost: bool) -> Option<String> {
        let (holder, rendition) = (self.seat.holder(), self.rendition.name());
        tracing::warn!(holder, rendition, "another encoder goes on: {reason}");
        (!(lost && self.seat.card().is_ok())).then_some(reason)
    }

    /// The device's encoder broke: another one goes on with this very frame. What the device had is lost.
    fn give_up_device(&self, worker: &mut Worker, decoded: &Decoded) {
        self.end_at_once(worker);
        self.counters.process.enter();
        self.one(worker, decoded, false);
    }

    fn end_at_once(&self, worker: &mut Worker) {
        if let Some(session) = worker.session.take() {
            self.counters.encode.dropped(DropCause::EncoderFailed, session.inside.len() as u64);
        }
    }

    fn mark(&self, trace: Option<&Arc<Trace>>, stage: &'static str, at: Mono) {
        if let Some(trace) = trace {
            trace.mark(stage, Some(self.rendition), at);
        }
    }

    /// Has an encoder that goes by the settings and fits the picture.
    ///
    /// # Errors
    /// There is none: why, or nothing where the next try is waited for.
    fn ready(&self, worker: &mut Worker, epoch: Epoch, facts: PictureFacts, now: Mono) -> Result<(), Option<String>> {
        let asked = self.asked_for(&facts);
        let moved = worker.session.as_ref().is_some_and(|session| self.has_moved(session));
        if let Some(session) = &worker.session
            && !moved
            && (session.epoch, session.facts, &session.asked) == (epoch, facts, &asked)
        {
            return Ok(());
        }
        if self.try_again.swap(false, Ordering::AcqRel) {
            worker.retry = None;
            // What runs instead goes on as it is where it can follow; the device is asked when another one has to be opened.
            worker.avoid = worker.avoid.take().filter(|_| worker.session.is_some());
        }
        if worker.session.is_none() && worker.retry.is_some_and(|(at, _)| now < at) {
            return Err(None);
        }
        let mut next = self.planned(worker, &asked, &facts)?;
        if let Some(session) = worker.session.as_mut().filter(|session| !moved && session.epoch == epoch)
            && self.follows(session, &next, &asked, facts, now)
        {
            return Ok(());
        }
        if worker.session.is_some() && worker.avoid.take().is_some() {
            next = self.planned(worker, &asked, &facts)?;
        }
        self.end_session(worker);
        let mut opened = encode::open(&next.plan, &self.seat);
        if let Err(EncodeError::Device { reason, lost }) = opened {
            worker.avoid = self.avoid(reason, lost);
            next = self.planned(worker, &asked, &facts)?;
            opened = encode::open(&next.plan, &self.seat);
        }
        let encoder = opened.map_err(|e| Some(e.to_string()))?;
        let Planned { plan, instead } = next;
        lock(&self.told).encoder(plan.clone(), encoder.describe());
        worker.retry = None;
        let (inside, device) = (VecDeque::new(), self.seat.device());
        worker.session = Some(Session { encoder, plan, asked, facts, epoch, opened: now, inside, device, instead });
        self.status.touch();
        Ok(())
    }

    /// Whether the camera has another device than its encoder.
    fn has_moved(&self, session: &Session) -> bool {
        session.plan.backend == Backend::Nvenc && session.device != self.seat.device()
    }

    fn planned(
        &self,
        worker: &Worker,
        asked: &EncoderSettings,
        facts: &PictureFacts,
    ) -> Result<Planned, Option<String>> {
        let planned = encode::plan_on(asked, facts, Purpose::Live, &self.seat, worker.avoid.as_deref());
        let planned = planned.map_err(|refusal| Some(refusal.message))?;
        // Nobody sets the size of `small`.
        let fixed = self.rendition == Rendition::Small;
        Ok(if fixed { Planned { plan: planned.plan.of_one_size(), ..planned } } else { planned })
    }

    /// Whether the encoder that runs goes by the next plan, or is too young to be followed by another one.
    fn follows(
        &self,
        session: &mut Session,
        next: &Planned,
        asked: &EncoderSettings,
        facts: PictureFacts,
        now: Mono,
    ) -> bool {
        // A rate that is measured anew is no other picture.
        let same_picture = session.facts == PictureFacts { fps: session.facts.fps, ..facts };
        if session.encoder.reconfigure(&next.plan).is_ok() {
            (session.asked, session.facts) = (asked.clone(), facts);
            (session.plan, session.instead) = (next.plan.clone(), next.instead.clone());
            lock(&self.told).encoder(next.plan.clone(), session.encoder.describe());
            self.status.touch();
            return true;
        }
        same_picture && now.since(session.opened) < RESTART_AFTER
    }

    /// Publishes what the encoder still holds; what it does not give back is counted as stopped.
    fn end_session(&self, worker: &mut Worker) {
        let Some(mut session) = worker.session.take() else { return };
        let rest = session.encoder.flush().map_err(|e| e.to_string());
        if let Err(reason) = rest.and_then(|units| self.publish(&mut session, &units)) {
            tracing::debug!("the end of an encoder: {reason}");
        }
        self.counters.encode.dropped(DropCause::Stopped, session.inside.len() as u64);
    }

    /// What is asked of the encoder for a picture with these facts.
    fn asked_for(&self, facts: &PictureFacts) -> EncoderSettings {
        if self.rendition == Rendition::Small { small(facts) } else { lock(&self.asked).clone() }
    }

    fn publish(&self, session: &mut Session, units: &[Encoded]) -> Result<(), String> {
        for unit in units {
            let found = session.inside.iter().position(|inside| inside.facts.pts().0 == unit.pts);
            let inside = found.and_then(|at| session.inside.remove(at)).ok_or("a frame that never went in came out")?;
            let at = self.clock.now();
            self.counters.encode.leave(at, at.since(inside.at));
            self.mark(inside.trace.as_ref(), "encode", at);
            self.counters.fragment.enter();
            self.inject.pause("fragment", &*self.clock);
            let bytes = lock(&self.rewrap).video(unit, &inside.facts, &session.plan, self.clock.now());
            let bytes = bytes.inspect_err(|_| self.counters.fragment.dropped(DropCause::EncoderFailed, 1))?;
            let now = self.clock.now();
            self.counters.fragment.leave(now, now.since(at));
            lock(&self.told).made(now, bytes, inside.work + at.since(inside.at));
            if let Some(trace) = &inside.trace {
                trace.mark("fragment", Some(self.rendition), now);
                self.hub.publish(text(&trace.message(self.rendition)));
            }
        }
        if !units.is_empty() {
            self.tell(RenditionState::Running, session.instead.clone());
        }
        Ok(())
    }

    /// The encoder cannot be had, or broke: tried again after a while.
    fn failed(&self, worker: &mut Worker, reason: String) {
        if let Some(session) = worker.session.take() {
            self.counters.encode.dropped(DropCause::EncoderFailed, session.inside.len() as u64);
        }
        let wait = worker.retry.map_or(FIRST_RETRY, |(_, wait)| (wait * 2).min(LONGEST_RETRY));
        worker.retry = Some((self.clock.now().after(wait), wait));
        tracing::warn!(rendition = self.rendition.name(), "{reason}");
        self.tell(RenditionState::Failed, Some(reason));
    }
}

/// What `small` is: for walls and slow links, whatever the camera sends. Never larger than the camera's picture.
#[must_use]
pub fn small(facts: &PictureFacts) -> EncoderSettings {
    let sideways = facts.rotation % 180 == 90;
    let (width, height) = if sideways { (facts.height, facts.width) } else { (facts.width, facts.height) };
    let longer = Some(width.max(height).clamp(32, 640));
    let (width, height) = if width >= height { (longer, None) } else { (None, longer) };
    EncoderSettings { width, height, fps: Some(15.0), bitrate: Some(500_000), ..EncoderSettings::default() }
}

impl Worker {
    /// Closes the encoder at once; gives how many frames were with it, which are lost.
    pub(super) fn forget(&mut self) -> u64 {
        let lost = self.session.take().map_or(0, |session| session.inside.len() as u64);
        (self.fps, self.retry, self.avoid) = (None, None, None);
        lost
    }

    /// What the encoder has to know of the picture. The rate is held on to until another one is plain.
    fn facts(&mut self, decoded: &Decoded) -> PictureFacts {
        let fps = self.fps.filter(|known| (decoded.fps / known - 1.0).abs() <= SAME_RATE).unwrap_or(decoded.fps);
        self.fps = Some(fps);
        let frame = &decoded.frame;
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        PictureFacts {
            width: side(frame.width),
            height: side(frame.height),
            rotation: frame.rotation,
            sample_aspect: frame.sample_aspect,
            fps: (fps * 100.0).round() / 100.0,
            colour: frame.colour,
        }
    }
}
