//! What comes from the camera now, and how long it takes to the screen.

use super::{Panel, Row};
use crate::player::PlayerView;
use crate::player::view::Stats;
use crate::state::choice::Choice;
use crate::state::delay::{CameraShare, Part};
use crate::state::{codec, format};
use leptos::prelude::*;
use sightline_shared::camera::Camera;

/// The panel.
#[component]
pub(crate) fn NowPanel(
    /// The camera.
    #[prop(into)]
    camera: Signal<Option<Camera>>,
    /// Its player.
    view: PlayerView,
) -> impl IntoView {
    let of = move |pick: fn(&Camera) -> Option<String>| {
        Signal::derive(move || camera.with(|c| c.as_ref().and_then(pick)).unwrap_or_else(|| "unknown".into()))
    };
    let stats = view.stats;
    let player = Signal::derive(move || match view.exact.get() {
        true => "MSE".to_owned(),
        false => "MSE, frames not told apart: no boxes".to_owned(),
    });
    view! {
        <Panel title="Now">
            <dl class="rows">
                <Row name="Codec" value=of(|c| c.codec.as_deref().map(codec::words))/>
                <Row name="Size" value=of(|c| c.width.map(|_| format::size(c.width, c.height)))/>
                <Row name="Frames sent" hint="Measured by the server." value=of(|c| c.fps.map(|fps| format::rate(Some(fps))))/>
                <Row name="Frames shown" hint="Counted here." value=Signal::derive(move || format::rate(stats.with(|s| s.fps)))/>
                <Row name="Bitrate" value=of(|c| c.bitrate.map(|b| format::bitrate(Some(b))))/>
                <Row name="Key frame every" value=of(|c| c.gop_s.map(|s| format::seconds(Some(s))))/>
                <Row name="Sound" value=of(|c| Some(c.audio.as_ref().map_or("none".into(), |a| codec::words(&a.codec))))/>
                <Row name="Transport" value=of(|c| c.transport_in_use.as_deref().map(str::to_uppercase))/>
                <Row name="Player" value=player/>
            </dl>
            {move || camera.with(|c| c.as_ref()?.note.clone()).map(|note| view! { <p class="hint">{note}</p> })}
            <RenditionChoice camera view/>
            <DelayBar camera view/>
        </Panel>
    }
}

/// How the player steers, and what went wrong: folded, for whoever looks closer.
#[component]
pub(crate) fn PlayerPanel(
    /// The player.
    view: PlayerView,
) -> impl IntoView {
    let of = move |pick: fn(&Stats) -> String| Signal::derive(move || view.stats.with(pick));
    view! {
        <Panel title="Player" open=false>
            <dl class="rows">
                <Row name="Behind arrivals" hint="How far the playhead is behind the line of the earliest arrivals." value=of(|s| format::ms(Some(s.behind_ms)))/>
                <Row name="Target" hint="p99 of jitter or of the boxes' lateness, whichever is more, and room to decode." value=of(|s| format::ms(Some(s.target_ms)))/>
                <Row name="Jitter p99" value=of(|s| format::fine_ms(s.jitter_ms))/>
                <Row name="Buffer" hint="From the playhead to the end of the newest frame." value=of(|s| format::ms(Some(s.buffer_ms)))/>
                <Row name="Rate" value=of(|s| format!("{:.2}×", s.rate))/>
                <Row name="Round trip" value=of(|s| s.round_trip_ms.map_or_else(|| "unknown".into(), format::fine_ms))/>
                <Row name="Not shown here" hint="Frames that the browser had and passed over." value=of(|s| s.drops.to_string())/>
                <Row name="Left out by server" hint="Because this viewer was slow." value=of(|s| s.left_out.to_string())/>
                <Row name="Ran out of frames" value=of(|s| s.starved.to_string())/>
                <Row name="Jumps" value=of(|s| s.jumps.to_string())/>
                <Row name="Gaps closed" hint="Gaps in the camera's own timestamps." value=of(|s| s.gaps.to_string())/>
                <Row name="Made anew" hint="After a fault of the browser's decoder." value=of(|s| s.rebuilds.to_string())/>
            </dl>
        </Panel>
    }
}

