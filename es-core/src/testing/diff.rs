//! Readable differences: what is common, what is missing (`-`), what is too much (`+`).

use std::fmt::{self, Display, Write};

/// An event as a test shows it.
#[derive(Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    /// JSON with its keys in order.
    pub(crate) payload: String,
}

impl Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{} {}", self.name, self.version, self.payload)
    }
}

/// The difference between two lists; `None` if they are the same.
pub(crate) fn difference<T: PartialEq + Display>(expected: &[T], found: &[T]) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut text = String::from("  (- expected, + found)\n");
    let mut line = |sign: char, item: Option<&T>| {
        // Writing to a string cannot fail.
        let _ = match item {
            Some(item) => writeln!(text, "  {sign} {item}"),
            None => writeln!(text, "  {sign} (nothing)"),
        };
    };
    let common = common(expected, found);
    let (mut left, mut right) = (0, 0);
    for (l, r) in common.into_iter().chain([(expected.len(), found.len())]) {
        expected[left..l].iter().for_each(|item| line('-', Some(item)));
        found[right..r].iter().for_each(|item| line('+', Some(item)));
        if let Some(item) = expected.get(l) {
            line(' ', Some(item));
        }
        (left, right) = (l + 1, r + 1);
    }
    if expected.is_empty() {
        line('-', None);
    }
    if found.is_empty() {
        line('+', None);
    }
    Some(text)
}

/// The pairs of a longest common subsequence. Lists in tests are short, so the table is small.
fn common<T: PartialEq>(expected: &[T], found: &[T]) -> Vec<(usize, usize)> {
    let mut lengths = vec![vec![0_usize; found.len() + 1]; expected.len() + 1];
    for l in (0..expected.len()).rev() {
        for r in (0..found.len()).rev() {
            lengths[l][r] = if expected[l] == found[r] {
                lengths[l + 1][r + 1] + 1
            } else {
                lengths[l + 1][r].max(lengths[l][r + 1])
            };
        }
    }
    let (mut l, mut r, mut pairs) = (0, 0, Vec::new());
    while l < expected.len() && r < found.len() {
        if expected[l] == found[r] {
            pairs.push((l, r));
            (l, r) = (l + 1, r + 1);
        } else if lengths[l + 1][r] >= lengths[l][r + 1] {
            l += 1;
        } else {
            r += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(expected: &[&str], found: &[&str]) -> String {
        difference(expected, found).unwrap_or_default()
    }

    #[test]
    fn a_difference_keeps_what_is_common() {
        assert_eq!(text(&["a"], &["a"]), "");
        let head = "  (- expected, + found)\n";
        assert_eq!(text(&["a", "b", "d"], &["a", "c", "d"]), format!("{head}    a\n  - b\n  + c\n    d\n"));
        assert_eq!(text(&[], &["a"]), format!("{head}  + a\n  - (nothing)\n"));
        assert_eq!(text(&["a"], &[]), format!("{head}  - a\n  + (nothing)\n"));
    }
}
