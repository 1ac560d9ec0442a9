//! Functions and files stay small, counted in lines as rustfmt writes them.

use crate::source::Files;

/// Of a function, from its first line to its closing brace.
const LONGEST_FUNCTION: usize = 45;
/// Of a file, without its docs and its tests.
const LONGEST_FILE: usize = 300;

/// Functions and files that are too long.
pub(crate) fn too_long(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        let lines: Vec<&str> = text.lines().collect();
        let code = &lines[..tests_begin(&lines)];
        for (at, name) in code.iter().enumerate().filter_map(|(at, line)| Some((at, function(line)?))) {
            let length = length(&code[at..]);
            if length > LONGEST_FUNCTION {
                found.push(format!("{path}:{}: `{name}` has {length} lines", at + 1));
            }
        }
        let length = code.iter().filter(|line| !is_docs(line)).count();
        if length > LONGEST_FILE {
            found.push(format!("{path} has {length} lines"));
        }
    }
    found
}

/// Where the tests of a file begin, or its end.
fn tests_begin(lines: &[&str]) -> usize {
    let is_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ");
    lines.windows(2).position(is_tests).unwrap_or(lines.len())
}

fn is_docs(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("///") || line.starts_with("//!")
}

/// The name of the function that begins on this line.
fn function(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let before = |word: &&str| {
        matches!(*word, "pub" | "const" | "async" | "unsafe")
            || word.starts_with("pub(")
            || word.ends_with(')')
    };
    let keyword = words.find(|word| !before(word))?;
    let name = words.next().filter(|_| keyword == "fn")?;
    name.split(['(', '<']).next()
}

/// The number of lines of a function that begins on the first of these; `None` if it has no body.
fn length(lines: &[&str]) -> usize {
    let first = lines[0];
    let indent = &first[..first.len() - first.trim_start().len()];
    let begins_with_own = |rest: &str| !rest.is_empty() && !rest.starts_with([' ', ')']);
    let is_own = |line: &&str| line.strip_prefix(indent).is_some_and(begins_with_own);
    // A signature over several lines continues with `)`; a function with a body ends with its brace alone.
    let ends = lines.iter().position(|line| {
        let rest = line.strip_prefix(indent).unwrap_or_default();
        rest == "}" || rest.starts_with(')') && rest.ends_with(';')
    });
    let next = lines[1..].iter().position(is_own).map_or(lines.len(), |at| at + 1);
    match ends {
        Some(end) if first.ends_with(';') || first.ends_with('}') || next < end => 1,
        Some(end) => end + 1,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: String) -> Files {
        Files::from([("made_up.rs".to_owned(), text)])
    }

    #[test]
    fn a_function_that_is_one_line_too_long_is_reported() {
        let body = |lines: usize| "        work();\n".repeat(lines);
        let of = |lines: usize| {
            let body = body(lines - 4);
            file(format!(
                "impl It {{\n    pub(super) async fn long(\n        &self,\n    ) {{\n{body}    }}\n}}\n"
            ))
        };
        assert_eq!(too_long(&of(LONGEST_FUNCTION)), Vec::<String>::new());
        assert_eq!(too_long(&of(LONGEST_FUNCTION + 1)), ["made_up.rs:2: `long` has 46 lines"]);
    }

    #[test]
    fn an_empty_line_does_not_end_a_function() {
        let of = |calls: usize| file(format!("fn calls() {{\n{}}}\n", "    work();\n\n".repeat(calls)));
        assert_eq!(too_long(&of(20)), Vec::<String>::new());
        assert_eq!(too_long(&of(22)), ["made_up.rs:1: `calls` has 46 lines"]);
    }

    #[test]
    fn a_signature_without_a_body_has_no_length() {
        let more = "    /// Docs.\n".repeat(60);
        let text = format!(
            "trait It {{\n    fn one(&self);\n{more}    fn two(\n        &self,\n    ) -> u8;\n{more}}}\n"
        );
        assert_eq!(too_long(&file(text)), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_is_too_long_is_reported_without_counting_docs_and_tests() {
        let (docs, code) = ("//! Docs.\n".repeat(300), "use it;\n".repeat(LONGEST_FILE));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    use it;\n".repeat(300));
        assert_eq!(too_long(&file(format!("{docs}{code}{tests}"))), Vec::<String>::new());
        assert_eq!(too_long(&file(format!("{code}use it;\n"))), ["made_up.rs has 301 lines"]);
    }
}
