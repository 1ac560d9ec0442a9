//! Wire names that moved from one Rust item to another while the first still exists under another name.
//!
//! The shapes are then unchanged, and stored values are read as the other item. The Rust names are in the
//! lock for this comparison only: renaming only the Rust item is fine.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, Entry};
use super::file::Locked;
use super::findings::Finding;
use super::published::Published;
use super::rust_names::{RUST, rust_lines};
use crate::shape::Line;

/// Everything that changed places.
pub(super) fn compare(code: &Code, locked: &Locked) -> Vec<Finding> {
    let mut findings = events(code, locked);
    for (published, entry) in &code.entries {
        if let Some(before) =
            locked.entries.get(published).filter(|before| before.shape == entry.lines().shape)
        {
            findings.extend(parts(published, entry, &before.rust));
        }
    }
    findings
}

/// A name with what it stands for.
struct ExchangedName {
    name: String,
    was: String,
    is: String,
    /// The name that the first item has now.
    lives_as: Option<String>,
}

/// Names that stand for another item, while the first, or the name of the second, lives on.
fn moved(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<ExchangedName> {
    let mut found = Vec::new();
    for (name, was) in before {
        let Some(is) = now.get(name).filter(|is| *is != was) else { continue };
        let lives_as = now.iter().find(|(other, item)| *item == was && before.get(*other) != Some(was));
        let came_from = before.iter().any(|(other, item)| {
            item == is && other != name && now.get(other).is_some_and(|item| item != is)
        });
        if lives_as.is_some() || came_from {
            let lives_as = lives_as.map(|(name, _)| name.clone());
            found.push(ExchangedName { name: name.clone(), was: was.clone(), is: is.clone(), lives_as });
        }
    }
    found
}

/// Events, by their present names, and the structs of their newest versions.
fn events(code: &Code, locked: &Locked) -> Vec<Finding> {
    let (mut before, mut now) = (BTreeMap::new(), BTreeMap::new());
    // The newest version comes last.
    for (Published { name, .. }, lines) in &locked.entries {
        let path = Line::find(&lines.rust, RUST).map(|line| line.value.clone());
        if let (Some(present), Some(path)) = (code.present(name).next(), path) {
            before.insert(present.to_owned(), path);
        }
    }
    for (Published { name, .. }, entry) in &code.entries {
        if let Some(present) = code.present(name).next() {
            now.insert(present.to_owned(), entry.rust_path.to_owned());
        }
    }
    shorten(&mut before, &mut now);
    let moved = moved(&before, &now);
    if moved.is_empty() {
        return Vec::new();
    }
    vec![finding("event", "", "stored events", &moved, "#[event(name = …)]")]
}

/// Paths without modules, where that leaves no doubt: an item that is moved to another module is the same.
fn shorten(before: &mut BTreeMap<String, String>, now: &mut BTreeMap<String, String>) {
    fn ident(path: &str) -> &str {
        path.rsplit("::").next().unwrap_or(path)
    }
    let ambiguous: BTreeSet<String> = [&*before, &*now]
        .into_iter()
        .flat_map(|items| {
            let mut seen = BTreeSet::new();
            items.values().map(|path| ident(path)).filter(move |ident| !seen.insert(*ident))
        })
        .map(ToOwned::to_owned)
        .collect();
    for path in before.values_mut().chain(now.values_mut()) {
        let short = ident(path);
        if !ambiguous.contains(short) {
            *path = short.to_owned();
        }
    }
}

/// Fields, variants and types of one version.
fn parts(published: &Published, entry: &Entry, before: &[Line]) -> Vec<Finding> {
    let shape = entry.lines().shape;
    let now = rust_lines(entry.rust_path, &shape);
    let mut findings = Vec::new();
    let types: Vec<&Line> = shape.iter().filter(|line| line.key.starts_with("type ")).collect();
    let names: Vec<&str> = types.iter().map(|line| line.key.trim_start_matches("type ")).collect();
    findings.extend(part(published, "type", "", &format!("{RUST} type "), &names, (before, &now)));
    for line in &shape {
        let name = line.key.trim_start_matches("type ");
        let of = if line.key == "payload" { entry.shape.struct_name() } else { name };
        containers(published, of, &format!("{RUST} {name}."), line, (before, &now), &mut findings);
    }
    findings
}

fn containers(
    published: &Published,
    of: &str,
    place: &str,
    line: &Line,
    lines: (&[Line], &[Line]),
    findings: &mut Vec<Finding>,
) {
    let kind = if line.value == "enum" { "variant" } else { "field" };
    let names: Vec<&str> = line.below.iter().map(|part| part.key.as_str()).collect();
    findings.extend(part(published, kind, of, place, &names, lines));
    for part in line.below.iter().filter(|part| !part.below.is_empty()) {
        let of = format!("{of}::{}", part.key);
        containers(published, &of, &format!("{place}{}.", part.key), part, lines, findings);
    }
}

fn part(
    published: &Published,
    kind: &str,
    of: &str,
    place: &str,
    names: &[&str],
    (before, now): (&[Line], &[Line]),
) -> Option<Finding> {
    let rust = |lines: &[Line]| -> BTreeMap<String, String> {
        let rust = |name: &&str| {
            let line = Line::find(lines, &format!("{place}{name}"));
            line.map_or_else(|| (*name).to_owned(), |line| line.value.clone())
        };
        names.iter().map(|name| ((*name).to_owned(), rust(name))).collect()
    };
    let moved = moved(&rust(before), &rust(now));
    if moved.is_empty() {
        return None;
    }
    let of = if of.is_empty() { String::new() } else { format!(" of `{of}`") };
    let attribute = if kind == "type" { "#[shape(name = …)]" } else { "#[serde(rename = …)]" };
    Some(finding(kind, &format!("{of} in {published}"), "stored values", &moved, attribute))
}

fn finding(kind: &str, of: &str, stored: &str, moved: &[ExchangedName], attribute: &str) -> Finding {
    let mut text = String::new();
    for ExchangedName { name, was, is, lives_as } in moved {
        let lives = lives_as.as_ref().map_or_else(String::new, |lives| format!(", and `{was}` is `{lives}`"));
        text.push_str(&format!("the {kind} `{name}`{of} was `{was}` in Rust and is `{is}` now{lives}\n"));
    }
    text.push_str(&format!(
        "Is it the same thing under another Rust name? If not, {stored} of one name would be read as those \
         of the other: give the names back with `{attribute}`.\n\
         If only Rust names were exchanged, `ES_LOCK=update cargo test` writes the new ones into events.lock."
    ));
    Finding::new(text)
}
