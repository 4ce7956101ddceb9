//! Events over HTTP: asked for, told as they happen, resumed.

use super::*;
use crate::events::board::Posted;
use axum::body::BodyDataStream;
use futures::StreamExt;
use sightline_shared::events::{Event, EventKind};
use ulid::Ulid;

/// An event of so many seconds after 2027-01-15T08:00:00Z, as the desk writes it.
fn event(second: u64, camera: &str, kind: EventKind, label: &str) -> (Event, u64) {
    let id = Ulid::from_parts((1_800_000_000 + second) * 1000, u128::from(second)).to_string();
    let zone = (kind == EventKind::Crossed).then(|| "gate".to_owned());
    (Event { id, camera_uid: camera.into(), kind, label: label.into(), zone, ..Event::default() }, 0)
}

/// Three events of one camera and one of another.
fn with_events() -> (Home, Vec<String>) {
    let home = Home::new();
    let (one, other) = (Ulid::from_parts(1, 1).to_string(), Ulid::from_parts(1, 2).to_string());
    let events = [
        event(0, &one, EventKind::Began, "car"),
        event(1, &one, EventKind::Crossed, "car"),
        event(2, &other, EventKind::Began, "person"),
        event(3, &one, EventKind::Ended, "car"),
    ];
    home.store.db().add_events(&events).expect("added");
    let ids = events.into_iter().map(|(event, _)| event.id).chain([one, other]).collect();
    (home, ids)
}

async fn listed(home: &Home, query: &str) -> Vec<String> {
    let answer = home.get(&format!("/api/events?{query}")).send().await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
    let events: Vec<Event> = serde_json::from_str(&answer.text).expect("events");
    events.into_iter().map(|event| event.id).collect()
}

#[tokio::test]
async fn events_are_asked_for_by_what_they_are() {
    let (home, ids) = with_events();
    let pick = |list: &[usize]| list.iter().map(|at| ids[*at].clone()).collect::<Vec<_>>();
    assert_eq!(listed(&home, "").await, pick(&[3, 2, 1, 0]));
    assert_eq!(listed(&home, "limit=2").await, pick(&[3, 2]));
    assert_eq!(listed(&home, &format!("limit=2&before={}", ids[2])).await, pick(&[1, 0]));
    assert_eq!(listed(&home, &format!("camera={}", ids[5])).await, pick(&[2]));
    assert_eq!(listed(&home, "from=2027-01-15T08:00:01Z&to=2027-01-15T08:00:03Z").await, pick(&[2, 1]));
    assert_eq!(listed(&home, &format!("to=2027-01-15T08:00:03Z&before={}", ids[1])).await, pick(&[0]));
    assert_eq!(listed(&home, "kind=crossed").await, pick(&[1]));
    assert_eq!(listed(&home, "label=person").await, pick(&[2]));
    assert_eq!(listed(&home, "zone=gate").await, pick(&[1]));
    for (query, status, field) in [
        ("limit=0", 400, "limit"),
        ("limit=501", 400, "limit"),
        ("from=yesterday", 400, "from"),
        ("to=2027-01-15", 400, "to"),
        ("before=x", 400, "before"),
        ("camera=gone", 404, "camera"),
    ] {
        let answer = home.get(&format!("/api/events?{query}")).send().await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["field"].as_str()),
            (status, Some(field)),
            "{query}"
        );
    }
    for query in ["kind=flew", "limit=many", "labels=car", "kind=began&kind=ended"] {
        let answer = home.get(&format!("/api/events?{query}")).send().await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "bad_request".into()), "{query}");
    }
}

#[tokio::test]
async fn an_event_is_read_and_deleted() {
    let (home, ids) = with_events();
    let path = format!("/api/events/{}", ids[1]);
    assert_eq!(home.get(&path).send().await.json()["label"], "car");
    let picture = home.get(&format!("{path}/crop.jpg")).send().await;
    assert_eq!((picture.status.as_u16(), picture.code()), (404, "no_picture".into()));
    assert_eq!(home.ask(Method::DELETE, &path).send().await.status, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(home.ask(method, &path).send().await.code(), "not_found");
    }
    for trick in ["..%2f..%2fsightline.toml", "%2e%2e", "x%00"] {
        assert_eq!(
            home.get(&format!("/api/events/{trick}/crop.jpg")).send().await.status,
            StatusCode::NOT_FOUND,
            "{trick}"
        );
    }
}

/// The next message of a stream, without its empty line.
async fn message(body: &mut BodyDataStream) -> String {
    let bytes = tokio::time::timeout(Duration::from_secs(5), body.next()).await.expect("in time").expect("goes on");
    String::from_utf8(bytes.expect("whole").to_vec()).expect("text").trim_end().to_owned()
}

async fn listen(home: &Home, query: &str, last: Option<&str>) -> BodyDataStream {
    let mut ask = home.get(&format!("/api/events/stream?{query}"));
    if let Some(last) = last {
        ask = ask.header("last-event-id", last);
    }
    let response = ask.open().await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

#[tokio::test]
async fn a_stream_goes_on_where_it_broke_and_tells_nothing_twice() {
    let (home, ids) = with_events();
    let mut all = listen(&home, "", Some(&ids[1])).await;
    let mut one = listen(&home, &format!("camera={}&after={}", ids[4], ids[0]), None).await;
    let mut fresh = listen(&home, "", Some("no id")).await;
    // What was written down while they were away, and is told now.
    let later = event(4, &ids[4], EventKind::Began, "dog");
    let rows = home.store.db().add_events(std::slice::from_ref(&later)).expect("added").0;
    home.events.board().post(vec![Posted { event: event(3, &ids[4], EventKind::Ended, "car").0, row: Some(4) }]);
    home.events.board().post(vec![Posted { event: later.0.clone(), row: Some(rows[0]) }]);
    let id = |message: String| message.lines().find_map(|line| line.strip_prefix("id: ").map(str::to_owned));
    assert_eq!(id(message(&mut all).await), Some(ids[2].clone()));
    assert_eq!(id(message(&mut all).await), Some(ids[3].clone()));
    assert_eq!(id(message(&mut all).await), Some(later.0.id.clone()), "not twice");
    assert_eq!(id(message(&mut one).await), Some(ids[1].clone()));
    assert_eq!(id(message(&mut one).await), Some(ids[3].clone()));
    assert_eq!(id(message(&mut one).await), Some(later.0.id.clone()));
    let first = message(&mut fresh).await;
    assert_eq!(id(first.clone()), Some(ids[3].clone()), "from now on");
    let data = first.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
    assert_eq!(serde_json::from_str::<Event>(data).expect("an event").label, "car");
}

#[tokio::test]
async fn who_missed_too_much_is_told_so() {
    let (home, ids) = with_events();
    let many: Vec<_> = (10..1200).map(|second| event(second, &ids[4], EventKind::Began, "dog")).collect();
    home.store.db().add_events(&many).expect("added");
    let mut body = listen(&home, "", Some(&ids[0])).await;
    let told = message(&mut body).await;
    assert!(told.contains("event: missed") && told.contains("data: {\"missed\":1001}"), "{told}");
}

#[tokio::test]
async fn listeners_are_bounded_and_known() {
    let home = Home::new();
    let answer = home.get("/api/events/stream?camera=gone").send().await;
    assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found".into()));
    let mut open = Vec::new();
    for _ in 0..crate::api::events::MAX_LISTENERS {
        open.push(listen(&home, "", None).await);
    }
    let answer = home.get("/api/events/stream").send().await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "too_many_listeners".into()));
    open.pop();
    open.push(listen(&home, "", None).await);
}
