//! The one dialog that is open.

use super::model_check::CheckModel;
use super::removals::{DeleteClip, DeleteEvent, RemoveCamera, RemoveModel};
use super::{
    add_camera::AddCamera, add_model::AddModel, edit_camera::EditCamera, help::Help, password::PasswordDialog,
    rename_clip::RenameClip,
};
use crate::context::{Dialog, shared};
use leptos::prelude::*;

/// Shows the dialog that is open.
#[component]
pub(crate) fn Dialogs() -> impl IntoView {
    let shared = shared();
    // A memo, so that setting the same dialog again does not make its fields anew.
    let open = Memo::new(move |_| shared.dialog.get());
    move || {
        open.get().map(|dialog| match dialog {
            Dialog::Add => view! { <AddCamera/> }.into_any(),
            Dialog::Edit(id) => view! { <EditCamera id=id/> }.into_any(),
            Dialog::Delete(id) => view! { <RemoveCamera id=id/> }.into_any(),
            Dialog::Password => view! { <PasswordDialog/> }.into_any(),
            Dialog::RenameClip(id, name) => view! { <RenameClip id=id name=name/> }.into_any(),
            Dialog::DeleteClip(id, name) => view! { <DeleteClip id=id name=name/> }.into_any(),
            Dialog::DeleteEvent(id, words) => view! { <DeleteEvent id=id words=words/> }.into_any(),
            Dialog::AddModel => view! { <AddModel/> }.into_any(),
            Dialog::RemoveModel(name) => view! { <RemoveModel name=name/> }.into_any(),
            Dialog::CheckModel(name) => view! { <CheckModel name=name/> }.into_any(),
            Dialog::Help => view! { <Help/> }.into_any(),
        })
    }
}
