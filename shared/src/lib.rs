//! What crosses the wire: types that the server and the dashboard both compile.
//!
//! No tokio, no web-sys, no FFmpeg here: this crate builds for `wasm32-unknown-unknown` and for the host alike.

pub mod api;
pub mod camera;
pub mod chunk;
pub mod clips;
pub mod codec;
pub mod device;
pub mod draw;
pub mod encoder;
pub mod events;
pub mod models;
pub mod object;
pub mod probe;
pub mod scene;
pub mod system;
pub mod telemetry;
pub mod time;
pub mod tracks;
pub mod trails;
pub mod wire;
