//! What is counted: bytes over the bus, and everything that lives until it is given back.
//!
//! From outside: the file that `SIGHTLINE_STANDIN_REPORT` names has one `name value` a line, in the order below. It is written anew (beside,
//! then renamed, so that no reader finds half of it) within 100 ms of a change and at the process's end.
//! From inside: `standin_counter(name, &number)` of `libcuda.so.1`, where the report would come too late.
//!
//! Where there are several devices, what is counted of each alone follows as `device0_launches` and so on.
//!
//! What is there to be given back has a number that lives (`..._live`), and, where a test wants to know that anything happened at all, one
//! that only grows (`..._made`). After starts and stops each `..._live`, `surfaces_mapped` and `inputs_mapped` is what it was, and
//! `left_behind` is 0.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::machine::Machine;

macro_rules! counters {
    ($(#[$about:meta])* $kind:ident { $($name:ident: $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub struct $kind { $(#[doc = $text] pub $name: Count,)* }

        impl $kind {
            /// One `name value` a line, with something in front of each name.
            #[must_use]
            pub fn report(&self, before: &str) -> String {
                let mut text = String::new();
                $(let _ = writeln!(text, "{before}{} {}", stringify!($name), self.$name.get());)*
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
    /// The counts of a process.
    Counters {
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
}

counters! {
    /// The counts of one device.
    DeviceCounters {
        launches: "Kernels started.",
        pictures_decoded: "Pictures that decoders finished.",
        pictures_encoded: "Pictures that encoders finished.",
        memory_live: "Bytes allocated.",
        contexts_live: "Contexts not destroyed.",
        decoders_live: "Decoders not destroyed.",
        encoders_live: "Encode sessions not closed.",
    }
}

impl Machine {
    /// All counts; those of each device, as `device0_launches`, where there are several.
    #[must_use]
    pub fn report(&self) -> String {
        let each = self.devices.iter().filter(|_| self.devices.len() > 1);
        let each: String = each.map(|device| device.counters.report(&format!("device{}_", device.ordinal))).collect();
        self.counters.report("") + &each
    }

    /// A count by its name in the report.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u64> {
        let of_device = |(ordinal, name): (&str, &str)| {
            let ordinal: usize = ordinal.parse().ok()?;
            self.devices.get(ordinal)?.counters.named(name)
        };
        let split = name.strip_prefix("device").and_then(|rest| rest.split_once('_'));
        self.counters.named(name).or_else(|| split.and_then(of_device))
    }
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
