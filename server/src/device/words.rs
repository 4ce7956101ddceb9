//! Errors of the device as sentences for people.

use sightline_nv::Error;

/// An error as a sentence.
#[must_use]
pub fn sentence(error: &Error) -> String {
    let text = error.to_string();
    let end = if text.ends_with('.') { "" } else { "." };
    let mut signs = text.chars();
    let word = text.split(' ').next().unwrap_or_default();
    match signs.next() {
        // The names of the driver's functions stay what they are.
        Some(first) if word.chars().all(char::is_lowercase) => {
            format!("{}{}{end}", first.to_uppercase(), signs.as_str())
        }
        _ => format!("{text}{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_and_ends_once() {
        assert_eq!(sentence(&Error::NoEncoder), "This device has no video encoder (NVENC).");
        assert_eq!(sentence(&Error::Invalid("NVENC said no.".into())), "NVENC said no.");
        assert_eq!(sentence(&Error::Invalid("cuInit failed".into())), "cuInit failed.");
    }
}
