//! What a player tells the components around it: signals, set a few times a second at most.

use crate::state::choice::Choice;
use crate::state::delay::{Part, Way};
use leptos::prelude::*;
use sightline_shared::camera::{Camera, Rendition};
use sightline_shared::draw::Layers;
use sightline_shared::scene::ZoneCount;
use sightline_shared::tracks::Track;

/// How the player itself is doing; how the camera is doing stands in its own state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Connecting to the server, or waiting for the first frame.
    Connecting,
    /// Frames are shown.
    Playing,
    /// Not connected because nobody looks.
    Resting,
    /// The server does not answer; tried again at this time of the page's clock.
    Lost {
        /// When, in milliseconds.
        retry_ms: f64,
    },
    /// The browser's decoder failed again and again.
    Faulty {
        /// What the browser said.
        message: String,
        /// When it is tried again.
        retry_ms: f64,
    },
    /// The browser cannot play this codec.
    Unplayable {
        /// The codec string.
        codec: String,
    },
    /// The browser has no Media Source Extensions.
    NoPlayer,
    /// The camera is gone.
    Gone,
    /// The page is of another version than the server, even after a reload.
    Outdated,
}

/// Figures about what is on screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stats {
    /// Last packet at the server to the screen.
    pub(crate) delay_ms: Option<f64>,
    /// The camera's own clock to the last packet at the server; nonsense where that clock is wrong.
    pub(crate) captured_ms: Option<f64>,
    /// Parts of the delay.
    pub(crate) parts: Vec<Part>,
    /// Frames shown in a second.
    pub(crate) fps: Option<f64>,
    /// From the playhead to the end of the newest frame.
    pub(crate) buffer_ms: f64,
    /// How far behind the line of arrivals the playhead should be.
    pub(crate) target_ms: f64,
    /// How far it is.
    pub(crate) behind_ms: f64,
    /// Playback rate.
    pub(crate) rate: f64,
    /// p99 of jitter.
    pub(crate) jitter_ms: f64,
    /// p99 of the tracks' lateness.
    pub(crate) tracks_late_ms: Option<f64>,
    /// Round trip to the server.
    pub(crate) round_trip_ms: Option<f64>,
    /// Frames shown.
    pub(crate) shown: u64,
    /// Frames that the browser did not show.
    pub(crate) drops: u64,
    /// Frames that came on screen before their tracks.
    pub(crate) unpaired: u64,
    /// Of these, those that got them while still on screen.
    pub(crate) paired_late: u64,
    /// Frames shown without a callback.
    pub(crate) missed: u64,
    /// Share of callbacks that came after their frame was on screen.
    pub(crate) late_share: f64,
    /// Frames that the server left out because this viewer was slow.
    pub(crate) left_out: u64,
    /// Times that the media pipeline was made anew after a fault.
    pub(crate) rebuilds: u64,
    /// Jumps of the playhead.
    pub(crate) jumps: u64,
    /// Times that the frames ran out.
    pub(crate) starved: u64,
    /// Gaps in the camera's timestamps that were closed.
    pub(crate) gaps: u64,
}

/// The signals of one player.
#[derive(Clone, Copy)]
pub(crate) struct PlayerView {
    /// How the player is doing.
    pub(crate) phase: RwSignal<Phase>,
    /// The camera as its connection last told it.
    pub(crate) camera: RwSignal<Option<Camera>>,
    /// Whether a picture is there, be it an old one.
    pub(crate) has_picture: RwSignal<bool>,
    /// Figures.
    pub(crate) stats: RwSignal<Stats>,
    /// Who is in the picture.
    pub(crate) tracks: RwSignal<Vec<Track>>,
    /// What zones have counted, as last told.
    pub(crate) counts: RwSignal<Vec<ZoneCount>>,
    /// Whether somebody draws on the picture: zones are shown by the editor then.
    pub(crate) editing: RwSignal<bool>,
    /// Layers that are drawn.
    pub(crate) layers: RwSignal<Layers>,
    /// Whether sound is wanted.
    pub(crate) sound: RwSignal<bool>,
    /// How long frames wait for their tracks at most, in milliseconds.
    pub(crate) limit_ms: RwSignal<f64>,
    /// Whether anybody looks (on screen, tab visible).
    pub(crate) awake: RwSignal<bool>,
    /// Whether the browser tells which frame it shows.
    pub(crate) exact: RwSignal<bool>,
    /// The rendition that a person chose.
    pub(crate) choice: RwSignal<Choice>,
    /// The one that is shown.
    pub(crate) rendition: RwSignal<Option<Rendition>>,
    /// Why it is not the camera's own, where nobody chose that.
    pub(crate) note: RwSignal<Option<String>>,
    /// The way of the newest frame whose stamps are known.
    pub(crate) way: RwSignal<Option<Way>>,
}

impl PlayerView {
    /// Signals of a player that does not play yet.
    pub(crate) fn new(layers: Layers) -> Self {
        Self {
            phase: RwSignal::new(Phase::Connecting),
            camera: RwSignal::new(None),
            has_picture: RwSignal::new(false),
            stats: RwSignal::new(Stats::default()),
            tracks: RwSignal::new(Vec::new()),
            counts: RwSignal::new(Vec::new()),
            editing: RwSignal::new(false),
            layers: RwSignal::new(layers),
            sound: RwSignal::new(false),
            limit_ms: RwSignal::new(150.0),
            awake: RwSignal::new(true),
            exact: RwSignal::new(true),
            choice: RwSignal::new(Choice::Auto),
            rendition: RwSignal::new(None),
            note: RwSignal::new(None),
            way: RwSignal::new(None),
        }
    }
}

/// Sets a signal only where that changes it, so that nothing is rendered for nothing.
pub(crate) fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    // A signal whose component is gone takes nothing: an answer may come later than that.
    if signal.try_with_untracked(|old| *old != value) == Some(true) {
        signal.set(value);
    }
}
