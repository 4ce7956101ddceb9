//! Changes of rendition: by a person, by a browser that cannot play the camera's own, and what is held on screen meanwhile.

use super::Player;
use super::view::{Phase, set_if_changed};
use crate::state::choice::{self, Choice, Verdict};
use leptos::prelude::*;
use sightline_shared::camera::{Rendition, VideoMode};
use sightline_shared::wire::{Init, ViewerMessage};

impl Player {
    /// The rendition that a new connection asks for.
    pub(super) fn wanted(&self) -> &'static str {
        match self.view.choice.get_untracked() {
            // The server would send what this browser has refused before.
            Choice::Auto if self.core.borrow().refused.is_some() => Rendition::Main.name(),
            choice => choice.name(),
        }
    }

    fn mode(&self) -> VideoMode {
        self.view.camera.with_untracked(|camera| camera.as_ref().map_or(VideoMode::Auto, |camera| camera.video))
    }

    /// What to do with an init segment.
    pub(super) fn verdict(&self, init: &Init, playable: bool) -> Verdict {
        let core = self.core.borrow();
        choice::judge(self.view.choice.get_untracked(), self.mode(), init.rendition, &core.offered, playable)
    }

    /// The browser cannot play what came: the server is asked for another rendition, for this viewer alone.
    pub(super) fn fall_back(&self, codec: String, rendition: Rendition) {
        self.begin_anew();
        let mut core = self.core.borrow_mut();
        core.refused = Some(codec);
        if let Some(socket) = &core.socket {
            socket.send(&ViewerMessage::Rendition { rendition });
        }
    }

    /// Tells which rendition is shown from now on, and why.
    pub(super) fn note_rendition(&self, init: &Init) {
        let mut core = self.core.borrow_mut();
        if init.rendition == Rendition::Source {
            core.refused = None;
        }
        let note = core.refused.as_deref().map(|refused| choice::note(refused, init));
        drop(core);
        set_if_changed(self.view.note, note);
        set_if_changed(self.view.rendition, Some(init.rendition));
        let parent = &self.elements.parent;
        for (name, value) in [("data-rendition", init.rendition.name()), ("data-codec", init.codec.as_str())] {
            let _ = parent.set_attribute(name, value);
        }
    }

    /// A person chose another rendition.
    pub(crate) fn choose(&self, choice: Choice) {
        let core = self.core.borrow();
        let connected = core.socket.as_ref().is_some_and(|socket| socket.greeted);
        let wanted = choice::move_to(choice, self.mode(), core.told, core.refused.is_some());
        let refused = matches!(self.view.phase.get_untracked(), Phase::Unplayable { .. });
        if let (true, Some(rendition), Some(socket)) = (connected, wanted, &core.socket) {
            return socket.send(&ViewerMessage::Rendition { rendition });
        }
        let resting = core.socket.is_none() && !refused;
        drop(core);
        if !connected && !resting {
            self.connect();
        }
    }

    /// Media of another kind follows on this connection: the pipeline is made anew when its init segment is there, and the
    /// last picture is held meanwhile, without boxes.
    pub(super) fn begin_anew(&self) {
        self.hold();
        self.clear_overlay();
        let mut core = self.core.borrow_mut();
        core.media = None;
        core.init = None;
        core.starting = None;
        core.pairing.reset();
        core.delay.reset();
        core.presented.jump();
    }
}
