//! The native program as a library: sources, the graph, the API. `main.rs` parses arguments and calls this.
//!
//! Follow one frame by opening the rooms in this order: `source`, `fragment`, `live`, and beside them `decode`, `detect`,
//! `track`; clips come out of `record`. Only `pipeline` knows the order; a stage imports the items that flow and never another stage.

pub mod annotate;
pub mod api;
pub mod codec;
pub mod decode;
pub mod detect;
pub mod device;
pub mod doctor;
pub mod draw;
pub mod encode;
pub mod events;
pub mod fragment;
pub mod libav;
pub mod live;
pub mod logging;
pub mod models;
pub mod picture;
pub mod pipeline;
pub mod probe;
pub mod process;
pub mod record;
pub mod settings;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod track;
