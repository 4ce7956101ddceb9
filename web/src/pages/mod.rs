//! Pages, one per file.

pub(crate) mod camera;
pub(crate) mod clips;
pub(crate) mod login;
pub(crate) mod missing;
pub(crate) mod system;
pub(crate) mod wall;
