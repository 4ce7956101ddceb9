//! The models of this machine for the batcher: found on the shelf, opened where they run best.

use super::shelf::Shelf;
use crate::detect::model::{Engine, ModelError, Options};
use crate::pipeline::batcher::Loader;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The shelf, and how its models are run.
pub struct OnShelf {
    /// Where models lie.
    pub shelf: Shelf,
    /// What runs them.
    pub options: Options,
}

impl Loader for OnShelf {
    fn stamp(&self, model: &str) -> Result<u64, ModelError> {
        let found = self.shelf.find(model)?;
        let mut hasher = DefaultHasher::new();
        for path in [found.file.as_path(), &found.file.with_extension("toml")] {
            of_file(path).hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    fn open(&self, model: &str, avoid: Option<&str>) -> Result<Box<dyn Engine>, ModelError> {
        self.shelf.open(model, &Options { avoid: avoid.map(str::to_owned), ..self.options.clone() })
    }
}

/// What changes when a file does; nothing where it is not there.
fn of_file(path: &Path) -> Option<impl Hash> {
    let known = path.metadata().ok()?;
    Some((known.len(), known.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_has_another_stamp_and_so_has_its_recipe() {
        let dir = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::new(dir.path());
        let loader = OnShelf { shelf: shelf.clone(), options: Options::default() };
        assert!(loader.stamp("mine").expect_err("not here").0.contains("sightline models"));
        let file = shelf.put("mine", &mut &b"abc"[..]).expect("put");
        let first = loader.stamp("mine").expect("here");
        assert_eq!(loader.stamp("mine").expect("here"), first);
        std::fs::write(&file, "abcd").expect("written");
        let second = loader.stamp("mine").expect("here");
        std::fs::write(file.with_extension("toml"), "nms = 0.5").expect("written");
        let third = loader.stamp("mine").expect("here");
        assert!(first != second && second != third);
        std::fs::remove_file(&file).expect("removed");
        assert!(loader.stamp("mine").is_err());
    }
}
