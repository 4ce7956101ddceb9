//! Errors of the device as sentences for people.

use sightline_nv::Error;

/// An error as a sentence.
#[must_use]
pub fn sentence(error: &Error) -> String {
    let text = error.to_string();
    let mut signs = text.chars();
    let first: String = signs.next().map(|sign| sign.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", signs.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_and_ends_once() {
        assert_eq!(sentence(&Error::NoEncoder), "This device has no video encoder (NVENC).");
        assert_eq!(sentence(&Error::Invalid("NVENC said no.".into())), "NVENC said no.");
    }
}
