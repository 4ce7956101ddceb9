//! Tests of the detection panel's form.

use super::*;
use sightline_shared::scene::Point;

fn asked() -> DetectSettings {
    DetectSettings {
        model: "yolox-nano".into(),
        min_score: 0.35,
        labels: vec!["person".into()],
        scores: BTreeMap::from([("person".into(), 0.555)]),
        regions: vec![vec![Point { x: 0.1, y: 0.2 }; 3]],
        second: vec![SecondModel { model: "faces".into(), labels: vec!["person".into()] }],
        ..DetectSettings::default()
    }
}

#[test]
fn an_untouched_form_is_the_settings() {
    assert_eq!(DetectForm::of(&asked()).settings(&asked()), Ok(asked()));
    assert_eq!(DetectForm::of(&DetectSettings::default()).settings(&asked()).map(|s| s.regions), Ok(asked().regions));
}

#[test]
fn scores_are_percents_and_empty_ones_are_none() {
    let mut form = DetectForm::of(&asked());
    assert_eq!((form.min_score.as_str(), form.scores["person"].as_str()), ("35", "55.5"));
    form.min_score = "12,5".into();
    form.scores.insert("person".into(), " ".into());
    form.scores.insert("car".into(), "100".into());
    let settings = form.settings(&asked()).expect("valid");
    assert_eq!((settings.min_score, settings.scores), (0.125, BTreeMap::from([("car".into(), 1.0)])));
}

#[test]
fn every_fault_names_its_field() {
    let form = DetectForm {
        fps: "often".into(),
        min_score: "101".into(),
        scores: BTreeMap::from([("car".into(), "-1".into())]),
        ..DetectForm::of(&asked())
    };
    let faults = form.settings(&asked()).expect_err("three faults");
    assert_eq!(faults.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["fps", "min_score", "scores"]);
    let nan = DetectForm { fps: "NaN".into(), ..DetectForm::of(&asked()) };
    assert!(nan.settings(&asked()).is_err());
}

#[test]
fn labels_and_second_models_go_in_and_out() {
    let mut form = DetectForm::of(&asked());
    form.toggle_label("car");
    form.toggle_label("person");
    form.toggle_second("faces");
    form.toggle_second("plates");
    assert_eq!(form.labels, ["car"]);
    assert_eq!(form.second, [("plates".to_owned(), Vec::new())]);
}

#[test]
fn what_belongs_to_a_model_goes_with_it() {
    let mut form = DetectForm { fps: "7".into(), ..DetectForm::of(&asked()) };
    form.choose("other".into());
    assert_eq!((form.labels.len(), form.second.len()), (1, 1), "from model to model");
    form.choose("none".into());
    let settings = form.settings(&asked()).expect("valid");
    assert_eq!((settings.fps, settings.min_score, settings.labels.len()), (7.0, 0.0, 0));
    assert!(settings.second.is_empty() && settings.scores.is_empty() && settings.regions.len() == 1);
}

fn models() -> Models {
    let model = |name: &str, state| Model { name: name.into(), state, ..Model::default() };
    Models {
        runtime: Some("ONNX Runtime 1.31.1 (CPU)".into()),
        models: vec![
            model("yolox-nano", ModelState::Ready),
            Model { bytes: Some(3_700_000), licence: Some("Apache-2.0".into()), ..model("big", ModelState::Available) },
            Model { reason: Some("It is no ONNX file.".into()), ..model("odd", ModelState::Unusable) },
            Model { second: true, ..model("faces", ModelState::Ready) },
        ],
        ..Models::default()
    }
}

#[test]
fn models_are_offered_by_where_they_are() {
    let names = |chosen: &str| -> Vec<(&str, Vec<String>)> {
        let named = |offers: Vec<Offer>| offers.into_iter().map(|offer| offer.name).collect();
        offers(Some(&models()), chosen).into_iter().map(|(group, offers)| (group, named(offers))).collect()
    };
    let away = "Models that are not here";
    let built_in = ("Built in", vec!["motion".to_owned(), "none".to_owned()]);
    let here = ("Models here", vec!["yolox-nano".to_owned()]);
    assert_eq!(names("motion"), [built_in.clone(), here.clone(), (away, vec!["big".into(), "odd".into()])]);
    assert_eq!(names("gone")[2], (away, vec!["big".into(), "odd".into(), "gone".into()]));
    assert_eq!(offers(None, "motion").len(), 1, "without an answer there is what is built in");
}

#[test]
fn what_a_model_lacks_is_said_with_its_mend() {
    let all = models();
    assert_eq!(lack(Some(&all), "motion"), None);
    assert_eq!(lack(Some(&all), "yolox-nano"), None);
    assert_eq!(lack(Some(&all), "big"), Some(Lack::Pull("big is not here yet: 3.7 MB to load, Apache-2.0.".into())));
    assert_eq!(lack(Some(&all), "odd"), Some(Lack::No("It is no ONNX file.".into())));
    assert!(matches!(lack(Some(&all), "gone"), Some(Lack::No(words)) if words.contains("gone")));
    let bare = Models { runtime: None, reason: Some("The library is not here.".into()), ..models() };
    assert_eq!(lack(Some(&bare), "yolox-nano"), Some(Lack::No("The library is not here.".into())));
    assert_eq!(lack(None, "yolox-nano"), None, "nothing is said before the server has answered");
}
