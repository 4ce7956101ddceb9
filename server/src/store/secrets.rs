//! `secrets.toml` in the data folder: passwords that `${NAME}` in the settings stands for; only its owner may read it.

use super::StoreError;
use super::replace::replace;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const HEAD: &str = "# Passwords that sightline.toml names as ${NAME}. Written by Sightline; keep it to yourself.\n";

/// The file, read anew whenever it is asked.
pub(super) struct Secrets {
    path: PathBuf,
}

impl Secrets {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("secrets.toml") }
    }

    /// Names and values. A file that others may read is closed to them first.
    ///
    /// # Errors
    /// The file cannot be read, or is not `NAME = "value"` lines. The message holds no value.
    pub(super) fn read(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(StoreError::io("read", &self.path, &error)),
        };
        self.close_to_others()?;
        let document: toml_edit::DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let line = text[..error.span().unwrap_or_default().start.min(text.len())].lines().count().max(1);
            StoreError::Secrets { path: self.path.clone(), line }
        })?;
        document
            .iter()
            .map(|(name, item)| {
                let value = item.as_str().ok_or_else(|| StoreError::Secrets { path: self.path.clone(), line: 1 })?;
                Ok((name.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// The bytes of the file, to see whether they change; empty where it cannot be read.
    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap_or_default()
    }

    fn close_to_others(&self) -> Result<(), StoreError> {
        let meta = self.path.metadata().map_err(|error| StoreError::io("read", &self.path, &error))?;
        if meta.permissions().mode() & 0o077 == 0 {
            return Ok(());
        }
        tracing::warn!("{} could be read by other users of this machine; its mode is now 0600", self.path.display());
        std::fs::set_permissions(&self.path, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| StoreError::io("protect", &self.path, &error))
    }

    /// Adds and removes, leaving comments and order of the rest alone.
    ///
    /// # Errors
    /// The file cannot be read or replaced.
    pub(super) fn change(&self, add: &[(String, String)], remove: &[String]) -> Result<(), StoreError> {
        if add.is_empty() && remove.is_empty() {
            return Ok(());
        }
        self.read()?;
        let text = std::fs::read_to_string(&self.path).unwrap_or_else(|_| HEAD.to_owned());
        let mut document: toml_edit::DocumentMut =
            text.parse().map_err(|_| StoreError::Secrets { path: self.path.clone(), line: 1 })?;
        // A document of comments alone keeps them at its end; they belong at the head.
        let head = document.is_empty().then(|| document.trailing().as_str().unwrap_or_default().to_owned());
        for name in remove {
            document.remove(name);
        }
        for (name, value) in add {
            document[name] = toml_edit::value(value.as_str());
        }
        let mut text = document.to_string();
        if let Some(head) = head.filter(|head| !head.is_empty() && !document.is_empty()) {
            document.set_trailing("");
            text = format!("{head}{document}");
        }
        replace(&self.path, text.as_bytes(), 0o600, true).map_err(|error| StoreError::io("write", &self.path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_private_and_comments_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let secrets = Secrets::new(dir.path());
        assert!(secrets.read().expect("none").is_empty());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        secrets.change(&[pair("A", "x\"y\n${B}"), pair("B", "b")], &[]).expect("written");
        secrets.change(&[pair("C", "c")], &["B".into()]).expect("written");
        let path = dir.path().join("secrets.toml");
        let mode = || path.metadata().expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        assert_eq!(secrets.read().expect("read"), BTreeMap::from([pair("A", "x\"y\n${B}"), pair("C", "c")]));
        assert!(std::fs::read_to_string(&path).expect("text").starts_with(HEAD));

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("mode");
        secrets.read().expect("read");
        assert_eq!(mode(), 0o600);
        std::fs::write(&path, "A = \"hidden").expect("written");
        let error = secrets.read().expect_err("broken").to_string();
        assert!(error.contains("line 1") && !error.contains("hidden"), "{error}");
    }
}
