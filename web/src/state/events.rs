//! Events: which are asked for, the list of those that came, and what one says.

use super::format;
use sightline_shared::events::{Direction, Event, EventKind};

/// How many are asked for at once.
pub(crate) const PAGE: usize = 40;
/// Most that a page keeps: older ones are asked for again.
const MOST: usize = 1000;
/// A clip of an event begins so long before it and ends so long after it, in milliseconds.
const CLIP_MS: (f64, f64) = (5_000.0, 10_000.0);

/// Every kind with its word in JSON and the words of the filter.
pub(crate) const KINDS: [(EventKind, &str, &str); 6] = [
    (EventKind::Began, "began", "came into the picture"),
    (EventKind::Ended, "ended", "left the picture"),
    (EventKind::Entered, "entered", "entered a zone"),
    (EventKind::Left, "left", "left a zone"),
    (EventKind::Dwelt, "dwelt", "stayed in a zone"),
    (EventKind::Crossed, "crossed", "crossed a line"),
];

/// The word of a kind.
pub(crate) fn word(kind: EventKind) -> &'static str {
    KINDS.iter().find(|(one, _, _)| *one == kind).map_or("", |(_, word, _)| word)
}

/// Which events are asked for, as the address bar has it; empty is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// A camera's id.
    pub(crate) camera: String,
    /// A word of [`KINDS`].
    pub(crate) kind: String,
    /// A label.
    pub(crate) label: String,
    /// A zone's id.
    pub(crate) zone: String,
    /// RFC 3339.
    pub(crate) from: String,
    /// RFC 3339.
    pub(crate) to: String,
}

impl Filter {
    /// Its fields by name, without those that are empty.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("camera", &self.camera),
            ("kind", &self.kind),
            ("label", &self.label),
            ("zone", &self.zone),
            ("from", &self.from),
            ("to", &self.to),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str())).collect()
    }

    /// Whether it lets everything through.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// Whether an event that is told live belongs into the list; `at_ms` and the bounds are milliseconds since 1970.
    pub(crate) fn takes(&self, event: &Event, at_ms: Option<f64>, bounds: (Option<f64>, Option<f64>)) -> bool {
        let is = |wanted: &str, value: &str| wanted.is_empty() || wanted == value;
        let after = bounds.0.is_none_or(|from| at_ms.is_some_and(|at| at >= from));
        let before = bounds.1.is_none_or(|to| at_ms.is_some_and(|at| at <= to));
        is(&self.camera, &event.camera)
            && is(&self.kind, word(event.kind))
            && is(&self.label, &event.label)
            && is(&self.zone, event.zone.as_deref().unwrap_or_default())
            && after
            && before
    }
}

/// The events that came, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EventList {
    /// Newest first: by id, which is a ULID.
    pub(crate) events: Vec<Event>,
    /// Whether the server may have older ones.
    pub(crate) more: bool,
}

impl EventList {
    /// A page of the server's answer; one that is not full was the last. The newest page, asked for again, says nothing of
    /// older ones.
    pub(crate) fn older(&mut self, page: Vec<Event>, asked: usize) {
        let oldest = page.last().map(|event| event.id.clone()).unwrap_or_default();
        if self.oldest().is_none_or(|known| known >= oldest.as_str()) {
            self.more = page.len() >= asked;
        }
        for event in page {
            self.put(event);
        }
    }

    /// One that was told live. Gives whether it is new.
    pub(crate) fn told(&mut self, event: Event) -> bool {
        let new = self.put(event);
        if self.events.len() > MOST {
            self.events.truncate(MOST);
            self.more = true;
        }
        new
    }

    fn put(&mut self, event: Event) -> bool {
        let at = self.events.partition_point(|other| other.id > event.id);
        if self.events.get(at).is_some_and(|other| other.id == event.id) {
            self.events[at] = event;
            return false;
        }
        self.events.insert(at, event);
        true
    }

    /// One was deleted.
    pub(crate) fn without(&mut self, id: &str) {
        self.events.retain(|event| event.id != id);
    }

    /// The oldest one's id: older ones are asked for by it.
    pub(crate) fn oldest(&self) -> Option<&str> {
        self.events.last().map(|event| event.id.as_str())
    }
}

/// What happened, as a sentence without its end: `person entered Gate`, `car crossed Kerb, a to b`.
pub(crate) fn words(event: &Event) -> String {
    let who = if event.label.is_empty() { "something" } else { &event.label };
    let place = event.zone_name.as_deref().or(event.zone.as_deref()).unwrap_or("a zone");
    let stayed = event.stayed_s.map(super::clips::length);
    match (event.kind, stayed) {
        (EventKind::Began, _) => format!("{who} came into the picture"),
        (EventKind::Ended, None) => format!("{who} left the picture"),
        (EventKind::Ended, Some(stayed)) => format!("{who} left the picture after {stayed}"),
        (EventKind::Entered, _) => format!("{who} entered {place}"),
        (EventKind::Left, None) => format!("{who} left {place}"),
        (EventKind::Left, Some(stayed)) => format!("{who} left {place} after {stayed}"),
        (EventKind::Dwelt, None) => format!("{who} stays in {place}"),
        (EventKind::Dwelt, Some(stayed)) => format!("{who} stays in {place} for {stayed}"),
        (EventKind::Crossed, _) => match event.direction {
            Some(Direction::AToB) => format!("{who} crossed {place}, a to b"),
            Some(Direction::BToA) => format!("{who} crossed {place}, b to a"),
            None => format!("{who} crossed {place}"),
        },
    }
}

