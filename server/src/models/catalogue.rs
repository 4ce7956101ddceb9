//! What can be pulled: models by their public address at one commit, with the checksum of their file.

use crate::detect::model::Recipe;

/// A model of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// Its name in settings.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// SPDX expression of its weights' licence.
    pub licence: &'static str,
    /// Who made it, as the licence wants it told.
    pub by: &'static str,
    /// Where it lies.
    pub url: &'static str,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: &'static str,
    /// Bytes of the file.
    pub bytes: u64,
    /// What its graph does not say.
    recipe: &'static str,
}

/// The catalogue. The first one is what is offered to whoever has none.
pub const CATALOGUE: [Entry; 2] = [
    Entry {
        name: "yolox-nano",
        about: "The 80 things of COCO: people, vehicles, animals, furniture. Small: made for processors.",
        licence: "Apache-2.0",
        by: "Megvii (YOLOX), exported by Kazuhito00",
        url: "https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx",
        sha256: "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
        bytes: 3_660_092,
        recipe: "layout = \"yolox\"",
    },
    Entry {
        name: "ultraface",
        about: "Faces, in crops of people or in whole pictures. A second model for people.",
        licence: "MIT",
        by: "Linzaer (Ultra-Light-Fast-Generic-Face-Detector-1MB)",
        url: "https://raw.githubusercontent.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB/dffdddda9794a50607cba8f318507a28c1c27cab/models/onnx/version-RFB-320.onnx",
        sha256: "34cd7e60aeff28744c657de7a3dc64e872d506741de66987f3426f2b79f88017",
        bytes: 1_270_727,
        recipe: "layout = \"ultraface\"",
    },
];

impl Entry {
    /// The entry of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|entry| entry.name == name)
    }

    /// What its graph does not say.
    #[must_use]
    pub fn recipe(&self) -> Recipe {
        Recipe::parse(self.recipe).expect("the catalogue's recipes are read by a test")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_whole() {
        for entry in &CATALOGUE {
            assert!(super::super::shelf::is_name(entry.name) && entry.url.starts_with("https://"), "{}", entry.name);
            assert!(entry.sha256.len() == 64 && entry.sha256.chars().all(|c| c.is_ascii_hexdigit()), "{}", entry.name);
            // An address at a commit: what lies there never changes.
            assert!(entry.url.split('/').any(|part| part.len() == 40 && part.chars().all(|c| c.is_ascii_hexdigit())));
            assert!(entry.recipe().layout.is_some() && entry.bytes > 0);
        }
    }
}
