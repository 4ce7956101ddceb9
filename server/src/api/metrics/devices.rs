//! What a device does: its load, the cameras and encode sessions on it. What is not known is left out, never 0.

use super::Page;
use crate::api::{App, devices};
use crate::device::Card;

/// Every device.
pub(super) fn add(page: &mut Page, app: &App) {
    let driver = app.cameras.devices().driver();
    for card in app.cameras.devices().cards() {
        one(page, app, card, &driver.release.clone().unwrap_or_else(|| "unknown".into()));
    }
}

fn one(page: &mut Page, app: &App, card: &Card, release: &str) {
    let number = card.ordinal().to_string();
    let of = [("device", number.as_str())];
    let info = [of[0], ("name", card.name()), ("driver", release)];
    page.add("sightline_device_info", "gauge", "A device that can be used.", &info, 1.0);
    let lost = if card.lost().is_some() { 1.0 } else { 0.0 };
    page.add("sightline_device_lost", "gauge", "1 for a device that was lost while running.", &of, lost);
    page.add("sightline_device_cameras", "gauge", "Cameras and jobs that use a device.", &of, card.seats() as f64);
    let sessions = devices::sessions(card.ordinal()).len() as f64;
    page.add("sightline_device_encode_sessions", "gauge", "Encode sessions that are held.", &of, sessions);
    let load = app.watch.newest(card.ordinal());
    for (engine, percent) in
        [("gpu", load.gpu_percent), ("decoder", load.decoder_percent), ("encoder", load.encoder_percent)]
    {
        let Some(percent) = percent else { continue };
        let help = "Share of the time in which a part of a device was busy, over all programs.";
        let labels = [of[0], ("engine", engine)];
        page.add("sightline_device_utilization_ratio", "gauge", help, &labels, f64::from(percent) / 100.0);
    }
    for (name, help, bytes) in [
        ("sightline_device_memory_used_bytes", "Memory of a device in use, over all programs.", load.memory_used_bytes),
        ("sightline_device_memory_total_bytes", "All memory of a device.", load.memory_total_bytes),
    ] {
        if let Some(bytes) = bytes {
            page.add(name, "gauge", help, &of, bytes as f64);
        }
    }
}
