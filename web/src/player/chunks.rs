//! From messages to appended media: init segments, chunks, and the start at the live edge.

use super::Player;
use super::bindings::{can_play, now_ms};
use super::media::{Lane, Media};
use super::view::{Phase, set_if_changed};
use crate::state::FrameKey;
use crate::state::appends::Append;
use crate::state::choice::Verdict;
use crate::state::steering::Seen;
use leptos::prelude::*;
use sightline_shared::chunk::{ChunkHeader, FLAG_AUDIO, FLAG_KEY, HEADER_LEN, Kind};
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::Init;
use std::time::Duration;

/// The burst at joining is over when nothing has come for so long: shorter than a frame at 60/s.
const QUIET_MS: f64 = 10.0;
/// At the latest it starts so long after the first chunk.
const START_BY_MS: f64 = 400.0;

/// So long the picture is kept back on the way to the live edge.
const SHOW_ALL_MS: f64 = 1500.0;

/// The time between the first chunk and the first seek.
#[derive(Clone, Copy)]
pub(crate) struct Starting {
    first_ms: f64,
    newest_ms: f64,
}

fn video_mime(init: &Init) -> String {
    format!("video/mp4; codecs=\"{}\"", init.codec)
}

impl Player {
    /// An epoch begins, or goes on with other parameters, or another rendition follows.
    pub(super) fn init(&self, init: Init) {
        let mime = video_mime(&init);
        match self.verdict(&init, can_play(&mime)) {
            Verdict::Play => self.note_rendition(&init),
            Verdict::Ask(rendition) => return self.fall_back(init.codec, rendition),
            Verdict::Refuse => {
                let mut core = self.core.borrow_mut();
                core.socket = None;
                core.media = None;
                drop(core);
                return set_if_changed(self.view.phase, Phase::Unplayable { codec: init.codec });
            }
        }
        if self.core.borrow().init.as_ref().is_some_and(|old| old.rendition != init.rendition) {
            self.begin_anew();
        }
        let sound = self.view.sound.get_untracked() && init.audio.is_some();
        let media = self.core.borrow().media.clone();
        match media {
            None => self.build(&init, mime, sound),
            // Sound came or went with the epoch: the set of SourceBuffers is fixed once media is in, so all begins anew.
            Some(media) if media.has(Lane::Audio) != sound => return self.soon(Self::connect),
            Some(_) => {}
        }
        self.core.borrow_mut().init = Some(init);
    }

    fn build(&self, init: &Init, mime: String, sound: bool) {
        let mut mimes = vec![mime];
        if let Some(audio) = init.audio.as_ref().filter(|_| sound) {
            let mime = format!("audio/mp4; codecs=\"{}\"", audio.codec);
            if can_play(&mime) {
                mimes.push(mime);
            }
        }
        let me = self.me.clone();
        let media = Media::new(&self.elements.video, mimes, move |event| {
            if let Some(player) = me.upgrade() {
                player.soon(move |player| player.media_event(event));
            }
        });
        let mut core = self.core.borrow_mut();
        core.timeline = Default::default();
        core.line.rebase();
        core.presented.jump();
        core.media = media;
        core.starting = None;
        core.show_from_s = f64::INFINITY;
        core.show_all_ms = now_ms() + SHOW_ALL_MS;
    }

    /// A binary message came.
    pub(super) fn binary(&self, mut message: Vec<u8>) {
        let Ok((header, _)) = ChunkHeader::split(&message) else { return };
        message.drain(..HEADER_LEN);
        match header.kind {
            Kind::Init => self.init_segment(&header, message),
            Kind::Chunk => self.chunk(&header, message),
        }
    }

    fn init_segment(&self, header: &ChunkHeader, bytes: Vec<u8>) {
        let core = self.core.borrow();
        let (Some(media), Some(init)) = (&core.media, &core.init) else { return };
        let (lane, mime) = if header.has(FLAG_AUDIO) {
            let audio = init.audio.as_ref().map(|audio| format!("audio/mp4; codecs=\"{}\"", audio.codec));
            (Lane::Audio, audio.unwrap_or_default())
        } else {
            (Lane::Video, video_mime(init))
        };
        let change_type = media.mime(lane).filter(|old| *old != mime).map(|_| mime.clone());
        media.set_mime(lane, mime);
        media.append(lane, Append { bytes, offset_us: None, change_type, entry: true });
    }

