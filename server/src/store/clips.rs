//! Clips in the database: one row each, the clip as the API tells it in JSON.

use super::StoreError;
use super::db::Db;
use rusqlite::{Connection, OptionalExtension, params};
use sightline_shared::clips::{Clip, JobState};

fn json(clip: &Clip) -> String {
    serde_json::to_string(clip).expect("a clip has no map with keys that are no strings")
}

fn read(text: &str) -> Result<Clip, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Database(rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error)))
    })
}

fn open(state: JobState) -> bool {
    matches!(state, JobState::Queued | JobState::Working)
}

fn find(connection: &Connection, id: &str) -> Result<Option<Clip>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT body FROM clip WHERE id = ?1")?;
    let text: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
    text.as_deref().map(read).transpose()
}

fn all(connection: &Connection, query: &str) -> Result<Vec<Clip>, StoreError> {
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|text| read(&text?)).collect()
}

impl Db {
    /// Adds a clip.
    ///
    /// # Errors
    /// The database fails.
    pub fn add_clip(&self, clip: &Clip) -> Result<(), StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("INSERT INTO clip (id, open, body) VALUES (?1, ?2, ?3)")?;
        statement.execute(params![clip.id, open(clip.state), json(clip)])?;
        Ok(())
    }

    /// A clip by its id.
    ///
    /// # Errors
    /// The database fails.
    pub fn clip(&self, id: &str) -> Result<Option<Clip>, StoreError> {
        find(&self.lock(), id)
    }

    /// All clips, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn clips(&self) -> Result<Vec<Clip>, StoreError> {
        all(&self.lock(), "SELECT body FROM clip ORDER BY id DESC")
    }

    /// Clips that wait or are worked on.
    ///
    /// # Errors
    /// The database fails.
    pub fn open_clips(&self) -> Result<Vec<Clip>, StoreError> {
        all(&self.lock(), "SELECT body FROM clip WHERE open = 1 ORDER BY id")
    }

    /// Changes a clip, whatever else changes it meanwhile; `None` where there is none of that id.
    ///
    /// # Errors
    /// The database fails; nothing is changed then.
    pub fn change_clip(&self, id: &str, change: impl FnOnce(&mut Clip)) -> Result<Option<Clip>, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let Some(mut clip) = find(&transaction, id)? else { return Ok(None) };
        change(&mut clip);
        let values = params![id, open(clip.state), json(&clip)];
        transaction.execute("UPDATE clip SET open = ?2, body = ?3 WHERE id = ?1", values)?;
        transaction.commit()?;
        Ok(Some(clip))
    }

    /// Forgets a clip.
    ///
    /// # Errors
    /// The database fails.
    pub fn delete_clip(&self, id: &str) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM clip WHERE id = ?1", [id])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_kept_newest_first_and_changed_in_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let db = Db::open(dir.path()).expect("opens");
        let clip = |id: &str, state| Clip { id: id.into(), state, name: "Ä".into(), ..Clip::default() };
        db.add_clip(&clip("01A", JobState::Done)).expect("added");
        db.add_clip(&clip("01B", JobState::Queued)).expect("added");
        let ids = |clips: Vec<Clip>| clips.into_iter().map(|clip| clip.id).collect::<Vec<_>>();
        assert_eq!(ids(db.clips().expect("read")), ["01B", "01A"]);
        assert_eq!(ids(db.open_clips().expect("read")), ["01B"]);
        let changed = db.change_clip("01B", |clip| clip.state = JobState::Failed).expect("changed");
        assert_eq!(changed, Some(clip("01B", JobState::Failed)));
        assert_eq!(db.change_clip("01C", |_| {}).expect("nothing fails"), None);
        drop(db);
        let db = Db::open(dir.path()).expect("opens again");
        assert_eq!(db.clip("01B").expect("read"), changed);
        assert_eq!(db.open_clips().expect("read"), []);
        db.delete_clip("01B").expect("deleted");
        assert_eq!(db.clip("01B").expect("read"), None);
    }
}