/// `87 % · face 93 %`.
pub(crate) fn sure(event: &Event) -> String {
    let percent = |score: f32| format!("{:.0} %", score * 100.0);
    let findings = event.findings.iter().map(|finding| format!("{} {}", finding.label, percent(finding.score)));
    std::iter::once(percent(event.score)).chain(findings).collect::<Vec<_>>().join(" · ")
}

/// From and to of a clip that shows an event, RFC 3339; the end is never later than now.
pub(crate) fn clip_span(at_ms: f64, now_ms: f64) -> (String, String) {
    let to = (at_ms + CLIP_MS.1).min(now_ms).max(at_ms);
    (format::rfc3339(at_ms - CLIP_MS.0), format::rfc3339(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::tracks::Finding;

    fn event(id: &str, kind: EventKind) -> Event {
        Event {
            id: id.into(),
            kind,
            camera: "yard".into(),
            label: "person".into(),
            zone: Some("gate".into()),
            zone_name: Some("Gate".into()),
            score: 0.874,
            ..Event::default()
        }
    }

    fn ids(list: &EventList) -> Vec<&str> {
        list.events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn pages_and_what_is_told_live_make_one_list() {
        let mut list = EventList::default();
        list.older(vec![event("4", EventKind::Began), event("3", EventKind::Began)], 2);
        assert!(list.more);
        assert!(list.told(event("6", EventKind::Began)));
        assert!(list.told(event("5", EventKind::Began)), "told out of their order");
        assert!(!list.told(event("4", EventKind::Ended)), "told again is not new");
        list.older(vec![event("3", EventKind::Began), event("2", EventKind::Began)], 3);
        list.older(vec![event("6", EventKind::Began)], 1);
        assert_eq!((ids(&list), list.more, list.oldest()), (vec!["6", "5", "4", "3", "2"], false, Some("2")));
        list.without("3");
        assert_eq!(ids(&list), ["6", "5", "4", "2"]);
    }

    #[test]
    fn a_page_that_stays_open_stays_bounded() {
        let mut list = EventList::default();
        for n in 0..MOST + 5 {
            list.told(event(&format!("{n:06}"), EventKind::Began));
        }
        assert_eq!((list.events.len(), list.more, list.oldest()), (MOST, true, Some("000005")));
    }

    #[test]
    fn a_filter_takes_what_it_names() {
        let entered = event("1", EventKind::Entered);
        let none = (None, None);
        assert!(Filter::default().takes(&entered, None, none) && Filter::default().is_empty());
        let only = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            filter.takes(&entered, Some(1000.0), none)
        };
        assert!(only(|f| f.camera = "yard".into()) && !only(|f| f.camera = "door".into()));
        assert!(only(|f| f.kind = "entered".into()) && !only(|f| f.kind = "left".into()));
        assert!(only(|f| f.label = "person".into()) && !only(|f| f.label = "car".into()));
        assert!(only(|f| f.zone = "gate".into()) && !only(|f| f.zone = "kerb".into()));
        let within = |from, to| Filter::default().takes(&entered, Some(1000.0), (from, to));
        assert!(within(Some(1000.0), Some(1000.0)) && !within(Some(1001.0), None) && !within(None, Some(999.0)));
        assert!(!Filter::default().takes(&entered, None, (Some(1.0), None)), "an event without a time is in no span");
    }

    #[test]
    fn sentences_say_who_what_and_where() {
        let said = |change: fn(&mut Event)| {
            let mut event = event("1", EventKind::Entered);
            change(&mut event);
            words(&event)
        };
        assert_eq!(said(|_| ()), "person entered Gate");
        assert_eq!(said(|e| e.kind = EventKind::Began), "person came into the picture");
        assert_eq!(
            said(|e| (e.kind, e.direction) = (EventKind::Crossed, Some(Direction::BToA))),
            "person crossed Gate, b to a"
        );
        assert_eq!(said(|e| (e.kind, e.stayed_s) = (EventKind::Dwelt, Some(12.0))), "person stays in Gate for 12 s");
        assert_eq!(said(|e| (e.kind, e.stayed_s) = (EventKind::Left, Some(125.0))), "person left Gate after 2 min 5 s");
        assert_eq!(said(|e| (e.zone_name, e.label) = (None, String::new())), "something entered gate");
        let face = Finding { label: "face".into(), score: 0.93, ..Finding::default() };
        assert_eq!(sure(&Event { findings: vec![face], ..event("1", EventKind::Began) }), "87 % · face 93 %");
    }

    #[test]
    fn a_clip_shows_what_was_before_and_ends_by_now() {
        let (from, to) = clip_span(20_000.0, 22_000.0);
        assert_eq!((from.as_str(), to.as_str()), ("1970-01-01T00:00:15.000Z", "1970-01-01T00:00:22.000Z"));
        assert_eq!(clip_span(20_000.0, 9e9).1, "1970-01-01T00:00:30.000Z");
    }
}
