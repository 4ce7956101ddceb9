//! The models that are here: `NAME.onnx` in the data folder, each with a recipe beside it where it needs one.

use super::catalogue::Entry;
use crate::detect::model::{self, Engine, Labels, MAX_BYTES, ModelError, Options, Recipe};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Whether a model may be called so: it becomes a file's name and stands in settings and addresses.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=64).contains(&name.len())
        && name.starts_with(letter)
        && name.chars().all(|c| letter(c) || "._-".contains(c))
        && !["motion", "none"].contains(&name)
        && !name.ends_with(".onnx")
}

/// A model that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// What its graph does not say.
    pub recipe: Recipe,
}

/// The folder of models.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The models of this data folder.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("models") }
    }

    /// The folder; made where it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self) -> Result<&Path, ModelError> {
        std::fs::create_dir_all(&self.folder).map_err(|error| failed("made", &self.folder, &error))?;
        Ok(&self.folder)
    }

    /// Where compiled engines of devices are kept.
    #[must_use]
    pub fn engines(&self) -> PathBuf {
        self.folder.join("engines")
    }

    /// The file of the model of this name, whether it is there or not.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.onnx"))
    }

    /// A model by its name, or by its file's path (which ends in `.onnx`).
    ///
    /// # Errors
    /// It is not here, and what to do; or its recipe is wrong.
    pub fn find(&self, model: &str) -> Result<Found, ModelError> {
        let path = Path::new(model);
        if path.extension().is_some_and(|ending| ending == "onnx") {
            let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            if !path.is_file() {
                return Err(ModelError(format!("there is no file {model}.")));
            }
            return Ok(Found { name, file: path.into(), recipe: Recipe::beside(path)? });
        }
        let entry = Entry::named(model);
        let file = self.file(model);
        if is_name(model) && file.is_file() {
            let own = Recipe::beside(&file)
                .map_err(|error| ModelError(format!("the model {model} cannot be used: {error}")))?;
            let recipe = entry.map_or(own.clone(), |entry| own.or(entry.recipe()));
            return Ok(Found { name: model.into(), file, recipe });
        }
        Err(match entry {
            Some(_) => ModelError(format!(
                "the model {model} is not here yet: `sightline models pull {model}` fetches it, as does the page Models."
            )),
            None => ModelError(format!(
                "no model is called {model:?}: `sightline models list` tells which are here, `sightline models add FILE` adds one."
            )),
        })
    }

    /// Loads a model by its name or path.
    ///
    /// # Errors
    /// As of [`Self::find`] and of [`model::open`].
    pub fn open(&self, model: &str, options: &Options) -> Result<Box<dyn Engine>, ModelError> {
        let Found { name, file, recipe } = self.find(model)?;
        if let Some(cache) = options.cache.as_ref().filter(|_| !options.providers.is_empty()) {
            std::fs::create_dir_all(cache).map_err(|error| failed("made", cache, &error))?;
        }
        model::open(&name, &file, &recipe, options)
    }

    /// Names of the models that are here, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let name = |path: PathBuf| {
            let onnx = path.extension().is_some_and(|ending| ending == "onnx");
            path.file_stem()?.to_str().filter(|name| onnx && is_name(name)).map(str::to_owned)
        };
        let mut names: Vec<String> = entries.filter_map(|entry| name(entry.ok()?.path())).collect();
        names.sort();
        names
    }

    /// Takes a copy of `bytes` as the model `name`: written beside, then renamed, so that it is whole or not there.
    ///
    /// # Errors
    /// The name is none or taken, the disk is full, or there are more bytes than a model has.
    pub fn put(&self, name: &str, bytes: &mut dyn Read) -> Result<PathBuf, ModelError> {
        if !is_name(name) {
            let message =
                "a model's name has small letters, digits, `.`, `_` and `-`, 64 at most, a letter or digit first.";
            return Err(ModelError(message.into()));
        }
        let file = self.file(name);
        if Entry::named(name).is_some() {
            let mend =
                format!("`sightline models pull {name}` fetches it. Choose another name for a file of your own.");
            return Err(ModelError(format!("{name} is the catalogue's name of a model: {mend}")));
        }
        if file.exists() {
            return Err(taken(name));
        }
        let beside = self.make()?.join(format!("{name}.onnx.new"));
        let written = write(&beside, bytes)
            .and_then(|()| std::fs::rename(&beside, &file).map_err(|error| failed("written", &file, &error)));
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        written.map(|()| file)
    }

    /// Takes a copy of the recipe of `found`, and of the labels it names, for a model `name` that is to come.
    ///
    /// # Errors
    /// There is one of that name, or a file cannot be copied.
    pub fn put_recipe(&self, found: &Found, name: &str) -> Result<(), ModelError> {
        let (from, to) = (found.file.with_extension("toml"), self.make()?.join(format!("{name}.toml")));
        if to.exists() || self.file(name).exists() {
            return Err(taken(name));
        }
        let copy =
            |from: &Path, to: &Path| std::fs::copy(from, to).map(drop).map_err(|error| failed("copied", from, &error));
        if from.is_file() {
            copy(&from, &to)?;
        }
        if let Some(Labels::File(labels)) = &found.recipe.labels {
            copy(&from.with_file_name(labels), &to.with_file_name(labels))?;
        }
        Ok(())
    }

    /// Removes a model and all that lies beside it under its name.
    ///
    /// # Errors
    /// It is not here, or cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), ModelError> {
        let file = self.file(name);
        if !is_name(name) || !file.is_file() {
            return Err(ModelError(format!("no model {name} is here.")));
        }
        std::fs::remove_file(&file).map_err(|error| failed("removed", &file, &error))?;
        for ending in ["toml", "card.json", "onnx.part"] {
            let _ = std::fs::remove_file(self.folder.join(format!("{name}.{ending}")));
        }
        Ok(())
    }
}

