//! Labels as chips to press: those that are chosen, and as many of the others as fit; all of them on demand.

use leptos::prelude::*;

/// Chips that are shown before all are asked for.
const FEW: usize = 10;

/// A group of chips.
#[component]
pub(crate) fn Chips(
    /// What the group is called.
    legend: &'static str,
    /// Said where none is chosen.
    none: &'static str,
    /// All that can be chosen.
    #[prop(into)]
    all: Signal<Vec<String>>,
    /// Those that are.
    #[prop(into)]
    chosen: Signal<Vec<String>>,
    /// Told which was pressed.
    toggle: Callback<String>,
) -> impl IntoView {
    let every = RwSignal::new(false);
    let shown = Memo::new(move |_| {
        let (all, chosen) = (all.get(), chosen.get());
        // What is chosen and not in the list any more can still be taken out.
        let foreign = chosen.iter().filter(|label| !all.contains(label)).cloned().collect::<Vec<_>>();
        let few = all.iter().enumerate().filter(|(n, label)| every.get() || *n < FEW || chosen.contains(label));
        foreign.into_iter().chain(few.map(|(_, label)| label.clone())).collect::<Vec<_>>()
    });
    let hidden = move || all.with(Vec::len).saturating_sub(FEW);
    view! {
        <fieldset class="chips">
            <legend>{legend}</legend>
            <div class="chip-list">
                <For each=move || shown.get() key=|label| label.clone() let:label>
                    {
                        let (name, mine) = (label.clone(), label.clone());
                        let on = move || chosen.with(|chosen| chosen.contains(&mine)).to_string();
                        view! {
                            <button type="button" class="chip" aria-pressed=on on:click=move |_| toggle.run(name.clone())>
                                {label}
                            </button>
                        }
                    }
                </For>
                <Show when=move || hidden() != 0>
                    <button type="button" class="chip more" aria-expanded=move || every.get().to_string() on:click=move |_| every.update(|every| *every = !*every)>
                        {move || if every.get() { "Fewer".to_owned() } else { format!("{} more", hidden()) }}
                    </button>
                </Show>
            </div>
            <p class="hint">{move || chosen.with(Vec::is_empty).then_some(none)}</p>
        </fieldset>
    }
}
