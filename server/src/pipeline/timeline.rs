//! Places frames in time: the smallest body, until the full time model stands.
#![allow(missing_docs)]

use super::clock::Mono;
use super::counters::DropCause;
use sightline_shared::time::{Epoch, Pts};
use std::time::Duration;
#[derive(Debug)]
pub struct Placed {
    pub epoch: Epoch,
    pub starts_epoch: bool,
    pub pts: Pts,
    pub dts: Pts,
    pub duration: u32,
    pub estimated: bool,
}
pub struct Timeline {
    epoch: u32,
    base: Option<i64>,
    last: i64,
    pending: bool,
}
impl Timeline {
    pub fn new() -> Self {
        Self { epoch: 0, base: None, last: 0, pending: true }
    }
    pub fn video(
        &mut self,
        raw: i64,
        key: bool,
        changed: bool,
        _r: Option<u8>,
        _now: Mono,
    ) -> Result<Placed, DropCause> {
        let mut starts = false;
        if self.pending || changed {
            if !key {
                return Err(DropCause::WaitingForKeyFrame);
            }
            starts = true;
            self.pending = false;
            if self.base.is_some() {
                self.epoch += 1;
            }
            self.base = Some(raw);
            self.last = -3000;
        }
        let pts = raw - self.base.unwrap_or(raw);
        let duration = (pts - self.last).clamp(1, 90000) as u32;
        self.last = pts;
        Ok(Placed {
            epoch: Epoch(self.epoch),
            starts_epoch: starts,
            pts: Pts(pts),
            dts: Pts(pts),
            duration,
            estimated: false,
        })
    }
    pub fn audio(&mut self, raw: i64) -> Option<Placed> {
        let pts = raw - self.base?;
        (pts >= 0).then_some(Placed {
            epoch: Epoch(self.epoch),
            starts_epoch: false,
            pts: Pts(pts),
            dts: Pts(pts),
            duration: 1920,
            estimated: false,
        })
    }
    pub fn reconnect(&mut self) {
        self.pending = true;
    }
    pub fn captured_utc(&self, _t: i64) -> Option<Duration> {
        None
    }
    pub fn sender_report(&mut self, _time: i64, _utc: Duration, _now: Mono, _u: Duration) {}
}
