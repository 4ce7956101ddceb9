//! Models over the API: what is here and what can be had, uploads that fit and hostile ones, and what came of trying one.

use super::Home;
use crate::detect::model::{runtime, tests::tiny_model};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use sightline_shared::models::{Model, ModelCheck, ModelState, Models};

/// Brings a file.
async fn bring(home: &Home, name: &str, bytes: Vec<u8>) -> super::Answer {
    let mut ask = home.ask(Method::POST, &format!("/api/models?name={name}"));
    *ask.request.body_mut() = Body::from(bytes);
    ask.header("content-type", "application/octet-stream").send().await
}

async fn list(home: &Home) -> Models {
    let answer = home.get("/api/models").send().await;
    serde_json::from_str(&answer.text).expect("models")
}

#[tokio::test]
async fn the_catalogue_is_there_before_any_model_is() {
    let home = Home::new();
    let models = list(&home).await;
    assert_ne!(models.runtime.is_some(), models.reason.is_some(), "{models:?}");
    let yolox = &models.models[0];
    assert_eq!((yolox.name.as_str(), yolox.state), ("yolox-nano", ModelState::Available));
    assert_eq!(yolox.licence.as_deref(), Some("Apache-2.0"));
    let one = home.get("/api/models/yolox-nano").send().await;
    assert_eq!(serde_json::from_str::<Model>(&one.text).expect("a model"), *yolox);
    // Nothing is fetched unasked.
    assert_eq!(list(&home).await, models);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let home = Home::new();
    for (method, path) in [
        (Method::GET, "/api/models/nobody"),
        (Method::POST, "/api/models/nobody/pull"),
        (Method::DELETE, "/api/models/yolox-nano/pull"),
        (Method::DELETE, "/api/models/yolox-nano"),
        (Method::DELETE, "/api/models/..%2F..%2Fsecrets"),
        (Method::POST, "/api/models/yolox-nano/check"),
    ] {
        let answer = home.ask(method, path).send().await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::NOT_FOUND, "not_found".into()),
            "{path}: {}",
            answer.text
        );
    }
    for name in ["", "UPPER", "motion", "..%2Fx", "a%20b"] {
        let answer = bring(&home, name, Vec::new()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}: {}", answer.text);
    }
    let answer = bring(&home, "yolox-nano", Vec::new()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::CONFLICT, "exists".into()));
}

#[tokio::test]
async fn a_model_is_brought_tried_and_removed() {
    let home = Home::new();
    if runtime().is_err() {
        let answer = bring(&home, "mine", tiny_model()).await;
        assert!(answer.text.contains("motion goes on"), "{}", answer.text);
        return;
    }
    let answer = bring(&home, "mine", tiny_model()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let model: Model = serde_json::from_str(&answer.text).expect("a model");
    assert_eq!((model.state, model.layout.as_deref()), (ModelState::Ready, Some("end2end")));
    assert_eq!((model.input, model.labels.len(), model.ms), (Some([64, 64]), 80, None));
    assert_eq!(bring(&home, "mine", tiny_model()).await.status, StatusCode::CONFLICT);
    let answer = home.ask(Method::POST, "/api/models/mine/check?min_score=0.5").send().await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let check: ModelCheck = serde_json::from_str(&answer.text).expect("a check");
    assert_eq!((check.found.len(), check.found[0].label.as_str()), (1, "car"));
    // The clock of these tests stands still.
    assert_eq!(check.ms, 0.0);
    assert!(check.picture.expect("a picture").starts_with("data:image/jpeg;base64,/9j/"));
    assert!(list(&home).await.models.iter().any(|model| model.name == "mine" && model.ms.is_some()));
    let wrong = home.ask(Method::POST, "/api/models/mine/check?min_score=2").send().await;
    assert_eq!(wrong.json()["error"]["field"], "min_score");
    assert_eq!(home.ask(Method::DELETE, "/api/models/mine").send().await.status, StatusCode::NO_CONTENT);
    assert!(list(&home).await.models.iter().all(|model| model.name != "mine"));
}

#[tokio::test]
async fn a_hostile_upload_is_refused_and_not_kept() {
    let home = Home::new();
    if runtime().is_err() {
        return;
    }
    let whole = tiny_model();
    for bytes in [Vec::new(), b"<html>not a model</html>".to_vec(), whole[..whole.len() / 2].to_vec()] {
        let answer = bring(&home, "bad", bytes).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::CONFLICT, "model".into()), "{}", answer.text);
        assert!(answer.text.contains("The model bad cannot be used"), "{}", answer.text);
    }
    assert!(list(&home).await.models.iter().all(|model| model.name != "bad"));
    let left = std::fs::read_dir(home.dir.path().join("data/models")).expect("the folder");
    assert_eq!(left.count(), 0, "something was left behind");
}
