//! A small TOML beside a model: what its graph does not say, or says wrongly.

use super::labels;
use super::layout::{ALL, Layout};
use super::view::{Colours, Letterbox, View};
use super::{Label, ModelError};
use serde::Deserialize;
use std::path::Path;

/// The longest recipe, and the longest file of labels.
const LONGEST: u64 = 1 << 20;
/// The longest side of an input.
pub(super) const MAX_SIDE: usize = 4096;
/// The most pictures at once.
pub(super) const MAX_BATCH: usize = 64;

/// What a recipe may say; everything else in it is a mistake.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// How its output is read: the name of a layout.
    pub layout: Option<String>,
    /// Width and height that it looks at, where the graph leaves them open.
    pub size: Option<[usize; 2]>,
    /// Most pictures at once, where the graph leaves that open.
    pub batch: Option<usize>,
    /// What its classes are called: a list, or the name of a file beside it with one on each line.
    pub labels: Option<Labels>,
    /// The order of its planes.
    pub colours: Option<Colours>,
    /// What is taken off each plane, in steps of 0 to 255.
    pub mean: Option<[f32; 3]>,
    /// What each plane is then divided by.
    pub std: Option<[f32; 3]>,
    /// Where a picture of another shape lies.
    pub letterbox: Option<Letterbox>,
    /// The grey around it, 0 to 255.
    pub pad: Option<f32>,
    /// From which overlap on two boxes of a class are one; 1 keeps all.
    pub nms: Option<f32>,
    /// One line for people.
    pub about: Option<String>,
    /// SPDX expression of the weights' licence.
    pub licence: Option<String>,
    /// True for one that looks at crops of what another found.
    pub second: Option<bool>,
}

/// Labels in a recipe.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Labels {
    /// By class number.
    List(Vec<String>),
    /// A file beside the recipe.
    File(String),
}

impl Recipe {
    /// Reads a recipe's text.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let recipe: Self = toml_edit::de::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            let at = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            ModelError(format!("the recipe is wrong: {at}{}.", error.message().trim_end_matches('.')))
        })?;
        match recipe.mistake() {
            Some(mistake) => Err(ModelError(format!("the recipe is wrong: {mistake}"))),
            None => Ok(recipe),
        }
    }

    /// The recipe beside a model, `NAME.toml`; none is an empty one.
    ///
    /// # Errors
    /// It cannot be read, or is wrong.
    pub fn beside(model: &Path) -> Result<Self, ModelError> {
        match read(&model.with_extension("toml"))? {
            Some(text) => Self::parse(&text),
            None => Ok(Self::default()),
        }
    }

    /// The same with what it leaves out taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            layout: self.layout.or(other.layout),
            size: self.size.or(other.size),
            batch: self.batch.or(other.batch),
            labels: self.labels.or(other.labels),
            colours: self.colours.or(other.colours),
            mean: self.mean.or(other.mean),
            std: self.std.or(other.std),
            letterbox: self.letterbox.or(other.letterbox),
            pad: self.pad.or(other.pad),
            nms: self.nms.or(other.nms),
            about: self.about.or(other.about),
            licence: self.licence.or(other.licence),
            second: self.second.or(other.second),
        }
    }

    fn mistake(&self) -> Option<String> {
        let numbers = |list: Option<[f32; 3]>| list.into_iter().flatten();
        if self.layout.as_deref().is_some_and(|name| Layout::named(name).is_none()) {
            let names: Vec<&str> = ALL.iter().map(|layout| layout.name).collect();
            return Some(format!("`layout` must be one of {}.", names.join(", ")));
        }
        if self.size.is_some_and(|size| size.iter().any(|side| !(32..=MAX_SIDE).contains(side))) {
            return Some(format!("`size` must be two numbers from 32 to {MAX_SIDE}."));
        }
        if self.batch.is_some_and(|batch| !(1..=MAX_BATCH).contains(&batch)) {
            return Some(format!("`batch` must be a number from 1 to {MAX_BATCH}."));
        }
        if numbers(self.std).any(|std| !(std.is_finite() && std > 0.0))
            || numbers(self.mean).any(|mean| !mean.is_finite())
        {
            return Some("`mean` must be three numbers, `std` three numbers above 0.".into());
        }
        if self.pad.is_some_and(|pad| !(0.0..=255.0).contains(&pad)) {
            return Some("`pad` must be a number from 0 to 255.".into());
        }
        if self.nms.is_some_and(|nms| !(0.0..=1.0).contains(&nms)) {
            return Some("`nms` must be a number from 0 to 1.".into());
        }
        None
    }

    /// How it wants to see, with what the layout has for the rest.
    pub(super) fn view(&self, usual: View) -> View {
        View {
            colours: self.colours.unwrap_or(usual.colours),
            mean: self.mean.unwrap_or(usual.mean),
            std: self.std.unwrap_or(usual.std),
            letterbox: self.letterbox.unwrap_or(usual.letterbox),
            pad: self.pad.unwrap_or(usual.pad),
        }
    }

    /// The labels that it names, of a model in `folder`.
    pub(super) fn labels(&self, folder: &Path) -> Result<Option<Vec<Label>>, ModelError> {
        match &self.labels {
            None => Ok(None),
            Some(Labels::List(list)) => labels::checked(list.iter().cloned(), "`labels`").map(Some),
            Some(Labels::File(name)) => {
                // A recipe may come from anywhere: it names a file beside it, and no other.
                if Path::new(name).file_name() != Some(name.as_ref()) {
                    return Err(ModelError(format!(
                        "`labels` must be a list, or the name of a file beside the model, not {name:?}."
                    )));
                }
                let text = read(&folder.join(name))?;
                let text =
                    text.ok_or_else(|| ModelError(format!("the labels' file {name} is not beside the model.")))?;
                labels::lines(&text, name).map(Some)
            }
        }
    }
}