    fn chunk(&self, header: &ChunkHeader, bytes: Vec<u8>) {
        let now = now_ms();
        let mut core = self.core.borrow_mut();
        let Some(media) = core.media.clone() else { return };
        let audio = header.has(FLAG_AUDIO);
        let entry = audio || header.has(FLAG_KEY);
        let place = if audio {
            core.timeline.audio(header).filter(|_| media.has(Lane::Audio))
        } else {
            let place = core.timeline.video(header);
            if place.discontinuity {
                core.line.rebase();
            }
            core.line.chunk(now, place.media_us as f64 / 1e3);
            if core.pulse.was_late(now) {
                core.steering.starve();
            }
            if let Some(server) = core.clock.server_ms(now) {
                core.delay.arrived(FrameKey::new(header.epoch, header.pts), server);
            }
            self.note_start(&mut core, now);
            Some(place)
        };
        drop(core);
        if let Some(place) = place {
            let lane = if audio { Lane::Audio } else { Lane::Video };
            media.append(lane, Append { bytes, offset_us: Some(place.offset_us), change_type: None, entry });
        }
    }

    fn note_start(&self, core: &mut super::Core, now: f64) {
        let playing = self.elements.video.ready_state() > 0 && !self.elements.video.paused();
        match core.starting.as_mut() {
            Some(starting) => starting.newest_ms = now,
            None if !playing => core.starting = Some(Starting { first_ms: now, newest_ms: now }),
            None => {}
        }
    }

    /// Everything that came is appended: the moment to start at the live edge, once the burst is over.
    pub(super) fn settled(&self) {
        let Some(starting) = self.core.borrow().starting else { return };
        let now = now_ms();
        if now - starting.newest_ms < QUIET_MS && now - starting.first_ms < START_BY_MS {
            let me = self.me.clone();
            let again = move || {
                if let Some(player) = me.upgrade() {
                    player.settled();
                }
            };
            return set_timeout(again, Duration::from_millis(QUIET_MS as u64));
        }
        self.start(now);
    }

    fn start(&self, now: f64) {
        let mut core = self.core.borrow_mut();
        let Some(&(from, to)) = core.media.as_ref().map(Media::buffered).as_deref().and_then(<[_]>::last) else {
            return;
        };
        core.starting = None;
        let Some(seen) = self.seen(&core, now) else { return };
        let target = core.steering.target_ms(&seen);
        let edge = (self.playhead_ms() + seen.behind_ms - target) / 1e3;
        let edge = edge.clamp(from, (to - 0.001).max(from));
        core.steering.start(now);
        core.presented.jump();
        // The frame at the edge began at most its own duration earlier.
        core.show_from_s = edge - core.timeline.frame_s() - 0.001;
        drop(core);
        self.elements.video.set_current_time(edge);
        self.play();
    }

    /// Plays; where the browser forbids sound without a click, without sound.
    pub(super) fn play(&self) {
        let Ok(promise) = self.elements.video.play() else { return };
        let me = self.me.clone();
        leptos::task::spawn_local(async move {
            let refused = wasm_bindgen_futures::JsFuture::from(promise).await.err();
            let name =
                refused.and_then(|e| js_sys::Reflect::get(&e, &"name".into()).ok()).and_then(|name| name.as_string());
            if name.as_deref() == Some("NotAllowedError")
                && let Some(player) = me.upgrade()
                && player.view.sound.get_untracked()
            {
                player.set_sound(false);
            }
        });
    }

    pub(super) fn playhead_ms(&self) -> f64 {
        self.elements.video.current_time() * 1e3
    }

    /// What the steering sees now.
    pub(super) fn seen(&self, core: &super::Core, now_ms: f64) -> Option<Seen> {
        let behind_ms = core.line.behind_ms(now_ms, self.playhead_ms())?;
        Some(Seen {
            now_ms,
            behind_ms,
            jitter_p99_ms: core.line.jitter_p99_ms(),
            tracks_p99_ms: core.line.tracks_p99_ms(),
            sound: core.media.as_ref().is_some_and(|media| media.has(Lane::Audio)),
        })
    }

    /// A frame's tracks came.
    pub(super) fn tracks(&self, tracks: Tracks) {
        let key = FrameKey::new(tracks.epoch, tracks.pts);
        let mut core = self.core.borrow_mut();
        core.line.expect_tracks();
        if let Some(media_ms) = core.timeline.media_ms(key).filter(|_| core.starting.is_none()) {
            core.line.tracks(now_ms(), media_ms);
        }
        let core = &mut *core;
        if let Some(tracks) = core.pairing.arrive(tracks) {
            core.trails.push(tracks);
            core.draw(self.view.layers.get_untracked());
            self.mark(core.pairing.shown(), core.pairing.drawn());
        }
    }
}
