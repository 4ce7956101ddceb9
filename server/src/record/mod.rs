//! Record: the newest minutes of each rendition in memory, and clips made of them as files.
//!
//! The contract. In come chunks and tracks messages of a hub, by its tap (`pipeline/kept.rs`): [`ring::Ring`] keeps them, whole
//! GOPs, bounded by time and bytes, sharing the hub's bytes. Out go clips: [`reel`] lays what is kept on one time axis,
//! [`cut`] chooses the frames, [`mp4`] lays out the file, and [`clips::Clips`] writes it, one at a time, on a thread of its own.
//! What cannot be done is a [`Refusal`] in words. Live is touched by none of it: a ring costs a push for each frame.

pub mod ask;
mod burn;
pub mod clips;
pub mod cut;
pub mod disk;
#[cfg(test)]
pub(crate) mod disk_testing;
mod files;
mod lane;
pub mod mp4;
mod names;
pub mod reel;
pub mod ring;
mod still;
#[cfg(test)]
mod testing;
mod work;

/// Why a clip is not made, renamed or given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of no it is.
    pub kind: No,
    /// A word for programs.
    pub code: &'static str,
    /// Sentences for people.
    pub message: String,
    /// The field of the request it is about.
    pub field: Option<&'static str>,
}

/// Kinds of refusal, as HTTP tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// The request cannot be meant.
    Wrong,
    /// What is asked for is not there.
    Missing,
    /// It does not go with how things are now.
    Conflict,
    /// Too many wait already.
    Busy,
    /// The disk has no room.
    Full,
    /// Something of ours failed.
    Broken,
}

impl Refusal {
    fn new(kind: No, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), field: None }
    }

    fn wrong(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(No::Wrong, "bad_request", message) }
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(No::Broken, "internal", error.to_string())
    }
}
