//! What is drawn into the picture: zones and lines with what they have counted, masks, regions; and the way to draw.

use super::Panel;
use crate::player::PlayerView;
use crate::state::scene::counts;
use leptos::prelude::*;
use sightline_shared::camera::Camera;
use sightline_shared::scene::{Zone, ZoneKind};

/// The panel.
#[component]
pub(crate) fn ScenePanel(
    /// The camera.
    camera: Memo<Option<Camera>>,
    /// Its player.
    view: PlayerView,
) -> impl IntoView {
    let zones = Memo::new(move |_| camera.with(|c| c.as_ref().map(|c| c.zones.clone())).unwrap_or_default());
    let others = Memo::new(move |_| {
        camera
            .with(|c| c.as_ref().map(|c| (c.masks.len(), c.detect.regions.len(), c.unmasked_source)))
            .unwrap_or_default()
    });
    let masks = move || match others.get() {
        (0, _, _) => None,
        (count, _, true) => Some(format!(
            "{}, in what is encoded here. The camera's own stream is served without.",
            many(count, "mask")
        )),
        (count, _, false) => {
            Some(format!("{}. The camera's own stream, which they cannot cover, is not served.", many(count, "mask")))
        }
    };
    let regions = move || match others.get() {
        (_, 0, _) => None,
        (_, count, _) => Some(format!("Looked at in {} only.", many(count, "region"))),
    };
    let nothing = move || zones.with(Vec::is_empty) && others.get().0 == 0 && others.get().1 == 0;
    view! {
        <Panel title="Zones and masks">
            <ul class="zone-list" data-testid="zones">
                <For each=move || zones.get() key=|zone| (zone.id.clone(), zone.name.clone(), zone.kind == ZoneKind::Line) let:zone>
                    <Counted zone view/>
                </For>
            </ul>
            <p class="hint">{masks}</p>
            <p class="hint">{regions}</p>
            <p class="hint">{move || nothing().then_some("Nothing is drawn yet. A zone tells who enters, leaves and stays; a line counts who crosses it; a mask hides what nobody is to see.")}</p>
            <div class="panel-actions">
                <button class="button small" data-testid="edit-scene" data-key="e" disabled=move || view.editing.get()
                    title="Draw on the picture (e)" on:click=move |_| view.editing.set(true)>"Draw on the picture"</button>
            </div>
        </Panel>
    }
}

fn many(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A zone or a line with its counts.
#[component]
fn Counted(zone: Zone, view: PlayerView) -> impl IntoView {
    let (kind, name) = (zone.kind, zone.name.clone());
    let zone = StoredValue::new(zone);
    let line = Memo::new(move |_| view.counts.with(|all| zone.with_value(|zone| counts::line(kind, &zone.id, all))));
    let labels =
        Memo::new(move |_| view.counts.with(|all| zone.with_value(|zone| counts::by_label(kind, &zone.id, all))));
    view! {
        <li data-testid="zone" data-zone=zone.with_value(|zone| zone.id.clone())>
            <span class="strong">{name}</span>
            <span class="figure quiet" data-testid="zone-counts">{move || line.get()}</span>
            <span class="figure quiet by-label">{move || labels.with(|labels| (labels.len() > 1).then(|| labels.join("\n")))}</span>
        </li>
    }
}
