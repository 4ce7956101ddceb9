//! Pages, one per file.

pub(crate) mod camera;
pub(crate) mod clips;
pub(crate) mod events;
pub(crate) mod login;
pub(crate) mod missing;
pub(crate) mod models;
pub(crate) mod system;
pub(crate) mod wall;
