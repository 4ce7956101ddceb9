//! PTX text as words and signs, each with its line.

use super::Refusal;

/// One word or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: u32,
}

fn in_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '$' | '%')
}

/// All tokens, comments left out.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Refusal> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").ok_or_else(|| Refusal::new(line, "a comment that does not end"))? + 2
        } else if in_word(first) {
            rest.find(|character| !in_word(character)).unwrap_or(rest.len())
        } else if first == '"' {
            rest[1..].find('"').ok_or_else(|| Refusal::new(line, "a text that does not end"))? + 2
        } else if "@!,;:<>(){}[]+-=".contains(first) {
            1
        } else {
            return Err(Refusal::new(line, format!("the character {first:?}")));
        };
        let (text, behind) = rest.split_at(length);
        if in_word(first) || !(first.is_whitespace() || text.starts_with('/')) {
            found.push(Token { text, line });
        }
        line += u32::try_from(text.matches('\n').count()).unwrap_or(0);
        rest = behind;
    }
    Ok(found)
}

/// Tokens that are taken one after the other.
pub(super) struct Tokens<'a> {
    all: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, Refusal> {
        Ok(Self { all: tokens(text)?, at: 0 })
    }

    pub(super) fn line(&self) -> u32 {
        self.all.get(self.at).or(self.all.last()).map_or(1, |token| token.line)
    }

    /// Refuses the token that was taken last.
    pub(super) fn refuse<T>(&self, what: impl Into<String>) -> Result<T, Refusal> {
        let last = self.all.get(self.at.saturating_sub(1)).map_or(1, |token| token.line);
        Err(Refusal::new(last, what))
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.all.get(self.at).map(|token| token.text)
    }

    pub(super) fn next(&mut self) -> Result<&'a str, Refusal> {
        let Some(text) = self.peek() else { return self.refuse("the text ends too early") };
        self.at += 1;
        Ok(text)
    }

    /// Takes the token if it is this one.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let taken = self.peek() == Some(text);
        self.at += usize::from(taken);
        taken
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), Refusal> {
        if self.take(text) {
            return Ok(());
        }
        self.refuse(format!("{:?} where {text:?} should be", self.peek().unwrap_or_default()))
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, Refusal> {
        let text = self.next()?;
        text.parse().or_else(|_| self.refuse(format!("{text:?} where a number should be")))
    }
}
