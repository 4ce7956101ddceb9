//! Models of a machine: the catalogue, what is here, pulling, adding, removing, trying. What a model is, is `detect::model`'s to say.

mod card;
mod catalogue;
mod check;
pub mod command;
mod keeper;
mod loader;
mod pull;
mod shelf;

pub use catalogue::{CATALOGUE, Entry};
pub use check::check;
pub use keeper::Keeper;
pub use loader::OnShelf;
pub use pull::{MIRROR, Tell, pull};
pub use shelf::{Found, Shelf, is_name, sha256};
