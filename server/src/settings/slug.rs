//! Ids that people choose: short, safe in URLs and file names.

/// The longest id.
pub const MAX_LEN: usize = 64;

/// What is wrong with `id`, if anything.
#[must_use]
pub fn check(id: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if id.is_empty() || id.len() > MAX_LEN {
        return Some("An id has 1 to 64 characters.");
    }
    if !id.chars().all(good) || !id.starts_with(ends) {
        return Some("An id is made of a to z, 0 to 9, - and _, and begins with a letter or digit.");
    }
    None
}

/// The id that a name gives; `camera` if nothing of it can be used.
#[must_use]
pub fn from_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if let Some(plain) = without_accent(c) {
            out.push_str(plain);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(MAX_LEN - 4);
    let out = out.trim_end_matches('-');
    if out.is_empty() { "camera".into() } else { out.into() }
}

/// `wanted`, or `wanted-2`, `wanted-3`, ... : the first that is not taken.
#[must_use]
pub fn unique(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut id = wanted.to_owned();
    let mut n = 2_u32;
    while taken(&id) {
        id = format!("{wanted}-{n}");
        n += 1;
    }
    id
}

fn without_accent(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ç' | 'č' | 'ć' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' | 'ń' => "n",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'š' | 'ś' => "s",
        'ù' | 'ú' | 'û' | 'ů' => "u",
        'ý' | 'ÿ' => "y",
        'ž' | 'ź' | 'ż' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_ids() {
        for (name, id) in [
            ("Yard", "yard"),
            ("Front door #2", "front-door-2"),
            ("  Café Süd  ", "cafe-sued"),
            ("玄関", "camera"),
            ("", "camera"),
            ("---", "camera"),
        ] {
            assert_eq!(from_name(name), id);
            assert_eq!(check(id), None);
        }
        assert_eq!(check(&from_name(&"x".repeat(500))), None);
        assert_eq!(unique("yard", |id| ["yard", "yard-2"].contains(&id)), "yard-3");
    }

    #[test]
    fn wrong_ids_are_refused() {
        for id in ["", "Yard", "a/b", "..", "-a", "_a", "a b", "ä", &"x".repeat(65)] {
            assert!(check(id).is_some(), "{id}");
        }
    }
}
