//! Every frame that comes on screen: which one it is, its boxes, and the data attributes that say so.

use super::Player;
use super::bindings::{FrameMetadata, FrameVideo, now_ms};
use super::view::{Phase, set_if_changed};
use crate::state::FrameKey;
use crate::state::presented::Presented;
use leptos::prelude::*;
use sightline_shared::draw::{Layers, Scene};
use sightline_shared::scene::Zone;
use sightline_shared::tracks::Tracks;
use wasm_bindgen::prelude::*;

/// Media time that frames are remembered for behind the one on screen.
const REMEMBER_S: f64 = 3.0;

impl Player {
    /// Asks to be called for every frame, from now on and for good.
    pub(super) fn watch_frames(&self) {
        if !self.view.exact.get_untracked() {
            return;
        }
        let me = self.me.clone();
        let closure = Closure::<dyn FnMut(f64, JsValue)>::new(move |now: f64, metadata: JsValue| {
            if let Some(player) = me.upgrade() {
                player.frame(now, metadata.unchecked_ref());
                player.next_frame();
            }
        });
        *self.on_frame.borrow_mut() = Some(closure);
        self.next_frame();
    }

    fn next_frame(&self) {
        if let Some(closure) = &*self.on_frame.borrow() {
            let video: &FrameVideo = self.elements.video.unchecked_ref();
            let handle = video.request_video_frame_callback(closure.as_ref().unchecked_ref());
            self.core.borrow_mut().frame_handle = Some(handle);
        }
    }

    fn frame(&self, now: f64, metadata: &FrameMetadata) {
        let mut guard = self.core.borrow_mut();
        let core = &mut *guard;
        let media_s = metadata.media_time();
        if media_s < core.show_from_s && now < core.show_all_ms {
            return;
        }
        core.overlay.place(&self.elements.parent, &self.elements.video);
        let layers = self.view.layers.get_untracked();
        let key = core.timeline.key_at(self.paint(core, layers).unwrap_or(media_s));
        let passed = core.presented.last_media_s().map_or(0, |last| core.timeline.frames_between(last, media_s));
        let call = Presented {
            now_ms: now,
            expected_display_ms: metadata.expected_display_time(),
            media_s,
            presented_frames: metadata.presented_frames() as u64,
        };
        core.presented.note(call, passed);
        core.timeline.forget_before(media_s - REMEMBER_S);
        if let Some(tracks) = core.pairing.show(key) {
            core.trails.push(tracks);
        }
        core.draw(layers);
        self.mark(key, core.pairing.drawn());
        if let Some((key, server)) = key.zip(core.clock.server_ms(call.expected_display_ms)) {
            let utc = core.clock.utc_ms(call.expected_display_ms);
            core.delay.shown(key, server, utc);
        }
        core.faults_over(now);
        drop(guard);
        set_if_changed(self.view.has_picture, true);
        if self.core.borrow().socket.is_some() {
            set_if_changed(self.view.phase, Phase::Playing);
        }
    }

    /// With boxes on, paints the frame that goes under them; its media time where it is known better than from the callback.
    fn paint(&self, core: &super::Core, layers: Layers) -> Option<f64> {
        if layers.any() {
            let upright = core.init.as_ref().is_none_or(|init| init.rotation == 0);
            core.still.paint(&self.elements.video, core.overlay.device_width(), upright)
        } else {
            core.still.hide();
            None
        }
    }

    /// Writes which frame is shown, and whose tracks are drawn, onto the picture's parent.
    pub(super) fn mark(&self, shown: Option<FrameKey>, drawn: Option<FrameKey>) {
        let parent = &self.elements.parent;
        let pts = |key: Option<FrameKey>| key.map_or(String::new(), |key| key.pts.0.to_string());
        let epoch = shown.map_or(String::new(), |key| key.epoch.0.to_string());
        for (name, value) in
            [("data-shown-pts", pts(shown)), ("data-shown-epoch", epoch), ("data-overlay-pts", pts(drawn))]
        {
            let _ = parent.set_attribute(name, &value);
        }
    }

    /// Puts the overlay on the picture again and draws anew: the element, the picture or the layers changed.
    pub(crate) fn place(&self) {
        let mut guard = self.core.borrow_mut();
        let core = &mut *guard;
        core.overlay.place(&self.elements.parent, &self.elements.video);
        core.draw(self.view.layers.get_untracked());
    }

    /// Zones and lines were changed: they are drawn at once.
    pub(crate) fn set_zones(&self, zones: Vec<Zone>) {
        let mut core = self.core.borrow_mut();
        core.zones = zones;
        core.draw(self.view.layers.get_untracked());
    }

    /// The tab is seen again: what was not shown meanwhile was not dropped, and the playhead is brought to where it belongs.
    pub(crate) fn seen_again(&self) {
        self.core.borrow_mut().presented.jump();
        self.steer(now_ms());
    }

    /// The frames ran out.
    pub(super) fn starved(&self) {
        let mut core = self.core.borrow_mut();
        let now = now_ms();
        if core.starting.is_none() && core.pulse.plays_since(now) {
            core.pulse.ran_out(now);
        }
    }
}

impl super::Core {
    /// Draws what belongs to the frame on screen; nothing where there is none.
    pub(super) fn draw(&mut self, layers: Layers) {
        // Zones and their counts stand still while a frame waits for its tracks.
        let none = Tracks { counts: self.pairing.counts().to_vec(), ..Tracks::default() };
        let tracks = self.pairing.current().unwrap_or(&none);
        let scene = Scene { tracks, zones: &self.zones, trails: Some(&self.trails) };
        self.overlay.draw(self.pairing.shown().map(|_| scene), layers);
    }

    /// A decoder that has played for a while after a fault is well again.
    fn faults_over(&mut self, now: f64) {
        if self.fault.is_some() && self.pulse.connected_for(now) > 20_000.0 {
            self.fault = None;
            self.faults.succeeded();
        }
    }
}
