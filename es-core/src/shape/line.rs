//! The lines of canonical text: `key: value, note, note`, with more lines indented below.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line, and those below it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) notes: Vec<String>,
    pub(crate) below: Vec<Self>,
    /// The name in Rust of the key's item, if it differs. Neither written nor compared.
    pub(crate) rust: Option<String>,
}

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        let Self { key, value, notes, below, rust: _ } = self;
        (key, value, notes, below) == (&other.key, &other.value, &other.notes, &other.below)
    }
}

impl Eq for Line {}

impl Line {
    pub(crate) fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), ..Self::default() }
    }

    /// The lines as text.
    pub(crate) fn text(lines: &[Self]) -> String {
        let mut text = String::new();
        Self::write(lines, 0, &mut text);
        text
    }

    pub(crate) fn write(lines: &[Self], depth: usize, text: &mut String) {
        for line in lines {
            // Writing to a string cannot fail.
            let _ = write!(text, "{:width$}{}", "", line.key, width = 2 * depth);
            if !line.value.is_empty() {
                let _ = write!(text, ": {}", line.value);
            }
            for note in &line.notes {
                let _ = write!(text, ", {note}");
            }
            text.push('\n');
            Self::write(&line.below, depth + 1, text);
        }
    }

    /// Reads one line, without those below it.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = split(text, ", ").into_iter();
        let head = parts.next().unwrap_or_default();
        let mut words = split(head, ": ").into_iter();
        let key = words.next().unwrap_or_default();
        let value = head.get(key.len() + 2..).unwrap_or_default();
        Self {
            key: key.into(),
            value: value.into(),
            notes: parts.map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The line below that has this key.
    pub(crate) fn find<'a>(lines: &'a [Self], key: &str) -> Option<&'a Self> {
        lines.iter().find(|line| line.key == key)
    }

    /// The value with its notes.
    pub(crate) fn rest(&self) -> String {
        let mut rest = self.value.clone();
        for note in &self.notes {
            if !rest.is_empty() {
                rest.push_str(", ");
            }
            rest.push_str(note);
        }
        rest
    }
}

/// Splits at `separator` outside of quotes and brackets.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0_usize, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && at >= start && text[at..].starts_with(separator) => {
                parts.push(&text[start..at]);
                start = at + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A name as it is written in a line: in quotes if it is ambiguous otherwise.
pub(crate) fn quoted(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-/@$:".contains(c);
    if !name.is_empty() && name.chars().all(|c| is_plain(c) || c == '.') && !name.starts_with("..") {
        return Cow::Borrowed(name);
    }
    let mut text = String::from("\"");
    for character in name.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            _ if character.is_control() => text.extend(character.escape_unicode()),
            _ => text.push(character),
        }
    }
    Cow::Owned(text + "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        for text in [
            "cents: i64",
            "note: option<map<string, list<u8>>>, default, alias old_note, omitted if Option::is_none",
            "Eur",
            "Eur, alias euro",
            "..Address",
            "\"a, b: c\": (i64, string), default \"x::y\"",
            "\"say \\\"hi\\\", you\": string",
            "payload: enum, tag type",
        ] {
            let line = Line::parse(text);
            assert_eq!(Line::text(&[line]), format!("{text}\n"));
        }
        let line = Line::parse("\"a, b: c\": (i64, string), default");
        assert_eq!((line.key.as_str(), line.value.as_str()), ("\"a, b: c\"", "(i64, string)"));
        assert_eq!(line.notes, ["default"]);
    }

    #[test]
    fn only_a_name_that_could_be_misread_is_quoted() {
        assert_eq!(quoted("amount-paid"), "amount-paid");
        assert_eq!(quoted("größe"), "größe");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("a\n\"b"), "\"a\\u{a}\\\"b\"");
    }
}
