//! Reads one table of the settings file: every key once, every mistake with its line.

use std::cell::RefCell;
use std::ops::Range;
use toml_edit::{Item, TableLike, Value};

/// Something wrong in the settings file. The message never holds a password.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Collects mistakes and knows the lines of the file.
pub(super) struct Report<'t> {
    text: &'t str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, mistakes: RefCell::default() }
    }

    /// The line of a byte of the file.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|b| **b == b'\n').count() + 1
    }

    pub(super) fn add(&self, line: usize, message: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake { line, message: message.into() });
    }

    /// The mistakes in the order of their lines.
    pub(super) fn finish(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|mistake| mistake.line);
        mistakes
    }
}

/// One table under inspection.
pub(super) struct Section<'a> {
    report: &'a Report<'a>,
    table: &'a dyn TableLike,
    name: &'a str,
    line: usize,
}

impl<'a> Section<'a> {
    /// `name` is how the file writes the table, e.g. `[[camera]]`.
    pub(super) fn new(
        report: &'a Report<'a>,
        table: &'a dyn TableLike,
        name: &'a str,
        span: Option<Range<usize>>,
    ) -> Self {
        Self { report, table, name, line: report.line(span.unwrap_or_default().start) }
    }

    /// The line on which the table begins.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The line of a key, or of the table where the key is absent.
    pub(super) fn line_of(&self, key: &str) -> usize {
        let span = self.table.get_key_value(key).and_then(|(key, item)| key.span().or_else(|| item.span()));
        span.map_or(self.line, |span| self.report.line(span.start))
    }

    /// A mistake about a key.
    pub(super) fn wrong(&self, key: &str, message: impl Into<String>) {
        self.report.add(self.line_of(key), message);
    }

    /// A mistake in something that stands under a key: on its own line where that is known.
    pub(super) fn wrong_at(&self, key: &str, span: Option<Range<usize>>, message: impl Into<String>) {
        self.report.add(span.map_or_else(|| self.line_of(key), |span| self.report.line(span.start)), message);
    }

    /// Every key must be one of `known`; those of `later` are for versions to come.
    pub(super) fn only(&self, known: &[&str], later: &[&str]) {
        for (key, _) in self.table.iter() {
            if later.contains(&key) {
                self.wrong(key, format!("`{key}` in {} is not built yet; leave it out.", self.name));
            } else if !known.contains(&key) {
                let hint = nearest(key, known).map_or_else(
                    || format!(" It knows {}.", known.join(", ")),
                    |near| format!(" Did you mean `{near}`?"),
                );
                self.wrong(key, format!("{} has no key `{key}`.{hint}", self.name));
            }
        }
    }

    pub(super) fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.get(key)
    }

    pub(super) fn string(&self, key: &str) -> Option<&'a str> {
        let item = self.table.get(key)?;
        let text = item.as_str();
        if text.is_none() {
            self.wrong(key, format!("`{key}` must be text in quotes, not {}.", item.type_name()));
        }
        text
    }

    pub(super) fn bool(&self, key: &str) -> Option<bool> {
        let item = self.table.get(key)?;
        let value = item.as_bool();
        if value.is_none() {
            self.wrong(key, format!("`{key}` must be true or false, not {}.", item.type_name()));
        }
        value
    }

    /// A number within `range`.
    pub(super) fn number(&self, key: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let item = self.table.get(key)?;
        let value = item.as_float().or_else(|| item.as_integer().map(|n| n as f64)).filter(|n| range.contains(n));
        if value.is_none() {
            self.wrong(key, format!("`{key}` must be a number from {} to {}.", range.start(), range.end()));
        }
        value
    }

    /// A list of texts.
    pub(super) fn strings(&self, key: &str) -> Option<Vec<&'a str>> {
        let item = self.table.get(key)?;
        let list = item.as_array().map(|array| array.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        if let Some(Some(list)) = list {
            return Some(list);
        }
        self.wrong(key, format!("`{key}` must be a list of texts, such as [\"a\", \"b\"]."));
        None
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let hint = nearest(text, &words).map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default();
            self.wrong(key, format!("`{key}` must be one of {}.{hint}", words.join(", ")));
        }
        found
    }
}

/// The word nearest to `wrong`, if one is near enough to be meant.
pub(super) fn nearest<'w>(wrong: &str, words: &[&'w str]) -> Option<&'w str> {
    let limit = if wrong.chars().count() < 3 { 1 } else { 2 };
    let near = words.iter().map(|word| (distance(&wrong.to_lowercase(), word), *word)).min()?;
    (near.0 <= limit).then_some(near.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = corner + usize::from(ca != *cb);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        let words = ["transport", "video", "url", "name"];
        for (wrong, near) in [
            ("transprot", Some("transport")),
            ("vidoe", Some("video")),
            ("URL", Some("url")),
            ("colour", None),
            ("nme", Some("name")),
        ] {
            assert_eq!(nearest(wrong, &words), near, "{wrong}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
