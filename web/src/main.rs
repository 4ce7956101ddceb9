//! The dashboard's entry point: mounts the application into the page.
//!
//! Natively only `state` is built, for its tests; everything else needs a browser.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
// `#[component]` expands to `pub` items whatever the function says.
#![allow(unreachable_pub)]

mod state;

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod catalogue;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod context;
#[cfg(target_arch = "wasm32")]
mod event_feed;
#[cfg(target_arch = "wasm32")]
mod feed;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod player;

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}

/// The dashboard runs in a browser only.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
