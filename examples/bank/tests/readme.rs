//! The README's quick start is this example: its code, its test and its output.

use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../../../README.md");
const MAIN: &str = include_str!("../src/main.rs");

const STANDARD: [&str; 5] = ["Clone", "Debug", "Default", "Eq", "PartialEq"];

/// The fenced blocks of one language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap_or_default()).collect()
}

#[test]
fn the_readme_shows_the_program_and_its_test() {
    let program = MAIN.find("use es_core").and_then(|at| MAIN[at..].split("#[cfg(test)]").next());
    let test = MAIN.split("#[cfg(test)]").nth(1);
    let rust = blocks("rust");
    assert_eq!(rust[0].trim_end(), program.unwrap_or_default().trim_end());
    assert_eq!(rust[1].trim_end(), format!("#[cfg(test)]{}", test.unwrap_or_default()).trim_end());
}

#[test]
fn the_line_that_locks_the_events_is_the_one_in_the_readme() {
    let lock = MAIN.split("#[cfg(test)]").nth(2).unwrap_or_default();
    assert_eq!(blocks("rust")[3].trim_end(), format!("#[cfg(test)]{lock}").trim_end());
    assert!(include_str!("../events.lock").contains("event account.deposited 1\n"));
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_bank")).output().expect("the program runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), blocks("text")[0]);
}

#[test]
fn the_quick_start_stays_short() {
    let start = README.split("## Quick start").nth(1).and_then(|rest| rest.split("\n## ").next());
    let words = start.unwrap_or_default().split_whitespace().count();
    assert!(words > 200 && words <= 600, "the quick start has {words} words");
}

/// What the program names of this framework and of other crates: what it imports, its attributes and derives.
/// A derive and the attribute that belongs to it are one; those of the standard library do not count.
#[test]
fn the_quick_start_names_at_most_ten_concepts() {
    let program = blocks("rust")[0];
    let mut concepts: BTreeSet<&str> = BTreeSet::new();
    for line in program.lines().map(str::trim_start) {
        if let Some(imports) = line.strip_prefix("use es_core::{") {
            concepts.extend(imports.trim_end_matches("};").split(", "));
        } else if let Some(derives) = line.strip_prefix("#[derive(") {
            concepts
                .extend(derives.trim_end_matches(")]").split(", ").filter(|name| !STANDARD.contains(name)));
        } else if let Some(attribute) = line.strip_prefix("#[") {
            concepts.extend(attribute.split(['(', ']', ' ']).next());
        } else {
            assert!(!line.starts_with("use "), "an import of another form: {line}");
        }
        assert!(!line.contains("es_core::") || line.starts_with("use "), "a name by its path: {line}");
    }
    for (derive, attribute) in [("Aggregate", "aggregate"), ("thiserror::Error", "error")] {
        assert!(concepts.contains(derive) && concepts.remove(attribute), "{derive} of {concepts:?}");
    }
    assert!(concepts.len() >= 8 && concepts.len() <= 10, "{concepts:?}");
}
