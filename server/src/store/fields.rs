//! What is wrong with a field of a request, as the store tells it.

use super::StoreError;
use crate::device::Wish;
use crate::encode::{self, Purpose};
use crate::settings::files::FileRule;
use crate::settings::{detect, privacy, zones};
use sightline_shared::camera::DetectSettings;
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::scene::{Mask, Zone};

/// The word for programs of a setting that an encoder cannot have.
pub(super) const BAD_ENCODER: &str = "bad_encoder";

pub(super) fn device_of(word: &str) -> Result<Option<u32>, StoreError> {
    Wish::device_of(word).map_err(|wrong| StoreError::field("device", "bad_device", wrong))
}

pub(super) fn check_encoder(settings: &EncoderSettings) -> Result<(), StoreError> {
    encode::check(settings, Purpose::Live).map_err(|refusal| {
        let message = format!("`encoder.{}`: {}", refusal.field, refusal.message);
        StoreError::field("encoder", BAD_ENCODER, message)
    })
}

pub(super) fn check_detect(settings: &DetectSettings) -> Result<(), StoreError> {
    match detect::check(settings) {
        Some((_, message)) => Err(StoreError::field("detect", "bad_detect", message)),
        None => Ok(()),
    }
}

/// Models named by their path: whoever may not play any file of this machine keeps to those that are `known` already.
pub(super) fn check_models(
    settings: &DetectSettings,
    known: &DetectSettings,
    files: &FileRule,
) -> Result<(), StoreError> {
    let fresh = |path: &&str| !detect::paths(known).any(|known| known == *path);
    match detect::paths(settings).find(fresh).filter(|_| *files != FileRule::Any) {
        Some(_) => Err(StoreError::field("detect", "outside_models", detect::NO_PATHS)),
        None => Ok(()),
    }
}

pub(super) fn check_zones(asked: &[Zone]) -> Result<(), StoreError> {
    zones::check(asked).map_or(Ok(()), |words| Err(StoreError::field("zones", "bad_zones", words)))
}

pub(super) fn check_masks(asked: &[Mask]) -> Result<(), StoreError> {
    privacy::check(asked).map_or(Ok(()), |words| Err(StoreError::field("masks", "bad_masks", words)))
}
