//! What each key does.

use super::layers;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The camera at this place of the wall, counted from 0.
    Camera(usize),
    /// Full screen, on or off.
    FullScreen,
    /// A layer, on or off.
    Layer(&'static str),
    /// Sound, on or off.
    Sound,
    /// A clip of the last 30 s.
    Clip,
    /// The timings plot, frozen or going on.
    Freeze,
    /// Back: out of a dialog, out of full screen, to the wall.
    Back,
    /// The list of keys.
    Help,
    /// The add-camera dialog.
    Add,
    /// Drawing on the picture.
    Draw,
}

/// The keys as the help shows them.
pub(crate) const HELP: [(&str, &str); 9] = [
    ("1 … 9", "open a camera, counted along the wall"),
    ("f", "full screen"),
    ("m", "sound on or off"),
    ("c", "clip of the last 30 s"),
    ("space", "freeze the timings, or let them go on"),
    ("e", "draw zones and masks on the picture"),
    ("a", "add a camera"),
    ("esc", "back"),
    ("?", "this list"),
];

/// The action of a key by its `KeyboardEvent.key`.
pub(crate) fn action(key: &str) -> Option<Key> {
    match key {
        "f" | "F" => Some(Key::FullScreen),
        "m" | "M" => Some(Key::Sound),
        "a" | "A" => Some(Key::Add),
        "c" | "C" => Some(Key::Clip),
        "e" | "E" => Some(Key::Draw),
        " " => Some(Key::Freeze),
        "Escape" => Some(Key::Back),
        "?" => Some(Key::Help),
        _ => {
            let camera = key.parse().ok().filter(|n| (1..=9).contains(n)).map(|n: usize| Key::Camera(n - 1));
            camera.or_else(|| layers::of_key(key).map(Key::Layer))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_the_help_names_does_something() {
        for (keys, _) in HELP {
            let key = match keys {
                "1 … 9" => "1",
                "esc" => "Escape",
                "space" => " ",
                other => other,
            };
            assert!(action(key).is_some(), "{key}");
        }
        // No layer's key is hidden by another action.
        for (name, _, key, _) in layers::TABLE {
            assert_eq!(action(key), Some(Key::Layer(name)), "{key}");
        }
        assert_eq!((action("9"), action("0"), action("10")), (Some(Key::Camera(8)), None, None));
    }
}
