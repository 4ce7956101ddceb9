//! What every model that is in use does, for all cameras.

use super::Page;
use crate::api::App;
use crate::pipeline::batcher::{Condition, Told};
use crate::pipeline::clock::Mono;

pub(super) fn add(page: &mut Page, app: &App, now: Mono) {
    let all = app.cameras.engines().told(now);
    let mut each = |name: &'static str, kind: &'static str, help: &'static str, value: &dyn Fn(&Told) -> f64| {
        for (model, told) in &all {
            page.add(name, kind, help, &[("model", model.as_str())], value(told));
        }
    };
    each("sightline_model_ready", "gauge", "1 for a model that looks, 0 for one that cannot.", &|told| {
        f64::from(u8::from(matches!(told.condition, Condition::Ready { .. })))
    });
    for (name, help, value) in COUNTERS {
        each(name, "counter", help, &value);
    }
}

type Counter = (&'static str, &'static str, fn(&Told) -> f64);

const COUNTERS: [Counter; 6] = [
    ("sightline_model_batches_total", "Batches that a model has answered.", |told| told.totals.batches as f64),
    ("sightline_model_pictures_total", "Pictures in them.", |told| told.totals.pictures as f64),
    ("sightline_model_failures_total", "Batches that a model failed over.", |told| told.totals.failures as f64),
    ("sightline_model_no_numbers_total", "Boxes of a model that were no numbers.", |told| {
        told.totals.no_numbers as f64
    }),
    ("sightline_model_seconds_total", "Time that a model has worked.", |told| told.totals.ran.as_secs_f64()),
    ("sightline_model_waiting_seconds_total", "Time that pictures have waited for a model.", |told| {
        told.totals.waited.as_secs_f64()
    }),
];
