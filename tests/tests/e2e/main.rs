//! The built program, end to end: against real and scripted cameras, hostile files, strangers, and in a real browser.
//!
//! Run by `make test`, or alone: `make build && cargo test -p sightline-tests --test e2e [NAME]`.

mod accounting;
mod annotate;
mod av1;
mod av1_encoded;
mod clips;
mod detect;
mod device;
mod device_failures;
mod doctor;
mod encoder;
mod events;
mod faults;
mod files;
mod hevc;
mod live;
mod masks;
mod models;
mod network;
mod openapi;
mod package;
mod page;
mod page_scene;
mod panels;
mod probe;
mod settings;
mod snapshot;
mod sources;
mod system;
mod tracks;
mod trust;