/// A small text file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, ModelError> {
    let failed = |error: std::io::Error| ModelError(format!("{} cannot be read: {error}.", path.display()));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
        Ok(known) if known.len() > LONGEST => {
            Err(ModelError(format!("{} is longer than {LONGEST} bytes.", path.display())))
        }
        Ok(_) => std::fs::read_to_string(path).map(Some).map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_says_all_there_is_to_say() {
        let text = "layout = \"yolox\"\nsize = [640, 480]\nbatch = 4\nlabels = [\"person\"]\ncolours = \"bgr\"\n\
            mean = [1.0, 2.0, 3.0]\nstd = [4.0, 5.0, 6.0]\nletterbox = \"top_left\"\npad = 0.0\nnms = 0.6\n\
            about = \"people\"\nlicence = \"MIT\"\nsecond = false\n";
        let recipe = Recipe::parse(text).expect("right");
        assert_eq!(recipe.size, Some([640, 480]));
        let view = recipe.view(View::UNIT_RGB);
        let wanted = View {
            colours: Colours::Bgr,
            mean: [1.0, 2.0, 3.0],
            std: [4.0, 5.0, 6.0],
            letterbox: Letterbox::TopLeft,
            pad: 0.0,
        };
        assert_eq!(view, wanted);
        assert_eq!(Recipe::default().view(View::UNIT_RGB), View::UNIT_RGB);
        let both = Recipe { nms: Some(0.1), ..Recipe::default() }.or(recipe.clone());
        assert_eq!(both, Recipe { nms: Some(0.1), ..recipe });
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let wrong = |text: &str| Recipe::parse(text).expect_err("wrong").0;
        assert_eq!(
            wrong("pad = 1.0\nlayuot = \"x\""),
            "the recipe is wrong: line 2: unknown field `layuot`, expected one of \
            `layout`, `size`, `batch`, `labels`, `colours`, `mean`, `std`, `letterbox`, `pad`, `nms`, `about`, `licence`, `second`."
        );
        assert!(wrong("layout = \"yolo9000\"").contains("must be one of ultraface, rf-detr"));
        for bad in [
            "size = [0, 64]",
            "batch = 0",
            "std = [0.0, 1.0, 1.0]",
            "mean = [nan, 0.0, 0.0]",
            "pad = 256.0",
            "nms = nan",
        ] {
            assert!(wrong(bad).contains("must be"), "{bad}");
        }
    }

    #[test]
    fn labels_lie_in_the_recipe_or_beside_it_and_nowhere_else() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("own.txt"), "cat\ndog\n").expect("written");
        let of = |text: &str| Recipe::parse(text).expect("right").labels(dir.path());
        let words = |labels: Vec<Label>| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words(of("labels = \"own.txt\"").expect("read").expect("named")), ["cat", "dog"]);
        assert_eq!(words(of("labels = [\"a\"]").expect("read").expect("named")), ["a"]);
        assert!(of("labels = \"none.txt\"").expect_err("not there").0.contains("not beside the model"));
        for outside in ["../own.txt", "/etc/passwd", "a/b", ".."] {
            assert!(of(&format!("labels = \"{outside}\"")).expect_err("refused").0.contains("beside"), "{outside}");
        }
    }
}
