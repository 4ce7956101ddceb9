//! The layers of the overlay, and their names in addresses and options.

/// Which layers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// Boxes around things, dashed where they are predicted.
    pub boxes: bool,
    /// What things are.
    pub labels: bool,
    /// Which things they are: the ends of their ids.
    pub ids: bool,
    /// How sure the newest look was.
    pub scores: bool,
    /// Where things were in the last two seconds.
    pub trails: bool,
    /// What second models found: faces, corners of plates.
    pub findings: bool,
    /// Zones and lines, with their names.
    pub zones: bool,
    /// What zones hold, and what has crossed lines.
    pub counts: bool,
    /// A colour for each class; without it all have the same.
    pub colours: bool,
}

impl Default for Layers {
    /// What people want to see who have chosen nothing: all but ids and trails.
    fn default() -> Self {
        Self { ids: false, trails: false, ..Self::ALL }
    }
}

impl Layers {
    /// Every layer.
    pub const ALL: Self = Self {
        boxes: true,
        labels: true,
        ids: true,
        scores: true,
        trails: true,
        findings: true,
        zones: true,
        counts: true,
        colours: true,
    };
    /// No layer.
    pub const NONE: Self = Self {
        boxes: false,
        labels: false,
        ids: false,
        scores: false,
        trails: false,
        findings: false,
        zones: false,
        counts: false,
        colours: false,
    };
    /// Their names.
    pub const NAMES: [&str; 9] =
        ["boxes", "labels", "ids", "scores", "trails", "findings", "zones", "counts", "colours"];

    fn layer(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "boxes" => &mut self.boxes,
            "labels" => &mut self.labels,
            "ids" => &mut self.ids,
            "scores" => &mut self.scores,
            "trails" => &mut self.trails,
            "findings" => &mut self.findings,
            "zones" => &mut self.zones,
            "counts" => &mut self.counts,
            "colours" => &mut self.colours,
            _ => return None,
        })
    }

    /// Whether the layer of that name is drawn; false where there is none.
    #[must_use]
    pub fn get(mut self, name: &str) -> bool {
        self.layer(name).is_some_and(|on| *on)
    }

    /// The same with the layer of that name on or off.
    #[must_use]
    pub fn with(mut self, name: &str, on: bool) -> Self {
        if let Some(layer) = self.layer(name) {
            *layer = on;
        }
        self
    }

    /// Whether anything is drawn at all.
    #[must_use]
    pub fn any(self) -> bool {
        Self { colours: false, ..self } != Self::NONE
    }

    /// The layers of a list such as `boxes,labels`; `all` and `none` are lists, too.
    ///
    /// # Errors
    /// A sentence where a name is that of no layer.
    pub fn parse(list: &str) -> Result<Self, String> {
        match list.trim() {
            "all" => return Ok(Self::ALL),
            "none" => return Ok(Self::NONE),
            _ => {}
        }
        let mut layers = Self::NONE;
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let unknown = || format!("no layer is called {name:?}: there are {}, all and none", Self::NAMES.join(", "));
            *layers.layer(name).ok_or_else(unknown)? = true;
        }
        Ok(layers)
    }

    /// The list that [`Layers::parse`] reads.
    #[must_use]
    pub fn names(self) -> String {
        let on: Vec<_> = Self::NAMES.into_iter().filter(|name| self.get(name)).collect();
        if on.is_empty() { "none".into() } else { on.join(",") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_and_back() {
        for name in Layers::NAMES {
            let one = Layers::NONE.with(name, true);
            assert!(one.get(name) && one != Layers::NONE, "{name}");
            assert_eq!(Layers::parse(&one.names()), Ok(one));
            assert_eq!(Layers::ALL.with(name, false).names().split(',').count(), 8, "{name}");
        }
        assert_eq!(Layers::parse(&Layers::default().names()), Ok(Layers::default()));
        assert_eq!(Layers::parse(" boxes, ids,"), Ok(Layers { boxes: true, ids: true, ..Layers::NONE }));
        assert_eq!((Layers::parse("all"), Layers::parse("none")), (Ok(Layers::ALL), Ok(Layers::NONE)));
        assert!(Layers::parse("boxes,names").is_err_and(|e| e.contains("\"names\"") && e.contains("trails")));
        assert!(!Layers { colours: true, ..Layers::NONE }.any() && Layers { ids: true, ..Layers::NONE }.any());
    }
}