fn write(path: &Path, bytes: &mut dyn Read) -> Result<(), ModelError> {
    let unwritten = |error: std::io::Error| failed("written", path, &error);
    let mut out = File::options().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(unwritten)?;
    let copied = std::io::copy(&mut bytes.take(MAX_BYTES + 1), &mut out).map_err(unwritten)?;
    if copied > MAX_BYTES {
        return Err(ModelError(format!("a model has {MAX_BYTES} bytes at most.")));
    }
    out.flush().and_then(|()| out.sync_all()).map_err(unwritten)
}

pub(super) fn failed(done: &str, path: &Path, error: &std::io::Error) -> ModelError {
    ModelError(format!("{} cannot be {done}: {error}.", path.display()))
}

/// SHA-256 of a file, hexadecimal.
///
/// # Errors
/// It cannot be read.
pub fn sha256(path: &Path) -> Result<String, ModelError> {
    let mut file = File::open(path).map_err(|error| failed("read", path, &error))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let many = file.read(&mut buffer).map_err(|error| failed("read", path, &error))?;
        if many == 0 {
            return Ok(hexadecimal(&hash.finalize()));
        }
        hash.update(&buffer[..many]);
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn taken(name: &str) -> ModelError {
    ModelError(format!("there is a model {name} already: choose another name."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_files_and_nothing_else() {
        assert!(["yolox-nano", "a", "y8.v2_final"].into_iter().all(is_name));
        for bad in ["", "motion", "none", "A", "-a", ".a", "a/b", "..", "a b", "a.onnx", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_put_is_found_and_what_is_removed_is_gone() {
        let dir = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::new(dir.path());
        assert!(shelf.names().is_empty());
        let file = shelf.put("mine", &mut &b"abc"[..]).expect("put");
        assert_eq!(sha256(&file).expect("read"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(shelf.names(), ["mine"]);
        std::fs::write(file.with_extension("toml"), "nms = 0.5").expect("written");
        assert_eq!(shelf.find("mine").expect("found").recipe.nms, Some(0.5));
        assert_eq!(shelf.find(file.to_str().expect("UTF-8")).expect("found").name, "mine");
        assert!(shelf.put("mine", &mut &b"x"[..]).expect_err("taken").0.contains("already"));
        assert!(shelf.put("yolox-nano", &mut &b"x"[..]).is_err(), "a name of the catalogue's was taken");
        shelf.remove("mine").expect("removed");
        assert!(shelf.names().is_empty() && !file.with_extension("toml").exists());
        assert_eq!(shelf.remove("mine").expect_err("gone").0, "no model mine is here.");
    }

    #[test]
    fn what_is_not_here_is_said_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::new(dir.path());
        let error = |model: &str| shelf.find(model).expect_err("not here").0;
        assert!(error("yolox-nano").contains("`sightline models pull yolox-nano`"));
        assert!(error("yolo9000").contains("`sightline models add FILE`"));
        assert!(error("/nowhere/x.onnx").contains("there is no file /nowhere/x.onnx"));
        assert!(error("../secrets").contains("no model is called"));
    }
}
