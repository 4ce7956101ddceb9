//! Metrics of events: how many there were, how many are kept, and what zones have counted.

use super::super::App;
use super::Page;
use crate::pipeline::camera::CameraHandle;

/// Of all cameras together.
pub(super) fn add(page: &mut Page, app: &App) {
    let room = app.events.room();
    page.add("sightline_events_kept", "gauge", "Events in the database.", &[], room.count as f64);
    let help = "Bytes of events in the database and of their pictures.";
    page.add("sightline_events_kept_bytes", "gauge", help, &[], room.bytes as f64);
    let listeners = app.events.board().listeners() as f64;
    page.add("sightline_event_listeners", "gauge", "Readers of /api/events/stream.", &[], listeners);
}

/// Of one camera.
pub(super) fn camera(page: &mut Page, handle: &CameraHandle, of: &[(&str, &str); 2]) {
    let told = handle.watching().told();
    for (kind, count) in told.kinds {
        let labels = [of[0], of[1], ("kind", kind)];
        page.add("sightline_events_total", "counter", "Events by their kind.", &labels, count as f64);
    }
    let help = "Events that there was no time or no room to cut a picture for.";
    page.add("sightline_events_without_picture_total", "counter", help, of, told.without_picture as f64);
    let help = "Events that were not written down, since too many waited.";
    page.add("sightline_events_lost_total", "counter", help, of, told.lost as f64);
    for count in handle.watching().counts() {
        let labels = [of[0], of[1], ("zone", count.zone.as_str()), ("label", count.label.as_str())];
        page.add("sightline_zone_inside", "gauge", "Things in an area now.", &labels, f64::from(count.inside));
        for (what, number) in
            [("entered", count.entered), ("left", count.left), ("a_to_b", count.a_to_b), ("b_to_a", count.b_to_a)]
        {
            let labels = [labels[0], labels[1], labels[2], labels[3], ("what", what)];
            page.add("sightline_zone_total", "counter", "What a zone has counted.", &labels, number as f64);
        }
    }
}
