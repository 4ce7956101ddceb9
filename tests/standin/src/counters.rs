//! What is counted: bytes over the bus, and everything that lives until it is given back.
//!
//! From outside: the file that `SIGHTLINE_STANDIN_REPORT` names has one `name value` a line, in the order below. It is written anew (beside,
//! then renamed, so that no reader finds half of it) within 100 ms of a change and at the process's end.
//! From inside: `standin_counter(name, &number)` of `libcuda.so.1`, where the report would come too late.
//!
//! What is there to be given back has a number that lives (`..._live`), and, where a test wants to know that anything happened at all, one
//! that only grows (`..._made`). After starts and stops each `..._live`, `surfaces_mapped` and `inputs_mapped` is what it was, and
//! `left_behind` is 0.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($name:ident: $text:literal,)*) => {
        /// The counts of a process.
        #[derive(Debug, Default)]
        pub struct Counters { $(#[doc = $text] pub $name: Count,)* }

        impl Counters {
            /// One `name value` a line.
            #[must_use]
            pub fn report(&self) -> String {
                let mut text = String::new();
                $(let _ = writeln!(text, "{} {}", stringify!($name), self.$name.get());)*
                text
            }

            /// The count of that name.
            #[must_use]
            pub fn named(&self, name: &str) -> Option<u64> {
                match name { $(stringify!($name) => Some(self.$name.get()),)* _ => None }
            }
        }
    };
}

counters! {
    host_to_device: "Bytes that clients copied to the device, and that kernels read from the host; compressed pictures left out.",
    device_to_host: "Bytes that clients copied from the device, and that kernels wrote to the host; bitstreams left out.",
    device_to_device: "Bytes copied on the device.",
    launches: "Kernels started.",
    pictures_decoded: "Pictures that decoders finished.",
    pictures_encoded: "Pictures that encoders finished.",
    memory_live: "Bytes allocated on the device.",
    memory_most: "The most that `memory_live` ever was.",
    allocations_live: "Allocations not given back.",
    allocations_made: "Allocations.",
    pinned_live: "Allocations of pinned host memory not given back.",
    contexts_live: "Contexts not destroyed.",
    contexts_made: "Contexts.",
    streams_live: "Streams that clients made and not destroyed.",
    events_live: "Events not destroyed.",
    modules_live: "Modules not unloaded.",
    parsers_live: "Parsers not destroyed.",
    decoders_live: "Decoders not destroyed.",
    decoders_made: "Decoders.",
    surfaces_mapped: "Decoded pictures that are mapped.",
    encoders_live: "Encode sessions not closed.",
    encoders_made: "Encode sessions.",
    encoder_buffers_live: "Input and output buffers of encode sessions not destroyed.",
    inputs_registered: "Inputs that are registered with an encode session.",
    inputs_mapped: "Inputs that are mapped.",
    left_behind: "What an end had to free: allocations of a context, buffers and registered inputs of a session.",
    refused: "Calls of decoders and encoders refused for how they were made.",
}

/// A number that threads share.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, amount: u64) -> u64 {
        self.0.fetch_add(amount, Ordering::SeqCst) + amount
    }

    /// Takes away.
    pub fn take(&self, amount: u64) {
        self.0.fetch_sub(amount, Ordering::SeqCst);
    }

    /// Keeps the greater one.
    pub fn raise(&self, value: u64) {
        self.0.fetch_max(value, Ordering::SeqCst);
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
