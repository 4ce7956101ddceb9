//! The dashboard's entry point: mounts the application into the page.

use leptos::prelude::*;

fn main() {
    console_error_panic_hook::set_once();
    mount_to_body(|| view! { <main>"Sightline"</main> });
}
