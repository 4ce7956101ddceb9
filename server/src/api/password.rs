//! The password: hashed with argon2id, checked with few at a time, set by the dashboard or by `sightline password`.

use crate::store::{Db, Places, StoreError};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

/// The shortest password, in characters.
pub const MIN_CHARS: usize = 8;
/// The longest, in bytes: hashing more only costs time.
const MAX_BYTES: usize = 1024;

/// Why a password was not set.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("{0}")]
    Weak(&'static str),
    /// Typed differently the second time.
    #[error("The two passwords are not the same. Nothing was changed.")]
    Different,
    /// Hashing failed.
    #[error("The password could not be hashed: {0}.")]
    Hash(String),
    /// The terminal.
    #[error("The password could not be read: {0}.")]
    Read(#[from] std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a new password, if anything.
#[must_use]
pub fn check(password: &str) -> Option<&'static str> {
    if password.chars().count() < MIN_CHARS {
        return Some("A password has at least 8 characters.");
    }
    (password.len() > MAX_BYTES).then_some("A password has at most 1024 bytes.")
}

/// Hashes with argon2id and a fresh salt; takes about 20 ms and 19 MiB, so call it from a blocking thread.
///
/// # Errors
/// [`PasswordError::Hash`].
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether `password` is the one behind `hash`.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    password.len() <= MAX_BYTES
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// `sightline password`: asks twice on a terminal, else reads one line from standard input; every session ends. Works beside
/// a running server.
///
/// # Errors
/// See [`PasswordError`].
pub fn ask_and_set(places: &Places, now_utc: Duration) -> Result<(), PasswordError> {
    let terminal = std::io::stdin().is_terminal();
    let password = if terminal { ask("New password: ")? } else { read_line()? };
    if let Some(wrong) = check(&password) {
        return Err(PasswordError::Weak(wrong));
    }
    if terminal && ask("The same again: ")? != password {
        return Err(PasswordError::Different);
    }
    set(places, &password, now_utc)
}

/// Sets the password in the database of the data folder.
///
/// # Errors
/// See [`PasswordError`].
pub fn set(places: &Places, password: &str, now_utc: Duration) -> Result<(), PasswordError> {
    if let Some(wrong) = check(password) {
        return Err(PasswordError::Weak(wrong));
    }
    places.make()?;
    Db::open(&places.data_dir)?.set_password(&hash(password)?, None, now_utc)?;
    Ok(())
}

fn read_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks without showing what is typed.
fn ask(prompt: &str) -> std::io::Result<String> {
    let mut stderr = std::io::stderr();
    stderr.write_all(prompt.as_bytes())?;
    stderr.flush()?;
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &quiet)?;
    let line = read_line();
    tcsetattr(&stdin, OptionalActions::Now, &before)?;
    stderr.write_all(b"\n")?;
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hashed_and_verified() {
        let hashed = hash("correct horse").expect("hashed");
        assert!(hashed.starts_with("$argon2id$") && !hashed.contains("horse"));
        assert!(verify("correct horse", &hashed));
        assert!(!verify("correct hors", &hashed) && !verify("", &hashed) && !verify("correct horse", "nonsense"));
        assert_ne!(hash("correct horse").expect("hashed"), hashed, "each hash has its own salt");
        assert!(check("short").is_some() && check(&"x".repeat(1025)).is_some() && check("long enough").is_none());
    }
}
