//! Which rendition a viewer gets: what was chosen, and what is done where the browser cannot play it.

use super::codec;
use sightline_shared::camera::{Rendition, VideoMode};
use sightline_shared::wire::Init;

/// What a person chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// `source` where the browser plays it, else `main`, else `small`, which is always H.264; what the camera's settings say comes before.
    #[default]
    Auto,
    /// This one and no other.
    Only(Rendition),
}

impl Choice {
    /// All of them, in the order of the list.
    pub(crate) const ALL: [Self; 4] =
        [Self::Auto, Self::Only(Rendition::Source), Self::Only(Rendition::Main), Self::Only(Rendition::Small)];

    /// The word of the API and of the list's values.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(rendition) => rendition.name(),
        }
    }

    /// The choice of this word.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// What the list says.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Auto => "auto: source where it plays",
            Self::Only(Rendition::Source) => "source: as the camera sends it",
            Self::Only(Rendition::Main) => "main: encoded by the server",
            Self::Only(Rendition::Small) => "small: for slow links",
        }
    }
}

/// What a player does with an init segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Plays it.
    Play,
    /// Asks the server for this rendition in its place.
    Ask(Rendition),
    /// Says that it cannot be played here.
    Refuse,
}

/// `playable` is what the browser says of the codec; `offered` are the renditions of `hello`.
pub(crate) fn judge(
    choice: Choice,
    mode: VideoMode,
    rendition: Rendition,
    offered: &[Rendition],
    playable: bool,
) -> Verdict {
    // Who chose one rendition, or set the camera to passthrough, is told what is wrong with it and not given another.
    let may_change = choice == Choice::Auto && mode != VideoMode::Passthrough;
    match playable {
        true => Verdict::Play,
        false if may_change => match rendition {
            Rendition::Source if offered.contains(&Rendition::Main) => Verdict::Ask(Rendition::Main),
            Rendition::Source | Rendition::Main if offered.contains(&Rendition::Small) => {
                Verdict::Ask(Rendition::Small)
            }
            _ => Verdict::Refuse,
        },
        false => Verdict::Refuse,
    }
}

/// The rendition to ask for when the choice changes; `None` where nothing has to be asked.
pub(crate) fn move_to(choice: Choice, mode: VideoMode, now: Option<Rendition>, fallen_back: bool) -> Option<Rendition> {
    let wanted = match (choice, mode) {
        (Choice::Only(rendition), _) => rendition,
        (Choice::Auto, VideoMode::Transcode) => Rendition::Main,
        (Choice::Auto, _) if fallen_back => Rendition::Main,
        (Choice::Auto, _) => Rendition::Source,
    };
    (now != Some(wanted)).then_some(wanted)
}

/// The sentence beside a picture that is not the camera's own because the browser cannot play that.
pub(crate) fn note(refused: &str, shown: &Init) -> String {
    format!(
        "{} does not play in this browser: shown as {}, encoded by the server.",
        codec::family(refused),
        codec::family(&shown.codec)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use Rendition::{Main, Small, Source};

    const OFFERED: [Rendition; 3] = [Source, Main, Small];

    #[test]
    fn every_choice_has_a_word_and_is_found_by_it() {
        for choice in Choice::ALL {
            assert_eq!(Choice::of(choice.name()), Some(choice));
        }
        assert_eq!(Choice::of("best"), None);
    }

    #[test]
    fn what_does_not_play_becomes_main_by_itself_and_only_then() {
        let auto = |mode, rendition, playable| judge(Choice::Auto, mode, rendition, &OFFERED, playable);
        assert_eq!(auto(VideoMode::Auto, Source, true), Verdict::Play);
        assert_eq!(auto(VideoMode::Auto, Source, false), Verdict::Ask(Main));
        assert_eq!(auto(VideoMode::Transcode, Main, true), Verdict::Play);
        assert_eq!(auto(VideoMode::Auto, Main, false), Verdict::Ask(Small), "an encoder that is set to H.265");
        assert_eq!(auto(VideoMode::Auto, Small, false), Verdict::Refuse, "asking again would go round for ever");
        assert_eq!(judge(Choice::Only(Main), VideoMode::Transcode, Main, &OFFERED, false), Verdict::Refuse);
        assert_eq!(auto(VideoMode::Passthrough, Source, false), Verdict::Refuse);
        assert_eq!(judge(Choice::Only(Source), VideoMode::Auto, Source, &OFFERED, false), Verdict::Refuse);
        assert_eq!(judge(Choice::Auto, VideoMode::Auto, Source, &[Source], false), Verdict::Refuse);
    }

    #[test]
    fn a_change_of_choice_asks_only_for_what_is_not_shown() {
        assert_eq!(move_to(Choice::Only(Main), VideoMode::Auto, Some(Source), false), Some(Main));
        assert_eq!(move_to(Choice::Only(Main), VideoMode::Auto, Some(Main), false), None);
        assert_eq!(move_to(Choice::Auto, VideoMode::Auto, Some(Main), false), Some(Source));
        assert_eq!(move_to(Choice::Auto, VideoMode::Auto, Some(Main), true), None, "source did not play");
        assert_eq!(move_to(Choice::Auto, VideoMode::Transcode, Some(Small), false), Some(Main));
    }

    #[test]
    fn the_note_says_what_is_shown_in_place_of_what() {
        let shown = Init {
            rendition: Main,
            epoch: sightline_shared::time::Epoch(0),
            codec: "avc1.64001f".into(),
            width: 1280,
            height: 720,
            rotation: 0,
            timescale: 90_000,
            audio: None,
        };
        let words = "H.265 does not play in this browser: shown as H.264, encoded by the server.";
        assert_eq!(note("hvc1.1.6.L93.B0", &shown), words);
    }
}
