//! The figures of benchmarks 16 to 18. What cannot be measured is said, and is no mistake.

use crate::report::Report;
use crate::{Effort, path, throughput};
use sightline_nv::{Context, Error};

pub(crate) fn all(context: &Context, effort: &Effort, report: &mut Report, told: &dyn Fn(&str)) {
    for (name, run) in PARTS {
        told(name);
        if let Err(error) = run(context, effort, report) {
            report.says(&format!("Not measured: {name}: {error}"));
        }
    }
}

type Part = fn(&Context, &Effort, &mut Report) -> Result<(), Error>;

const PARTS: [(&str, Part); 4] = [
    ("decoding at once", throughput::decoding),
    ("model input", throughput::input),
    ("boxes and labels", throughput::draw),
    ("decoder to model input to boxes", path::whole),
];
