//! What classes are called: by the model's own metadata, by a file, or by COCO.

use super::ModelError;
use std::sync::Arc;

/// The most labels, and the longest.
const MOST: usize = 10_000;
const LONGEST: usize = 64;

/// The 80 classes of COCO that detectors are trained on, in their usual order.
pub(crate) const COCO: &[&str] = &[
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

/// Numbers of COCO's own list that none of the 80 has: models with 91 classes count by that list, from 1 on.
const COCO_GAPS: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// COCO's labels for so many classes; `None` where it has no such list.
pub(super) fn coco(classes: usize) -> Option<Vec<Arc<str>>> {
    match classes {
        80 => Some(COCO.iter().map(|label| Arc::from(*label)).collect()),
        91 => {
            let mut labels = COCO.iter();
            let mut one = |class: usize| if COCO_GAPS.contains(&class) { None } else { labels.next().copied() };
            Some((0..91).map(|class| Arc::from(one(class).unwrap_or_default())).collect())
        }
        _ => None,
    }
}

/// Labels as a list, checked.
pub(super) fn checked(labels: impl IntoIterator<Item = String>, from: &str) -> Result<Vec<Arc<str>>, ModelError> {
    let labels: Vec<Arc<str>> = labels.into_iter().map(|label| Arc::from(label.trim())).collect();
    let bad = |label: &Arc<str>| label.chars().count() > LONGEST || label.chars().any(char::is_control);
    if labels.len() > MOST || labels.iter().any(bad) {
        return Err(ModelError(format!(
            "{from}: at most {MOST} labels of {LONGEST} characters without control characters."
        )));
    }
    Ok(labels)
}

/// Lines of a file; empty ones at its end do not count.
pub(super) fn lines(text: &str, from: &str) -> Result<Vec<Arc<str>>, ModelError> {
    checked(text.trim_end().lines().map(str::to_owned), from)
}

/// Ultralytics' metadata `names`: a dictionary as Python or JSON writes it, `{0: 'person', 1: "car"}`, or a list.
pub(super) fn metadata(text: &str) -> Option<Vec<Arc<str>>> {
    let mut labels: Vec<Option<String>> = Vec::new();
    let mut rest = text.trim();
    let keyed = rest.starts_with('{');
    rest = rest.strip_prefix(['{', '['])?.strip_suffix(['}', ']'])?.trim();
    while !rest.is_empty() {
        let mut at = labels.len();
        if keyed {
            let (key, after) = rest.split_once(':')?;
            at = key.trim().trim_matches(['\'', '"']).parse().ok().filter(|at| *at < MOST)?;
            rest = after.trim_start();
        }
        let (label, after) = quoted(rest)?;
        labels.resize(labels.len().max(at + 1), None);
        labels[at] = Some(label);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    checked(labels.into_iter().map(Option::unwrap_or_default), "the model's metadata").ok()
}

/// A string in quotes at the beginning of `text`, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    let mut label = String::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => {
                label.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            _ if letter == quote => return Some((label, &text[at + 1..])),
            _ => label.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(labels: Option<Vec<Arc<str>>>) -> Vec<String> {
        labels.unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn labels_as_exporters_write_them() {
        assert_eq!(words(metadata("{0: 'person', 1: \"driver's cab\"}")), ["person", "driver's cab"]);
        assert_eq!(words(metadata("{\"0\": \"a, b\", \"2\": \"c\"}")), ["a, b", "", "c"]);
        assert_eq!(words(metadata("['cat', 'it\\'s']")), ["cat", "it's"]);
        for broken in ["", "{", "{0: person}", "{99999999999: 'x'}", "{0: 'x", "[1]", "{0 'x'}"] {
            assert_eq!(metadata(broken), None, "{broken}");
        }
    }

    #[test]
    fn coco_has_two_countings() {
        let (plain, gaps) = (words(coco(80)), words(coco(91)));
        assert_eq!((plain[0].as_str(), plain[79].as_str()), ("person", "toothbrush"));
        // As COCO's own annotations number them.
        let known = [
            (1, "person"),
            (13, "stop sign"),
            (27, "backpack"),
            (44, "bottle"),
            (67, "dining table"),
            (90, "toothbrush"),
        ];
        known.iter().for_each(|(at, label)| assert_eq!(gaps[*at], *label));
        assert_eq!(coco(3), None);
    }

    #[test]
    fn hostile_labels_are_refused() {
        assert!(lines(&"x\n".repeat(MOST + 1), "f").is_err());
        assert!(lines(&"x".repeat(65), "f").is_err());
        assert!(checked(["a\u{1b}[31m".to_owned()], "f").is_err());
        assert_eq!(lines("a\r\n b \n\n", "f").expect("fits").len(), 2);
    }
}
