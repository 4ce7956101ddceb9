//! Which body encodes: the device's where it can do what is asked, else software, and why.

use super::check::{Refusal, refuse};
use super::plan::{EncoderPlan, Purpose, codec_of, resolve, resolve_for};
use super::shape::{PictureFacts, most};
use crate::device::{Card, Seat};
use sightline_shared::encoder::{Backend, Codec, EncoderSettings};
use std::sync::Arc;

/// A plan, and why it is not for the device's encoder where somebody would have expected that: NVENC was asked for by name, or
/// there is a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: EncoderPlan,
    /// In a sentence.
    pub instead: Option<String>,
}

/// The codec as a device knows it.
pub(super) fn on_card(codec: Codec) -> sightline_nv::Codec {
    match codec {
        Codec::H264 => sightline_nv::Codec::H264,
        Codec::Hevc => sightline_nv::Codec::Hevc,
        Codec::Av1 => sightline_nv::Codec::Av1,
    }
}

/// Refuses settings that name an encoder which this machine does not have.
///
/// # Errors
/// Why it cannot be had.
pub fn have(asked: &EncoderSettings, seat: &Seat) -> Result<(), Refusal> {
    if asked.backend != Some(Backend::Nvenc) {
        return Ok(());
    }
    let codec = codec_of(asked);
    match seat.card().and_then(|card| card.encodes(on_card(codec))) {
        Ok(_) => Ok(()),
        Err(reason) => {
            let other = match codec {
                Codec::H264 => "x264",
                Codec::Hevc => "x265",
                Codec::Av1 => "svtav1",
            };
            refuse("backend", format!("{reason} Use `{other}`, which works everywhere, or `auto`."))
        }
    }
}

/// Why no device is used for what `asked` wants, in a sentence; `None` where one may be.
#[must_use]
pub fn why_not_on_device(asked: &EncoderSettings, seat: &Seat) -> Option<String> {
    seat.why_no_encoder(on_card(codec_of(asked)))
}

/// Answers every question that `asked` leaves open, for the seat's device where that can do it and `avoid` does not say why it
/// is not to be used.
///
/// # Errors
/// As [`super::check`], or the size cannot be had of this picture.
pub fn plan_on(
    asked: &EncoderSettings,
    facts: &PictureFacts,
    purpose: Purpose,
    seat: &Seat,
    avoid: Option<&str>,
) -> Result<Planned, Refusal> {
    if !matches!(asked.backend, None | Some(Backend::Auto | Backend::Nvenc)) {
        return Ok(Planned { plan: resolve(asked, facts, purpose)?, instead: None });
    }
    let on_device = match avoid {
        Some(reason) => Err(reason.to_owned()),
        None => seat.card().and_then(|card| on_device(asked, facts, purpose, &card)),
    };
    let expected = asked.backend == Some(Backend::Nvenc) || seat.has_devices();
    Ok(match on_device {
        Ok(plan) => Planned { plan, instead: None },
        Err(reason) => Planned { plan: resolve(asked, facts, purpose)?, instead: expected.then_some(reason) },
    })
}

fn on_device(
    asked: &EncoderSettings,
    facts: &PictureFacts,
    purpose: Purpose,
    card: &Arc<Card>,
) -> Result<EncoderPlan, String> {
    let caps = card.encodes(on_card(codec_of(asked)))?;
    let mut plan =
        resolve_for(asked, facts, purpose, Backend::Nvenc, caps.b_frames).map_err(|refusal| refusal.message)?;
    let (width, height) = (plan.width, plan.height);
    let ((least_x, least_y), (most_x, most_y)) = (caps.least, caps.most);
    if width < least_x || height < least_y || width > most_x || height > most_y {
        return Err(format!(
            "This device encodes pictures from {least_x}x{least_y} to {most_x}x{most_y}, and this one has {width}x{height}."
        ));
    }
    if u32::from(plan.b_frames) > caps.b_frames {
        return Err(format!("This device encodes {} B-frames in a row at most.", caps.b_frames));
    }
    let wanted = most(facts, (width, height));
    if purpose == Purpose::Live && caps.live_size && wanted.0 <= most_x && wanted.1 <= most_y {
        plan.most = wanted;
    }
    Ok(plan)
}
