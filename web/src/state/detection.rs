//! The detection panel's form: what is staged, what may be chosen, and the settings that make one the other.

use sightline_shared::camera::{DetectSettings, DetectWhen, SecondModel};
use sightline_shared::models::{Model, ModelState, Models};
use std::collections::BTreeMap;

/// The names that are no models.
pub(crate) const BUILT_IN: [(&str, &str); 2] = [("motion", "Motion: whatever moves"), ("none", "Nothing")];

/// A field that cannot stand as it is typed: its name and a sentence.
pub(crate) type Fault = (String, String);

/// What is staged. Scores are typed in percent, as the labels over boxes show them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DetectForm {
    /// `motion`, `none`, or the name of a model.
    pub(crate) model: String,
    /// Looks a second; 0 is every frame.
    pub(crate) fps: String,
    /// The least score, in percent.
    pub(crate) min_score: String,
    /// Labels that are kept; none keeps all.
    pub(crate) labels: Vec<String>,
    /// Least scores of labels, in percent; an empty field is none.
    pub(crate) scores: BTreeMap<String, String>,
    /// Only while something moves.
    pub(crate) only_motion: bool,
    /// Key frames alone.
    pub(crate) key_frames_only: bool,
    /// The camera moves.
    pub(crate) moving_camera: bool,
    /// Second models by name, with the labels that they look at.
    pub(crate) second: Vec<(String, Vec<String>)>,
}

fn percent(score: f64) -> String {
    let percent = (score * 1000.0).round() / 10.0;
    format!("{percent}")
}

fn number(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
}

fn share(text: &str) -> Option<f64> {
    number(text).filter(|percent| (0.0..=100.0).contains(percent)).map(|percent| percent / 100.0)
}

impl DetectForm {
    /// The form of what stands in the settings.
    pub(crate) fn of(asked: &DetectSettings) -> Self {
        Self {
            model: asked.model.clone(),
            fps: format!("{}", asked.fps),
            min_score: percent(asked.min_score),
            labels: asked.labels.clone(),
            scores: asked.scores.iter().map(|(label, score)| (label.clone(), percent(*score))).collect(),
            only_motion: asked.when == DetectWhen::Motion,
            key_frames_only: asked.key_frames_only,
            moving_camera: asked.moving_camera,
            second: asked.second.iter().map(|second| (second.model.clone(), second.labels.clone())).collect(),
        }
    }

    /// The settings that are staged; what the form does not show (regions) stays as in `asked`.
    ///
    /// # Errors
    /// Every field that cannot stand, with a sentence.
    pub(crate) fn settings(&self, asked: &DetectSettings) -> Result<DetectSettings, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut want = |field: &str, value: Option<f64>, words: &str| {
            value.unwrap_or_else(|| {
                faults.push((field.to_owned(), words.to_owned()));
                0.0
            })
        };
        let fps = number(&self.fps).filter(|fps| (0.0..=120.0).contains(fps));
        let fps = want("fps", fps, "Looks a second are a number from 0 (every frame) to 120.");
        let min_score = want("min_score", share(&self.min_score), "A score is a number from 0 to 100 %.");
        let mut scores = BTreeMap::new();
        for (label, text) in self.scores.iter().filter(|(_, text)| !text.trim().is_empty()) {
            let words = format!("The score of {label} is a number from 0 to 100 %.");
            scores.insert(label.clone(), want("scores", share(text), &words));
        }
        let second =
            self.second.iter().map(|(model, labels)| SecondModel { model: model.clone(), labels: labels.clone() });
        let settings = DetectSettings {
            model: self.model.clone(),
            fps,
            min_score,
            labels: self.labels.clone(),
            scores,
            when: if self.only_motion { DetectWhen::Motion } else { DetectWhen::Always },
            key_frames_only: self.key_frames_only,
            moving_camera: self.moving_camera,
            second: second.collect(),
            ..asked.clone()
        };
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// Whether a model looks: what belongs to models alone is shown then.
    pub(crate) fn uses_model(&self) -> bool {
        is_model(&self.model)
    }

    /// Chooses what looks. Labels of a model mean nothing to what is built in, and would keep all of it back.
    pub(crate) fn choose(&mut self, model: String) {
        if is_model(&model) != self.uses_model() {
            let kept = Self { fps: self.fps.clone(), key_frames_only: self.key_frames_only, ..Self::default() };
            *self = Self { min_score: "0".into(), moving_camera: self.moving_camera, ..kept };
        }
        self.model = model;
    }

