//! The layers over a picture, and how the address bar holds them.

use sightline_shared::draw::Layers;

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
