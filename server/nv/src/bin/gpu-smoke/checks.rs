//! Everything that has to be right, one after the other.

use crate::report::{Outcome, Report};
use crate::{clips, decoding, encoding, kernels};
use sightline_nv as nv;
use sightline_nv::{Context, Error};

/// A check's answer: what was looked at, or what is wrong.
pub(crate) type Answer = Result<String, String>;

/// An error of the device in the middle of a check.
pub(crate) fn words(error: &Error) -> String {
    error.to_string()
}

pub(crate) fn all(context: &Context, found: &nv::Report, report: &mut Report, told: &dyn Fn(&str)) {
    let mut check = |name: &str, run: &mut dyn FnMut() -> Outcome| {
        told(name);
        let outcome = run();
        report.check(name, outcome);
    };
    let outcome = |answer: Answer| answer.map_or_else(Outcome::Wrong, Outcome::Right);
    for clip in [clips::h264(), clips::hevc10()] {
        check(&format!("decoder: {}", clip.name), &mut || match able(found, context, &clip) {
            Err(reason) => Outcome::Absent(reason),
            Ok(()) => outcome(decoding::check(context, &clip)),
        });
    }
    for (name, run) in kernels::CHECKS {
        check(&format!("kernels: {name}"), &mut || outcome(run(context)));
    }
    check("encoder: H.264", &mut || encoding::check(context));
}

/// Whether the device says that it decodes the clip; that it does not is no mistake of ours.
fn able(found: &nv::Report, context: &Context, clip: &clips::Clip) -> Result<(), String> {
    let device = found.devices.iter().find(|device| device.ordinal == context.ordinal());
    let abilities = match device.map(|device| &device.decoder) {
        Some(Ok(abilities)) => abilities,
        Some(Err(error)) => return Err(error.to_string()),
        None => return Ok(()),
    };
    let depth = if clip.format.bytes() > 1 { 10 } else { 8 };
    let one = abilities.iter().find(|one| one.codec == clip.codec && one.depth == depth);
    one.map_or(Ok(()), |one| one.most.as_ref().map(drop).map_err(ToString::to_string))
}
