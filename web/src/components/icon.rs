//! Icons: lines of 1.5 on a grid of 20, in the colour of the text beside them.

use leptos::prelude::*;

/// An icon by name; it says nothing to screen readers, so that its button must.
#[component]
pub(crate) fn Icon(
    /// One of the names below.
    name: &'static str,
) -> impl IntoView {
    let path = match name {
        "plus" => "M10 4v12M4 10h12",
        "dark" => "M16 12.5A6.5 6.5 0 0 1 7.5 4a6.5 6.5 0 1 0 8.5 8.5z",
        "light" => {
            "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M15.7 4.3l-1.4 1.4M5.7 14.3l-1.4 1.4"
        }
        "auto" => "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 3v14M12 4v12M14 5.5v9",
        "full" => "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
        "boxes" => "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3M8 8h9v9H8z",
        "labels" => "M3 10V4h6l8 8-6 6zM6.5 7.5h.01",
        "sound" => "M3 8v4h3l4 3V5L6 8zM13 7.5a3.5 3.5 0 0 1 0 5M15 5a7 7 0 0 1 0 10",
        "mute" => "M3 8v4h3l4 3V5L6 8zM13 8l4 4M17 8l-4 4",
        "snapshot" => "M3 6h3l1.5-2h5L14 6h3v10H3zM10 8a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
        "edit" => "M4 16l1-4 8-8 3 3-8 8zM11 6l3 3",
        "delete" => "M4 6h12M8 6V4h4v2M6 6l1 10h6l1-10",
        "close" => "M5 5l10 10M15 5L5 15",
        "back" => "M12 4l-6 6 6 6",
        "keys" => "M2.5 5.5h15v9h-15zM6 11.5h8M6 8.5h.01M9 8.5h.01M12 8.5h.01M15 8.5h.01",
        "clip" => "M3 8.5h14v8H3zM3 8.5l-.6-2.2 13.4-3.6.6 2.2zM7 5.1l2 2M11.2 4l2 2",
        "events" => "M3 5h3v3H3zM3 12h3v3H3zM9 6.5h8M9 13.5h8",
        "play" => "M7 4.5l9 5.5-9 5.5z",
        "download" => "M10 3v9.5M6 9l4 4 4-4M4 16.5h12",
        _ => "",
    };
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=path/>
        </svg>
    }
}
