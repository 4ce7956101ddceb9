//! What a camera has of a device, and what goes over the bus for it: there only where it uses one, or could.

use super::{Panel, Row};
use crate::state::format;
use leptos::prelude::*;
use sightline_shared::camera::Camera;
use sightline_shared::device::HardwareInfo;

/// The panel.
#[component]
pub(crate) fn HardwarePanel(
    /// The camera.
    #[prop(into)]
    camera: Signal<Option<Camera>>,
) -> impl IntoView {
    let hardware = Memo::new(move |_| camera.with(|c| c.as_ref().map(|c| c.hardware.clone()).unwrap_or_default()));
    let there = Memo::new(move |_| hardware.with(|told| told.device.is_some() || told.frames_to_host_bytes > 0));
    let of = move |pick: fn(&HardwareInfo) -> String| Signal::derive(move || hardware.with(pick));
    let reasons = move || {
        let told = hardware.get();
        let all = [told.decoder_reason, told.encoder_reason].into_iter().flatten();
        all.map(|why| view! { <p class="hint">{why}</p> }).collect_view()
    };
    let panel = move || {
        view! {
            <Panel title="Device" open=false>
                <dl class="rows" data-testid="bus">
                    <Row name="Device" value=of(|told| match (told.device, &told.device_name) {
                        (Some(number), Some(name)) => format!("{number}: {name}"),
                        _ => "none".into(),
                    })/>
                    <Row name="Decoded by" value=of(|told| told.decoder.clone().unwrap_or_else(|| "nobody now".into()))/>
                    <Row name="Frames to the host" hint="Over the bus: for encoders in software, snapshots, and detectors that need every pixel." value=of(|told| format::bytes(told.frames_to_host_bytes as f64))/>
                    <Row name="Looks to the host" hint="Pictures that the device made small for a detector." value=of(|told| format::bytes(told.looks_to_host_bytes as f64))/>
                    <Row name="Frames to the device" hint="For an encoder of the device, from a decoder in software." value=of(|told| format::bytes(told.frames_to_device_bytes as f64))/>
                </dl>
                {reasons}
            </Panel>
        }
    };
    move || there.get().then(panel)
}
