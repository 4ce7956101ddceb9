//! The server's pure modules, included by path: what is fuzzed needs neither FFmpeg nor SQLite nor an async runtime, and building
//! those with coverage counters would take minutes where this takes seconds.
#![allow(dead_code, missing_docs, unreachable_pub)]

#[path = "../../server/src/codec/mod.rs"]
pub mod codec;
#[path = "../../server/src/fragment/mod.rs"]
pub mod fragment;
pub mod pipeline;
