//! Components, one per file; they show state and hold no logic.

pub(crate) mod add_camera;
pub(crate) mod badges;
pub(crate) mod banner;
pub(crate) mod clip_dialogs;
pub(crate) mod curtain;
pub(crate) mod delete_camera;
pub(crate) mod device;
pub(crate) mod dialogs;
pub(crate) mod edit_camera;
pub(crate) mod header;
pub(crate) mod help;
pub(crate) mod icon;
pub(crate) mod make_helper;
pub(crate) mod mend_form;
pub(crate) mod modal;
pub(crate) mod notice;
pub(crate) mod panels;
pub(crate) mod password;
pub(crate) mod picture;
pub(crate) mod plot;
pub(crate) mod probe_card;
pub(crate) mod snapshot;
pub(crate) mod sparkline;
pub(crate) mod tile;
pub(crate) mod tokens;
