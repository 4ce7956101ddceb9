//! The edit form: a camera's settings as fields, and the patch of what was changed.

use sightline_shared::api::CameraPatch;
use sightline_shared::camera::{Camera, CameraState, Transport, VideoMode};

/// The fields of the form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EditForm {
    /// Name.
    pub(crate) name: String,
    /// Address, with the password masked until another is typed.
    pub(crate) url: String,
    /// Transport.
    pub(crate) transport: Transport,
    /// Video mode.
    pub(crate) video: VideoMode,
    /// On or off.
    pub(crate) enabled: bool,
}

impl EditForm {
    /// The form as it is opened.
    pub(crate) fn of(camera: &Camera) -> Self {
        Self {
            name: camera.name.clone(),
            url: camera.url.clone(),
            transport: camera.transport,
            video: camera.video,
            enabled: camera.state != CameraState::Disabled,
        }
    }

    /// The patch that makes `camera` what the form says: only what differs; `None` where nothing does.
    ///
    /// # Errors
    /// The field at fault and a sentence about it.
    pub(crate) fn patch(&self, camera: &Camera) -> Result<Option<CameraPatch>, (&'static str, String)> {
        let was = Self::of(camera);
        let name = self.name.trim();
        if name.is_empty() {
            return Err(("name", "A camera needs a name.".into()));
        }
        let patch = CameraPatch {
            name: (name != was.name).then(|| name.to_owned()),
            url: (self.url.trim() != was.url).then(|| super::address::tidy(&self.url)),
            transport: (self.transport != was.transport).then_some(self.transport),
            video: (self.video != was.video).then_some(self.video),
            enabled: (self.enabled != was.enabled).then_some(self.enabled),
            ..CameraPatch::default()
        };
        Ok((patch != CameraPatch::default()).then_some(patch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        Camera {
            name: "Yard".into(),
            url: "rtsp://u:***@10.0.0.7/s".into(),
            state: CameraState::Live,
            ..Camera::default()
        }
    }

    #[test]
    fn an_untouched_form_changes_nothing() {
        assert_eq!(EditForm::of(&camera()).patch(&camera()), Ok(None));
    }

    #[test]
    fn the_patch_holds_only_what_differs() {
        let form = EditForm { name: " Door ".into(), enabled: false, ..EditForm::of(&camera()) };
        let patch = form.patch(&camera()).expect("a valid form").expect("a change");
        assert_eq!((patch.name.as_deref(), patch.url, patch.enabled), (Some("Door"), None, Some(false)));
        assert_eq!(patch.detect, None);
    }

    #[test]
    fn faults_name_their_field() {
        let form = EditForm { name: "  ".into(), ..EditForm::of(&camera()) };
        assert_eq!(form.patch(&camera()).map_err(|(at, _)| at), Err("name"));
    }
}
