//! What is counted: bytes over the bus, and everything that lives until it is given back.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($name:ident: $text:literal,)*) => {
        /// The counts of a process.
        #[derive(Debug, Default)]
        pub struct Counters { $(#[doc = $text] pub $name: Count,)* }

        impl Counters {
            /// One `name value` a line, for tests that watch another process.
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
    host_to_device: "Bytes that clients copied to the device, compressed pictures left out.",
    device_to_host: "Bytes that clients copied from the device, bitstreams left out.",
    device_to_device: "Bytes copied on the device.",
    launches: "Kernels started.",
    pictures_decoded: "Pictures that decoders finished.",
    pictures_encoded: "Pictures that encoders finished.",
    memory_live: "Bytes allocated on the device.",
    allocations_live: "Allocations not given back.",
    contexts_live: "Contexts not destroyed.",
    streams_live: "Streams that clients made and not destroyed.",
    events_live: "Events not destroyed.",
    modules_live: "Modules not unloaded.",
    decoders_live: "Decoders not destroyed.",
    surfaces_mapped: "Decoded pictures that are mapped.",
    encoders_live: "Encode sessions not closed.",
    left_behind: "Allocations that a context's end had to free.",
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

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
