//! What is told of an encoded rendition: how it is doing, what it is, and how fast it comes.

use super::clock::Mono;
use super::packet::StreamParams;
use crate::encode::EncoderPlan;
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::{EncoderInUse, RenditionInfo, RenditionState};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Rates are measured over this time.
const WINDOW: Duration = Duration::from_secs(4);

#[derive(Clone, Copy)]
struct Made {
    at: Mono,
    bytes: usize,
    work: Duration,
}

/// The newest facts of one rendition.
#[derive(Default)]
pub struct Told {
    state: RenditionState,
    reason: Option<String>,
    plan: Option<EncoderPlan>,
    words: String,
    made: VecDeque<Made>,
}

impl Told {
    /// Another state; true if it is news.
    pub fn set(&mut self, state: RenditionState, reason: Option<String>) -> bool {
        let news = self.state != state || self.reason != reason;
        (self.state, self.reason) = (state, reason);
        if matches!(state, RenditionState::Idle | RenditionState::Failed) {
            self.plan = None;
            self.made.clear();
        }
        news
    }

    /// How it is doing.
    #[must_use]
    pub fn state(&self) -> RenditionState {
        self.state
    }

    /// What the running encoder goes by.
    #[must_use]
    pub fn plan(&self) -> Option<&EncoderPlan> {
        self.plan.as_ref()
    }

    /// An encoder goes by `plan` from now on.
    pub fn encoder(&mut self, plan: EncoderPlan, words: String) {
        (self.plan, self.words) = (Some(plan), words);
    }

    /// A frame of so many bytes was made, in so much time of work.
    pub fn made(&mut self, at: Mono, bytes: usize, work: Duration) {
        self.made.push_back(Made { at, bytes, work });
        while self.made.front().is_some_and(|made| at.since(made.at) > WINDOW) {
            self.made.pop_front();
        }
    }

    /// The encoder that runs.
    #[must_use]
    pub fn in_use(&self) -> Option<EncoderInUse> {
        self.plan.as_ref().map(|plan| plan.in_use(self.words.clone()))
    }

    /// As the API tells it.
    #[must_use]
    pub fn info(&self, rendition: Rendition, now: Mono, params: Option<Arc<StreamParams>>) -> RenditionInfo {
        let mut info = RenditionInfo {
            rendition,
            state: self.state,
            reason: self.reason.clone(),
            encoder: self.in_use(),
            ..RenditionInfo::default()
        };
        if let Some(params) = params {
            let video = &params.video;
            let sideways = video.rotation % 180 == 90;
            info.codec = Some(video.codec_string.clone());
            info.width = Some(if sideways { video.height } else { video.width });
            info.height = Some(if sideways { video.width } else { video.height });
        }
        let recent: Vec<Made> = self.made.iter().copied().filter(|made| now.since(made.at) <= WINDOW).collect();
        let (Some(first), Some(last)) = (recent.first(), recent.last()) else { return info };
        let seconds = last.at.since(first.at).as_secs_f64();
        if recent.len() > 2 && seconds > 0.2 {
            info.fps = Some((recent.len() - 1) as f64 / seconds);
            // The first frame's bytes came before the time that is measured.
            let bytes: usize = recent.iter().skip(1).map(|made| made.bytes).sum();
            info.bitrate = Some(bytes as f64 * 8.0 / seconds);
        }
        let mut works: Vec<Duration> = recent.iter().map(|made| made.work).collect();
        works.sort_unstable();
        info.frame_ms = Some(works[works.len() / 2].as_secs_f64() * 1e3);
        info
    }
}
