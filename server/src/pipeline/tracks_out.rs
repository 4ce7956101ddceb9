//! Where finished tracks go: to the hub of every rendition of the camera, under the PTS of the frame that is shown.

use super::analysis::TracksSink;
use super::encoding::Encoding;
use super::intake::text;
use super::recent::Recent;
use super::trace::Trace;
use crate::live::hub::Hub;
use sightline_shared::camera::Rendition;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::Tracks;
use sightline_shared::wire::ServerMessage;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Tracks remembered for pictures of the moment: the newest frames are as many, and a few more are with the encoders.
const REMEMBERED: usize = 4;

/// The hubs of one camera, for its tracks.
pub struct TracksOut {
    hub: Arc<Hub>,
    encodings: Vec<Arc<Encoding>>,
    /// The newest frames of the viewed stream and of the one that is looked at, where these are two.
    pair: Option<(Arc<Recent>, Arc<Recent>)>,
    newest: Mutex<VecDeque<Tracks>>,
}

impl TracksOut {
    /// With `pair` (viewed, looked at), tracks get the PTS of the viewed frame that was taken at the same moment, or go nowhere;
    /// without, they belong to the frames of the viewed stream as they are.
    pub fn new(hub: Arc<Hub>, encodings: Vec<Arc<Encoding>>, pair: Option<(Arc<Recent>, Arc<Recent>)>) -> Arc<Self> {
        Arc::new(Self { hub, encodings, pair, newest: Mutex::default() })
    }

    /// The tracks of a frame that was a moment ago.
    pub fn of(&self, epoch: Epoch, pts: Pts) -> Option<Tracks> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.iter().find(|tracks| (tracks.epoch, tracks.pts) == (epoch, pts)).cloned()
    }
}

impl TracksSink for TracksOut {
    fn tracks(&self, mut tracks: Tracks) -> bool {
        if let Some((viewed, looked)) = &self.pair {
            let moment = looked.moment(tracks.epoch, tracks.pts);
            let Some(shown) = moment.and_then(|(arrived, captured)| viewed.closest(arrived, captured)) else {
                return false;
            };
            (tracks.epoch, tracks.pts) = shown;
        }
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.len() == REMEMBERED {
            newest.pop_front();
        }
        newest.push_back(tracks.clone());
        drop(newest);
        let item = text(&ServerMessage::Tracks(tracks));
        self.encodings.iter().for_each(|encoding| encoding.say(&item));
        self.hub.publish(item);
        true
    }

    fn traced(&self, trace: &Trace) {
        for encoding in &self.encodings {
            if trace.is_through(encoding.rendition()) {
                encoding.say(&text(&trace.message(encoding.rendition())));
            }
        }
        if trace.is_through(Rendition::Source) {
            self.hub.publish(text(&trace.message(Rendition::Source)));
        }
    }
}