/// Which rendition is shown, and the way to another.
#[component]
fn RenditionChoice(camera: Signal<Option<Camera>>, view: PlayerView) -> impl IntoView {
    let shown = move || {
        let rendition = view.rendition.get()?;
        let info = camera.with(|c| c.as_ref()?.renditions.iter().find(|info| info.rendition == rendition).cloned());
        let what = info.and_then(|info| {
            let rate = info.bitrate.map(|bits| format::bitrate(Some(bits)));
            let size = info.width.map(|_| format::size(info.width, info.height));
            Some(
                [info.codec.as_deref().map(codec::words), size, rate]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
            )
            .filter(|what| !what.is_empty())
        });
        Some(what.map_or_else(|| rendition.name().to_owned(), |what| format!("{}: {what}", rendition.name())))
    };
    let options = Choice::ALL.map(|choice| {
        view! { <option value=choice.name() selected=move || view.choice.get() == choice>{choice.words()}</option> }
    });
    view! {
        <div class="rendition">
            <label for="rendition-select">"Rendition"</label>
            <select id="rendition-select" data-testid="rendition-select" prop:value=move || view.choice.get().name()
                on:change=move |event| {
                    if let Some(choice) = Choice::of(&event_target_value(&event)) {
                        view.choice.set(choice);
                    }
                }>
                {options.collect_view()}
            </select>
            <p class="hint" data-testid="rendition-shown">{shown}</p>
            <p class="hint warning" data-testid="rendition-note" role="status">{move || view.note.get()}</p>
        </div>
    }
}

/// The delay and its parts as one stacked bar: the camera's own share first, where its clock can be believed.
#[component]
fn DelayBar(camera: Signal<Option<Camera>>, view: PlayerView) -> impl IntoView {
    let stats = view.stats;
    let ahead = move || camera.with(|c| c.as_ref().and_then(|c| c.clock_ahead_s));
    let share = Memo::new(move |_| stats.with(|s| s.captured_ms).map(|ms| CameraShare::of(ms, ahead())));
    let all_parts = move || {
        let own = match share.get() {
            Some(CameraShare::Took { ms }) => Some(Part { stage: "camera".into(), ms }),
            _ => None,
        };
        stats.with(|stats| own.into_iter().chain(stats.parts.iter().cloned()).collect::<Vec<Part>>())
    };
    let parts = move || {
        let parts = all_parts();
        let total: f64 = parts.iter().map(|part| part.ms).sum::<f64>().max(1e-6);
        parts
            .iter()
            .map(|part| {
                let style = format!("width:{:.2}%;background:var(--stage-{})", part.ms / total * 100.0, part.stage);
                view! { <span class="bar-part" style=style></span> }
            })
            .collect_view()
    };
    let legend = move || {
        let one = |part: &Part| {
            let colour = format!("background:var(--stage-{})", part.stage);
            view! {
                <li>
                    <span class="swatch" style=colour aria-hidden="true"></span>
                    {part.stage.clone()}
                    <span class="figure">{format::fine_ms(part.ms)}</span>
                </li>
            }
        };
        all_parts().iter().map(one).collect_view()
    };
    let words = move || {
        let total = stats.with(|s| s.delay_ms)?;
        Some(match share.get() {
            Some(share) => share.words(total),
            None => "The camera sends no sender reports: what it takes itself, and its network, is unknown.".into(),
        })
    };
    view! {
        <div class="delay-block">
            <p class="delay-head">
                <span title="From the frame's last packet at the server to this screen, by comparison of the two clocks.">"Delay, server to screen"</span>
                <span class="figure strong">{move || format::ms(stats.with(|s| s.delay_ms))}</span>
            </p>
            <div class="bar" aria-hidden="true">{parts}</div>
            <ul class="legend">{legend}</ul>
            <p class="hint" data-testid="camera-delay">{words}</p>
        </div>
    }
}
