//! Models in words: how far one is, what is known of it, and whether one is offered to who uses none.

use super::{detection, format};
use sightline_shared::camera::Camera;
use sightline_shared::models::{Model, ModelCheck, ModelState, Models};

/// The model that is offered at first start.
pub(crate) const FIRST: &str = "yolox-nano";

/// How far a model is, in a word.
pub(crate) fn state(model: &Model) -> String {
    match (model.state, model.progress) {
        (ModelState::Ready, _) => "here".into(),
        (ModelState::Available, _) => "not here".into(),
        (ModelState::Pulling, Some(part)) => format!("on its way: {:.0} %", part * 100.0),
        (ModelState::Pulling, None) => "on its way".into(),
        (ModelState::Unusable, _) => "cannot be used".into(),
    }
}

/// The word of a state in data attributes.
pub(crate) fn word(state: ModelState) -> &'static str {
    match state {
        ModelState::Available => "available",
        ModelState::Pulling => "pulling",
        ModelState::Ready => "ready",
        ModelState::Unusable => "unusable",
    }
}

/// Rows of what is known: name and words.
pub(crate) fn facts(model: &Model) -> Vec<(&'static str, String)> {
    let finds = match model.labels.as_slice() {
        [] => None,
        few if few.len() <= 4 => Some(few.join(", ")),
        many => Some(format!("{} and {} more", many[..3].join(", "), many.len() - 3)),
    };
    let takes = model.input.map(|input| takes(input, model.batch));
    let rows = [
        ("Finds", finds),
        ("Looks at", takes),
        ("Takes here", model.ms.map(|ms| format!("{} a picture", format::fine_ms(ms)))),
        ("Read as", model.layout.clone()),
        ("Size", model.bytes.map(|bytes| format::bytes(bytes as f64))),
        ("Licence", Some(model.licence.clone().unwrap_or_else(|| "unknown: ask who made it".into()))),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The picture that a model takes: `416 × 416, up to 8 pictures at once`.
pub(crate) fn takes([width, height]: [u32; 2], batch: Option<u32>) -> String {
    match batch {
        Some(batch) if batch > 1 => format!("{width} × {height}, up to {batch} pictures at once"),
        _ => format!("{width} × {height}"),
    }
}

/// What a tried model found: `person 91 %, car 40 %`, the best few.
pub(crate) fn found(check: &ModelCheck) -> String {
    let few = check.found.iter().take(6).map(|found| format!("{} {:.0} %", found.label, found.score * 100.0));
    let few = few.collect::<Vec<_>>().join(", ");
    match check.found.len() {
        0 => "nothing".into(),
        count if count > 6 => format!("{few} and {} more", count - 6),
        _ => few,
    }
}

/// The file's name as a model's: `My YOLO v8 (2).onnx` becomes `my-yolo-v8-2`.
pub(crate) fn name_of_file(file: &str) -> String {
    let stem = file.strip_suffix(".onnx").unwrap_or(file);
    let kept = stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' });
    let words: String = kept.collect();
    words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// What a first start is offered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FirstOffer {
    /// It can be pulled.
    Pull(Model),
    /// It is on its way, so far.
    Coming(Option<f64>),
    /// It is here, and a camera can be set to it.
    Ready,
    /// The last pull failed; why.
    Failed(Model, String),
}

/// The offer to who has cameras, of which none uses a model; `None` where there is nothing to offer.
pub(crate) fn first_offer(models: &Models, cameras: &[Camera]) -> Option<FirstOffer> {
    let used = cameras.iter().any(|camera| detection::is_model(&camera.detect.model));
    if used || cameras.is_empty() || models.runtime.is_none() {
        return None;
    }
    let model = detection::find(Some(models), FIRST)?;
    match (model.state, &model.reason) {
        (ModelState::Pulling, _) => Some(FirstOffer::Coming(model.progress)),
        (ModelState::Ready, _) => Some(FirstOffer::Ready),
        (ModelState::Available, Some(reason)) => Some(FirstOffer::Failed(model.clone(), reason.clone())),
        (ModelState::Available, None) => Some(FirstOffer::Pull(model.clone())),
        (ModelState::Unusable, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::camera::DetectSettings;

    fn nano(state: ModelState) -> Model {
        Model { name: FIRST.into(), state, bytes: Some(3_700_000), ..Model::default() }
    }

    fn here(state: ModelState) -> Models {
        Models { runtime: Some("ONNX Runtime".into()), models: vec![nano(state)], ..Models::default() }
    }

    #[test]
    fn a_model_is_offered_only_where_none_is_used() {
        let motion = [Camera::default()];
        let model =
            [Camera { detect: DetectSettings { model: "x".into(), ..DetectSettings::default() }, ..Camera::default() }];
        assert_eq!(
            first_offer(&here(ModelState::Available), &motion),
            Some(FirstOffer::Pull(nano(ModelState::Available)))
        );
        assert_eq!(first_offer(&here(ModelState::Ready), &motion), Some(FirstOffer::Ready));
        assert_eq!(first_offer(&here(ModelState::Unusable), &motion), None);
        for (models, cameras) in [
            (here(ModelState::Available), &model[..]),
            (here(ModelState::Available), &[]),
            (Models { runtime: None, ..here(ModelState::Available) }, &motion[..]),
            (Models::default(), &motion[..]),
        ] {
            assert_eq!(first_offer(&models, cameras), None);
        }
        let mut failed = here(ModelState::Available);
        failed.models[0].reason = Some("The disk is full.".into());
        assert!(
            matches!(first_offer(&failed, &motion), Some(FirstOffer::Failed(_, why)) if why == "The disk is full.")
        );
    }

    #[test]
    fn facts_are_those_that_are_known() {
        assert_eq!(facts(&Model::default()), [("Licence", "unknown: ask who made it".to_owned())]);
        let model = Model {
            labels: ["person", "bicycle", "car", "cat", "dog"].map(Into::into).into(),
            input: Some([416, 416]),
            batch: Some(8),
            ms: Some(41.3),
            licence: Some("Apache-2.0".into()),
            ..nano(ModelState::Ready)
        };
        let told: Vec<_> = facts(&model).into_iter().map(|(_, value)| value).collect();
        assert_eq!(
            told,
            [
                "person, bicycle, car and 2 more",
                "416 × 416, up to 8 pictures at once",
                "41 ms a picture",
                "3.7 MB",
                "Apache-2.0"
            ]
        );
        assert_eq!(state(&Model { progress: Some(0.404), ..nano(ModelState::Pulling) }), "on its way: 40 %");
    }

    #[test]
    fn what_a_check_found_is_told_in_short() {
        let found = |count| {
            let one = sightline_shared::models::ModelFound { label: "cat".into(), score: 0.914, ..Default::default() };
            found(&ModelCheck { found: vec![one; count], ..ModelCheck::default() })
        };
        assert_eq!((found(0).as_str(), found(1).as_str()), ("nothing", "cat 91 %"));
        assert!(found(8).ends_with("cat 91 % and 2 more"));
    }

    #[test]
    fn a_file_gives_its_name() {
        assert_eq!(name_of_file("My YOLO v8 (2).onnx"), "my-yolo-v8-2");
        assert_eq!(name_of_file("yolov5s6.1.onnx"), "yolov5s6.1");
    }
}
