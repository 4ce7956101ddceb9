//! The layers over a picture, and how the address bar holds them.

use sightline_shared::draw::Layers;

/// Every layer: its name, its word, its key, and what it shows.
pub(crate) const TABLE: [(&str, &str, &str, &str); 9] = [
    ("boxes", "Boxes", "b", "a box around everything that was found; dashed where it is predicted"),
    ("labels", "Labels", "l", "what it is"),
    ("scores", "Scores", "s", "how sure the model is"),
    ("ids", "Ids", "i", "the end of its id, which stays the same as long as it is followed"),
    ("trails", "Trails", "t", "where it was in the last two seconds"),
    ("findings", "Findings", "g", "what second models found on it: faces, plates"),
    ("zones", "Zones", "z", "zones and lines"),
    ("counts", "Counts", "n", "what zones and lines have counted"),
    ("colours", "Colours", "k", "a colour for each label; one for all without"),
];

/// The layer of a key.
pub(crate) fn of_key(key: &str) -> Option<&'static str> {
    TABLE.iter().find(|(_, _, its, _)| its.eq_ignore_ascii_case(key)).map(|(name, ..)| *name)
}

/// The layers of an address: `?layers=boxes`, `?layers=none`; the usual ones where it says nothing. Names of layers that there are none of
/// are passed over.
pub(crate) fn from_query(value: Option<&str>) -> Layers {
    value.map_or_else(Layers::default, |list| {
        Layers::parse(list)
            .unwrap_or_else(|_| list.split(',').fold(Layers::NONE, |layers, name| layers.with(name, true)))
    })
}

/// The value for the address; `None` where the layers are the usual ones.
pub(crate) fn to_query(layers: Layers) -> Option<String> {
    (layers != Layers::default()).then(|| layers.names())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_a_switch_and_a_key_of_its_own() {
        for name in Layers::NAMES {
            let (_, _, key, _) = TABLE.iter().find(|(one, ..)| *one == name).expect("it is in the table");
            assert_eq!(of_key(&key.to_uppercase()), Some(name));
        }
        assert_eq!((TABLE.len(), of_key("x"), of_key("")), (Layers::NAMES.len(), None, None));
    }

    #[test]
    fn the_address_holds_the_layers() {
        for name in Layers::NAMES {
            for layers in
                [Layers::NONE.with(name, true), Layers::ALL.with(name, false), Layers::NONE, Layers::default()]
            {
                assert_eq!(from_query(to_query(layers).as_deref()), layers);
            }
        }
        assert_eq!(to_query(Layers::default()), None);
        assert_eq!(from_query(Some("nonsense")), Layers::NONE);
        assert_eq!(from_query(Some("boxes,nonsense")), Layers { boxes: true, ..Layers::NONE });
    }
}
