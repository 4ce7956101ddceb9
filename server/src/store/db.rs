//! The database in the data folder: opening it, its schema versions, and the identities of cameras.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use ulid::Ulid;

/// Each step takes the schema from its index to the next version. Steps are never edited once released.
const SCHEMA: [&str; 3] = [
    "
    CREATE TABLE camera (
        uid TEXT PRIMARY KEY, id TEXT NOT NULL, created_s INTEGER NOT NULL, deleted_s INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX camera_id ON camera (id) WHERE deleted_s IS NULL;
    CREATE TABLE password (one INTEGER PRIMARY KEY CHECK (one = 1), hash TEXT NOT NULL, set_s INTEGER NOT NULL) STRICT;
    CREATE TABLE session (
        hash BLOB PRIMARY KEY, created_s INTEGER NOT NULL, seen_s INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE token (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, created_s INTEGER NOT NULL, used_s INTEGER
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE clip (id TEXT PRIMARY KEY, open INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX clip_open ON clip (id) WHERE open = 1;
",
    "
    CREATE TABLE event (
        row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, camera_uid TEXT NOT NULL, kind TEXT NOT NULL,
        label TEXT NOT NULL, zone TEXT, bytes INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_camera ON event (camera_uid, id);
    CREATE INDEX event_kind ON event (kind, id);
    CREATE INDEX event_label ON event (label, id);
    CREATE INDEX event_zone ON event (zone, id) WHERE zone IS NOT NULL;
",
];

/// SQLite behind a lock. A lookup by key takes some microseconds, so that handlers call it directly; what writes is called from
/// blocking threads.
pub struct Db {
    connection: Mutex<Connection>,
}

impl Db {
    /// Opens `sightline.db` in the folder, or makes it, readable by its owner alone.
    ///
    /// # Errors
    /// The file cannot be opened, is no database, or comes from a newer program.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join("sightline.db");
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::io("open", &path, &error))?;
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        migrate(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while it was held left no half-done transaction: they roll back when dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The uid of each id, in order. Ids that are new, or come back after they were deleted, get a new uid; those that are
    /// gone are marked deleted.
    ///
    /// # Errors
    /// The database fails; nothing is changed then.
    pub fn uids(&self, ids: &[&str], now_utc: Duration) -> Result<Vec<String>, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut known: HashMap<String, String> = transaction
            .prepare("SELECT id, uid FROM camera WHERE deleted_s IS NULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut uids = Vec::with_capacity(ids.len());
        for id in ids {
            let uid = match known.remove(*id) {
                Some(uid) => uid,
                None => {
                    let uid = new_ulid(now_utc);
                    transaction.execute(
                        "INSERT INTO camera (uid, id, created_s) VALUES (?1, ?2, ?3)",
                        params![uid, id, seconds(now_utc)],
                    )?;
                    uid
                }
            };
            uids.push(uid);
        }
        for uid in known.values() {
            transaction.execute("UPDATE camera SET deleted_s = ?2 WHERE uid = ?1", params![uid, seconds(now_utc)])?;
        }
        transaction.commit()?;
        Ok(uids)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: Option<i64> = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).optional()?;
    let found = found.unwrap_or(0);
    let known = SCHEMA.len() as i64;
    let Some(steps) = usize::try_from(found).ok().and_then(|found| SCHEMA.get(found..)) else {
        return Err(StoreError::NewerDatabase { found, known });
    };
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// A new ULID at a time since 1970.
#[must_use]
pub fn new_ulid(now_utc: Duration) -> String {
    let millis = u64::try_from(now_utc.as_millis()).unwrap_or(u64::MAX);
    Ulid::from_parts(millis, rand::random()).to_string()
}

pub(super) fn seconds(utc: Duration) -> i64 {
    i64::try_from(utc.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_id_that_returns_is_another_camera() {
        let dir = tempfile::tempdir().expect("a folder");
        let uids = |ids: &[&str]| Db::open(dir.path()).expect("opens").uids(ids, Duration::from_secs(5)).expect("uids");
        let first = uids(&["yard", "door"]);
        assert_eq!(first[0].len(), 26);
        assert_ne!(first[0], first[1]);
        assert_eq!(uids(&["door", "yard"]), [first[1].clone(), first[0].clone()]);
        assert_eq!(uids(&["door"]), [first[1].clone()]);
        let back = uids(&["yard", "door"]);
        assert_ne!(back[0], first[0]);
        assert_eq!(back[1], first[1]);
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        Db::open(dir.path()).expect("opens").lock().pragma_update(None, "user_version", 99).expect("set");
        let error = Db::open(dir.path()).err().expect("refused").to_string();
        assert!(error.contains("newer Sightline"), "{error}");
    }
}