    /// Keeps a label, or lets go of it.
    pub(crate) fn toggle_label(&mut self, label: &str) {
        toggle(&mut self.labels, label);
    }

    /// Puts a second model in place, or takes it away.
    pub(crate) fn toggle_second(&mut self, model: &str) {
        match self.second.iter().position(|(name, _)| name == model) {
            Some(at) => drop(self.second.remove(at)),
            None => self.second.push((model.to_owned(), Vec::new())),
        }
    }
}

/// Puts a label into a list, or takes it out.
pub(crate) fn toggle(labels: &mut Vec<String>, label: &str) {
    match labels.iter().position(|one| one == label) {
        Some(at) => drop(labels.remove(at)),
        None => labels.push(label.to_owned()),
    }
}

/// Whether a setting names a model.
pub(crate) fn is_model(name: &str) -> bool {
    !BUILT_IN.iter().any(|(built_in, _)| *built_in == name)
}

/// One choice of the list of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Its name in settings.
    pub(crate) name: String,
    /// Its words.
    pub(crate) words: String,
    /// Why it cannot be chosen.
    pub(crate) refused: Option<String>,
}

/// Choices in groups: what is built in, models that are here, models that are not.
pub(crate) fn offers(models: Option<&Models>, chosen: &str) -> Vec<(&'static str, Vec<Offer>)> {
    let built_in = BUILT_IN.map(|(name, words)| Offer { name: name.into(), words: words.into(), refused: None });
    let all = models.map_or(&[][..], |models| &models.models).iter().filter(|model| !model.second);
    let (mut here, mut away) = (Vec::new(), Vec::new());
    for model in all {
        let words = match model.state {
            ModelState::Ready => model.name.clone(),
            ModelState::Available => format!("{} (not here yet)", model.name),
            ModelState::Pulling => format!("{} (on its way)", model.name),
            ModelState::Unusable => format!("{} (cannot be used)", model.name),
        };
        let refused = (model.state == ModelState::Unusable).then(|| model.reason.clone().unwrap_or_default());
        let list = if model.state == ModelState::Ready { &mut here } else { &mut away };
        list.push(Offer { name: model.name.clone(), words, refused });
    }
    if is_model(chosen) && !here.iter().chain(&away).any(|offer: &Offer| offer.name == chosen) {
        away.push(Offer { name: chosen.into(), words: format!("{chosen} (not known here)"), refused: None });
    }
    let groups = [("Built in", built_in.to_vec()), ("Models here", here), ("Models that are not here", away)];
    groups.into_iter().filter(|(_, offers)| !offers.is_empty()).collect()
}

/// A model by name.
pub(crate) fn find<'a>(models: Option<&'a Models>, name: &str) -> Option<&'a Model> {
    models?.models.iter().find(|model| model.name == name)
}

/// What stands in the way of a chosen model, and whether pulling it mends that.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lack {
    /// It is not here: it can be pulled.
    Pull(String),
    /// It is on its way, so far.
    Coming(Option<f64>),
    /// It cannot be used, or nothing here can run it; a sentence.
    No(String),
}

/// What the model `name` lacks; `None` where nothing is in its way.
pub(crate) fn lack(models: Option<&Models>, name: &str) -> Option<Lack> {
    let models = models.filter(|_| is_model(name))?;
    if models.runtime.is_none() {
        let reason = models.reason.clone();
        return Some(Lack::No(reason.unwrap_or_else(|| "This server has nothing that runs models.".into())));
    }
    let Some(model) = find(Some(models), name) else {
        return Some(Lack::No(format!(
            "No model here is called {name}. Choose another, or add its file under Models."
        )));
    };
    match model.state {
        ModelState::Ready => None,
        ModelState::Available => Some(Lack::Pull(match (model.bytes, &model.licence) {
            (Some(bytes), Some(licence)) => {
                format!("{name} is not here yet: {} to load, {licence}.", super::format::bytes(bytes as f64))
            }
            (Some(bytes), None) => format!("{name} is not here yet: {} to load.", super::format::bytes(bytes as f64)),
            _ => format!("{name} is not here yet."),
        })),
        ModelState::Pulling => Some(Lack::Coming(model.progress)),
        ModelState::Unusable => {
            Some(Lack::No(model.reason.clone().unwrap_or_else(|| format!("{name} cannot be used."))))
        }
    }
}

#[cfg(test)]
#[path = "detection_tests.rs"]
mod tests;
