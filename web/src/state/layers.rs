//! The layers over a picture, and how the address bar holds them.

use sightline_shared::draw::Layers;

/// All layers on.
pub(crate) const ALL: Layers = Layers { boxes: true, labels: true };

/// The layers of an address: `?layers=boxes`, `?layers=none`; all of them where it says nothing.
pub(crate) fn from_query(value: Option<&str>) -> Layers {
    match value {
        None => ALL,
        Some(list) => {
            let has = |name: &str| list.split(',').any(|layer| layer == name);
            Layers { boxes: has("boxes"), labels: has("labels") }
        }
    }
}

/// The value for the address; `None` where all layers are on.
pub(crate) fn to_query(layers: Layers) -> Option<&'static str> {
    match (layers.boxes, layers.labels) {
        (true, true) => None,
        (true, false) => Some("boxes"),
        (false, true) => Some("labels"),
        (false, false) => Some("none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_holds_the_layers() {
        for boxes in [true, false] {
            for labels in [true, false] {
                let layers = Layers { boxes, labels };
                assert_eq!(from_query(to_query(layers)), layers);
            }
        }
        assert_eq!(from_query(Some("nonsense")), Layers { boxes: false, labels: false });
    }
}
