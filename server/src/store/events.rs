//! Events in the database: a row each, found by time, camera, kind, label and zone. Ids are ULIDs of the time of the event, so that
//! their order is that of time; the row's number tells in which order they were written down.

use super::StoreError;
use super::db::Db;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sightline_shared::events::{Event, EventKind};
use std::collections::HashSet;

/// What is asked for: the newest events first, no more than `limit`. Ids are compared as text, which is the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Of this camera, by its uid.
    pub camera_uid: Option<String>,
    /// From this id on.
    pub from: Option<String>,
    /// Those before this id.
    pub before: Option<String>,
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// Of this label.
    pub label: Option<String>,
    /// Of this zone.
    pub zone: Option<String>,
    /// So many at most.
    pub limit: usize,
}

/// How much there is of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventRoom {
    /// Events.
    pub count: u64,
    /// Bytes of their pictures and rows.
    pub bytes: u64,
}

fn json(event: &Event) -> String {
    serde_json::to_string(event).expect("an event has no map with keys that are no strings")
}

fn word(kind: EventKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Event)> {
    let text: String = row.get(1)?;
    let event = serde_json::from_str(&text);
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error));
    Ok((row.get(0)?, event.map_err(wrong)?))
}

fn all(connection: &Connection, query: &str, values: Vec<Value>) -> Result<Vec<(i64, Event)>, StoreError> {
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Db {
    /// Writes events down, each with the bytes of its picture; all or none. Gives the number of each row and the bytes of all.
    ///
    /// # Errors
    /// The database fails.
    pub fn add_events(&self, events: &[(Event, u64)]) -> Result<(Vec<i64>, u64), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut rows = Vec::with_capacity(events.len());
        let mut all = 0;
        let mut statement = transaction.prepare_cached(
            "INSERT INTO event (id, camera_uid, kind, label, zone, bytes, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (event, picture) in events {
            let body = json(event);
            let bytes = picture + body.len() as u64;
            let Event { id, camera_uid, kind, label, zone, .. } = event;
            statement.execute(params![id, camera_uid, word(*kind), label, zone, bytes as i64, body])?;
            rows.push(transaction.last_insert_rowid());
            all += bytes;
        }
        drop(statement);
        transaction.commit()?;
        Ok((rows, all))
    }

    /// An event by its id.
    ///
    /// # Errors
    /// The database fails.
    pub fn event(&self, id: &str) -> Result<Option<Event>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT row, body FROM event WHERE id = ?1")?;
        Ok(statement.query_row([id], read).optional()?.map(|(_, event)| event))
    }

    /// The newest events that fit, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn events(&self, query: &EventQuery) -> Result<Vec<Event>, StoreError> {
        let EventQuery { camera_uid, from, before, kind, label, zone, limit } = query.clone();
        let (mut text, mut values) = (String::from("SELECT row, body FROM event WHERE TRUE"), Vec::new());
        for (condition, value) in [
            (" AND camera_uid = ?", camera_uid),
            (" AND id >= ?", from),
            (" AND id < ?", before),
            (" AND kind = ?", kind.map(word)),
            (" AND label = ?", label),
            (" AND zone = ?", zone),
        ] {
            if let Some(value) = value {
                text.push_str(condition);
                values.push(Value::Text(value));
            }
        }
        text.push_str(" ORDER BY id DESC LIMIT ?");
        values.push(Value::Integer(limit as i64));
        Ok(all(&self.lock(), &text, values)?.into_iter().map(|(_, event)| event).collect())
    }

    /// The events that were written down after the one with this id, the first first, with the numbers of their rows; of one camera
    /// where it is named. Where that event is gone, those of later times.
    ///
    /// # Errors
    /// The database fails.
    pub fn events_after(
        &self,
        id: &str,
        camera_uid: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(i64, Event)>, StoreError> {
        let connection = self.lock();
        let row: Option<i64> =
            connection.query_row("SELECT row FROM event WHERE id = ?1", [id], |row| row.get(0)).optional()?;
        let (mut text, mut values) = match row {
            Some(row) => ("SELECT row, body FROM event WHERE row > ?".to_owned(), vec![Value::Integer(row)]),
            None => ("SELECT row, body FROM event WHERE id > ?".to_owned(), vec![Value::Text(id.into())]),
        };
        if let Some(uid) = camera_uid {
            text.push_str(" AND camera_uid = ?");
            values.push(Value::Text(uid.into()));
        }
        text.push_str(" ORDER BY row LIMIT ?");
        values.push(Value::Integer(limit as i64));
        all(&connection, &text, values)
    }

    /// Forgets events; gives how much they took.
    ///
    /// # Errors
    /// The database fails; nothing is forgotten then.
    pub fn delete_events(&self, ids: &[String]) -> Result<EventRoom, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut freed = EventRoom::default();
        let mut statement = transaction.prepare_cached("DELETE FROM event WHERE id = ?1 RETURNING bytes")?;
        for id in ids {
            let bytes: Option<i64> = statement.query_row([id], |row| row.get(0)).optional()?;
            freed.count += u64::from(bytes.is_some());
            freed.bytes += bytes.unwrap_or_default().cast_unsigned();
        }
        drop(statement);
        transaction.commit()?;
        Ok(freed)
    }

    /// The oldest events: their ids and bytes, no more than `limit`, and only those before the id `before` where it is given.
    ///
    /// # Errors
    /// The database fails.
    pub fn oldest_events(&self, before: Option<&str>, limit: usize) -> Result<Vec<(String, u64)>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT id, bytes FROM event WHERE ?1 IS NULL OR id < ?1 ORDER BY id LIMIT ?2")?;
        let rows = statement
            .query_map(params![before, limit as i64], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How much there is, and the ids of all events.
    ///
    /// # Errors
    /// The database fails.
    pub fn event_room(&self) -> Result<(EventRoom, HashSet<String>), StoreError> {
        let connection = self.lock();
        let bytes: i64 = connection.query_row("SELECT COALESCE(SUM(bytes), 0) FROM event", [], |row| row.get(0))?;
        let mut statement = connection.prepare("SELECT id FROM event")?;
        let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<HashSet<String>, _>>()?;
        Ok((EventRoom { count: ids.len() as u64, bytes: bytes.cast_unsigned() }, ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, camera: &str, kind: EventKind, label: &str, zone: Option<&str>) -> (Event, u64) {
        let event = Event {
            id: id.into(),
            camera_uid: camera.into(),
            kind,
            label: label.into(),
            zone: zone.map(str::to_owned),
            ..Event::default()
        };
        (event, 100)
    }

    fn ids(events: &[Event]) -> String {
        events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn events_are_found_by_what_they_are() {
        let dir = tempfile::tempdir().expect("a folder");
        let db = Db::open(dir.path()).expect("opens");
        let (rows, bytes) = db
            .add_events(&[
                event("A", "c1", EventKind::Began, "person", None),
                event("C", "c2", EventKind::Crossed, "car", Some("gate")),
                event("B", "c1", EventKind::Crossed, "car", Some("gate")),
                event("D", "c1", EventKind::Crossed, "person", Some("door")),
            ])
            .expect("added");
        assert_eq!(rows, [1, 2, 3, 4]);
        let all = EventQuery { limit: 10, ..EventQuery::default() };
        let found = |query: &EventQuery| ids(&db.events(query).expect("read"));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(found(&all), "DCBA", "the newest first");
        assert_eq!(found(&EventQuery { limit: 2, ..all.clone() }), "DC");
        assert_eq!(found(&EventQuery { limit: 2, before: text("C"), ..all.clone() }), "BA");
        assert_eq!(found(&EventQuery { from: text("B"), before: text("D"), ..all.clone() }), "CB");
        assert_eq!(found(&EventQuery { camera_uid: text("c1"), ..all.clone() }), "DBA");
        assert_eq!(found(&EventQuery { kind: Some(EventKind::Crossed), ..all.clone() }), "DCB");
        assert_eq!(found(&EventQuery { label: text("person"), ..all.clone() }), "DA");
        assert_eq!(found(&EventQuery { zone: text("gate"), camera_uid: text("c2"), ..all.clone() }), "C");
        assert_eq!(found(&EventQuery { zone: text("' OR 1 --"), ..all }), "");
        drop(db);

        let db = Db::open(dir.path()).expect("opens again");
        let (room, known) = db.event_room().expect("read");
        assert_eq!((room, known.len()), (EventRoom { count: 4, bytes }, 4));
        let after = |id, camera| db.events_after(id, camera, 10).expect("read");
        assert_eq!(ids(&after("C", None).into_iter().map(|(_, event)| event).collect::<Vec<_>>()), "BD", "as written");
        assert_eq!(after("C", Some("c2")), []);
        assert_eq!(after("BX", None).iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2, 4], "by time");
        assert_eq!(db.oldest_events(Some("C"), 10).expect("read").len(), 2);
        let freed = db.delete_events(&["A".into(), "B".into(), "gone".into()]).expect("deleted");
        assert!(freed.count == 2 && freed.bytes > 200 && freed.bytes < bytes - 200, "{freed:?} of {bytes}");
        assert_eq!(
            (db.event("A").expect("read"), db.event("D").expect("read").map(|event| event.label)),
            (None, text("person"))
        );
        db.add_events(&[event("E", "c1", EventKind::Ended, "car", None)]).expect("added");
        assert_eq!(db.events_after("D", None, 10).expect("read")[0].0, 5, "numbers of rows are never used again");
    }

    #[test]
    fn all_or_none_is_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let db = Db::open(dir.path()).expect("opens");
        let twice = [event("A", "c", EventKind::Began, "x", None), event("A", "c", EventKind::Began, "x", None)];
        db.add_events(&twice).expect_err("an id is there once");
        assert_eq!(db.event_room().expect("read").0, EventRoom::default());
    }
}
