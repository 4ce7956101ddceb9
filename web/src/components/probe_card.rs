//! What the camera doctor found while an address was typed: the first picture and a sentence, or what is wrong and the mend.

use crate::player::can_play;
use crate::state::probing::{Look, sentence, worth_a_line};
use leptos::prelude::*;
use sightline_shared::probe::{Probe, Severity};

/// The card below the field; nothing while there is nothing to say.
#[component]
pub(crate) fn ProbeCard(
    /// What is known of the address.
    #[prop(into)]
    look: Signal<Look>,
) -> impl IntoView {
    view! {
        <div class="found" aria-live="polite" data-testid="probe">
            {move || match look.get() {
                Look::Idle => None,
                Look::Busy => Some(
                    view! {
                        <div class="found-card" data-state="busy">
                            <div class="found-picture"></div>
                            <p class="hint">"Looking at the stream. Adding the camera does not wait for this."</p>
                        </div>
                    }
                    .into_any(),
                ),
                Look::Refused(words) => Some(view! { <p class="fault">{words}</p> }.into_any()),
                Look::Done(probe) => Some(view! { <Found probe=*probe/> }.into_any()),
            }}
        </div>
    }
}

/// One report.
#[component]
fn Found(probe: Probe) -> impl IntoView {
    let plays = probe.codec.as_deref().is_some_and(|codec| can_play(&format!("video/mp4; codecs=\"{codec}\"")));
    let state = if probe.usable { "good" } else { "bad" };
    let words = sentence(&probe, plays);
    let lines = worth_a_line(&probe);
    view! {
        <div class="found-card" data-state=state>
            {probe.picture.map(|picture| view! { <img class="found-picture" src=picture alt="First picture of the stream"/> })}
            <div class="found-words">
                <p>{words}</p>
                <ul>
                    {lines
                        .into_iter()
                        .map(|finding| {
                            let (mark, word) = match finding.severity {
                                Severity::Bad => ("bad", "Wrong: "),
                                Severity::Warning => ("warning", "Could be better: "),
                                Severity::Note | Severity::Good => ("note", "Note: "),
                            };
                            view! {
                                <li data-severity=mark>
                                    <details>
                                        <summary><span class="sr-only">{word}</span>{finding.message}</summary>
                                        {finding.mend.map(|mend| view! { <p class="hint">{mend}</p> })}
                                    </details>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </div>
        </div>
    }
}
