//! Live: the hub's bytes to viewers, over WebSocket and plain HTTP.

pub mod hub;
