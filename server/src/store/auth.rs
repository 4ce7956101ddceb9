//! The password's hash, sessions and tokens. Sessions and tokens are kept as SHA-256 of what the holder has: who reads the
//! database cannot use them.

use super::StoreError;
use super::db::{Db, new_ulid, seconds};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A session ends this long after it was last used.
pub const SESSION_S: i64 = 30 * 24 * 3600;
/// Its time of last use is written at most this often.
const SESSION_TOUCH_S: i64 = 3600;
/// The oldest sessions end when there are more.
const MAX_SESSIONS: i64 = 1000;
/// More tokens are refused.
pub const MAX_TOKENS: i64 = 100;

/// SHA-256 of a session's or token's secret.
pub type SecretHash = [u8; 32];

/// The hash under which a secret is kept. The secrets have 256 random bits, so a fast hash is enough.
#[must_use]
pub fn secret_hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// What a session's lookup says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Known and in time.
    Valid {
        /// Its time of last use was moved just now: the cookie should be sent anew.
        touched: bool,
    },
    /// Unknown, ended, or expired.
    Ended,
}

/// A token as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// ULID.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Seconds since 1970.
    pub created_s: i64,
    /// Seconds since 1970, to the hour.
    pub used_s: Option<i64>,
}

impl Db {
    /// The password's hash, if one is set.
    ///
    /// # Errors
    /// The database fails.
    pub fn password_hash(&self) -> Result<Option<String>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT hash FROM password")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    /// Sets the password and ends every session. With `expected` it is set only if the hash is still that one.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_password(&self, hash: &str, expected: Option<Option<&str>>, now: Duration) -> Result<bool, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let found: Option<String> =
            transaction.query_row("SELECT hash FROM password", [], |row| row.get(0)).optional()?;
        if expected.is_some_and(|expected| expected != found.as_deref()) {
            return Ok(false);
        }
        transaction.execute(
            "INSERT INTO password (one, hash, set_s) VALUES (1, ?1, ?2)
             ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, set_s = excluded.set_s",
            params![hash, seconds(now)],
        )?;
        transaction.execute("DELETE FROM session", [])?;
        transaction.commit()?;
        Ok(true)
    }

    /// Begins a session; expired ones, and the oldest above a limit, go.
    ///
    /// # Errors
    /// The database fails.
    pub fn begin_session(&self, hash: &SecretHash, now: Duration) -> Result<(), StoreError> {
        let now = seconds(now);
        let connection = self.lock();
        connection.execute("DELETE FROM session WHERE seen_s < ?1", [now - SESSION_S])?;
        connection.execute(
            "DELETE FROM session WHERE hash IN (SELECT hash FROM session ORDER BY seen_s DESC LIMIT -1 OFFSET ?1)",
            [MAX_SESSIONS - 1],
        )?;
        connection.execute("INSERT INTO session (hash, created_s, seen_s) VALUES (?1, ?2, ?2)", params![hash, now])?;
        Ok(())
    }

    /// Whether a session is good, moving its time of last use now and then.
    ///
    /// # Errors
    /// The database fails.
    pub fn session(&self, hash: &SecretHash, now: Duration) -> Result<SessionState, StoreError> {
        let now = seconds(now);
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT seen_s FROM session WHERE hash = ?1")?;
        let seen: Option<i64> = statement.query_row([hash], |row| row.get(0)).optional()?;
        let Some(seen) = seen.filter(|seen| now - seen < SESSION_S) else { return Ok(SessionState::Ended) };
        let touched = now - seen >= SESSION_TOUCH_S;
        if touched {
            connection.execute("UPDATE session SET seen_s = ?2 WHERE hash = ?1", params![hash, now])?;
        }
        Ok(SessionState::Valid { touched })
    }

    /// Ends one session.
    ///
    /// # Errors
    /// The database fails.
    pub fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM session WHERE hash = ?1", [hash])?;
        Ok(())
    }

    /// Adds a token; `None` when there are too many.
    ///
    /// # Errors
    /// The database fails.
    pub fn add_token(&self, name: &str, hash: &SecretHash, now: Duration) -> Result<Option<TokenRow>, StoreError> {
        let connection = self.lock();
        let count: i64 = connection.query_row("SELECT count(*) FROM token", [], |row| row.get(0))?;
        if count >= MAX_TOKENS {
            return Ok(None);
        }
        let row = TokenRow { id: new_ulid(now), name: name.into(), created_s: seconds(now), used_s: None };
        connection.execute(
            "INSERT INTO token (id, hash, name, created_s) VALUES (?1, ?2, ?3, ?4)",
            params![row.id, hash, row.name, row.created_s],
        )?;
        Ok(Some(row))
    }

    /// The id of the token with this hash, noting its use.
    ///
    /// # Errors
    /// The database fails.
    pub fn token(&self, hash: &SecretHash, now: Duration) -> Result<Option<String>, StoreError> {
        let now = seconds(now);
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT id, used_s FROM token WHERE hash = ?1")?;
        let found: Option<(String, Option<i64>)> =
            statement.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((id, used)) = found else { return Ok(None) };
        if used.is_none_or(|used| now - used >= SESSION_TOUCH_S) {
            connection.execute("UPDATE token SET used_s = ?2 WHERE id = ?1", params![id, now])?;
        }
        Ok(Some(id))
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT id, name, created_s, used_s FROM token ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(TokenRow { id: row.get(0)?, name: row.get(1)?, created_s: row.get(2)?, used_s: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Deletes a token; false if there is none with this id.
    ///
    /// # Errors
    /// The database fails.
    pub fn delete_token(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.lock().execute("DELETE FROM token WHERE id = ?1", [id])? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn db() -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().expect("a folder");
        let db = Db::open(dir.path()).expect("opens");
        (dir, db)
    }

    #[test]
    fn a_session_slides_and_expires() {
        let (_dir, db) = db();
        let hash = secret_hash("s");
        let at = |days: u64| db.session(&hash, Duration::from_secs(days * DAY)).expect("works");
        assert_eq!(at(0), SessionState::Ended);
        db.begin_session(&hash, Duration::ZERO).expect("begins");
        assert_eq!(at(0), SessionState::Valid { touched: false });
        assert_eq!(at(29), SessionState::Valid { touched: true });
        assert_eq!(at(58), SessionState::Valid { touched: true });
        assert_eq!(at(88), SessionState::Ended);
    }

    #[test]
    fn a_new_password_ends_every_session_and_is_not_set_twice() {
        let (_dir, db) = db();
        let (a, b) = (secret_hash("a"), secret_hash("b"));
        db.begin_session(&a, Duration::ZERO).expect("begins");
        db.begin_session(&b, Duration::ZERO).expect("begins");
        assert!(db.set_password("h1", Some(None), Duration::ZERO).expect("works"));
        assert_eq!(db.session(&a, Duration::ZERO).expect("works"), SessionState::Ended);
        assert!(!db.set_password("h2", Some(None), Duration::ZERO).expect("works"));
        assert_eq!(db.password_hash().expect("works").as_deref(), Some("h1"));
        assert!(db.set_password("h2", Some(Some("h1")), Duration::ZERO).expect("works"));
    }

    #[test]
    fn sessions_and_tokens_are_bounded() {
        let (_dir, db) = db();
        for n in 0..MAX_SESSIONS + 5 {
            db.begin_session(&secret_hash(&n.to_string()), Duration::from_secs(n as u64)).expect("begins");
        }
        let now = Duration::from_secs(MAX_SESSIONS as u64 + 5);
        assert_eq!(db.session(&secret_hash("4"), now).expect("works"), SessionState::Ended);
        assert_eq!(db.session(&secret_hash("5"), now).expect("works"), SessionState::Valid { touched: false });
        for n in 0..MAX_TOKENS {
            assert!(db.add_token("t", &secret_hash(&n.to_string()), now).expect("works").is_some());
        }
        assert_eq!(db.add_token("t", &secret_hash("x"), now).expect("works"), None);
        let id = db.token(&secret_hash("7"), now).expect("works").expect("known");
        assert!(db.delete_token(&id).expect("works") && !db.delete_token(&id).expect("works"));
        assert_eq!(db.token(&secret_hash("7"), now).expect("works"), None);
        assert_eq!(db.tokens().expect("works").len() as i64, MAX_TOKENS - 1);
    }
}
