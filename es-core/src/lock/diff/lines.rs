//! What differs between two texts of one event, in words.

use std::collections::BTreeSet;

use crate::shape::Line;

/// One sentence for each difference.
pub(in crate::lock) fn differences(before: &[Line], now: &[Line]) -> Vec<String> {
    let mut found = Vec::new();
    for old in before {
        let Some(new) = Line::find(now, &old.key) else {
            if old.key == "semantics" {
                found.push(format!("the semantics {} are gone", old.value));
            }
            continue;
        };
        if old == new {
            continue;
        }
        let place = LinePlace::of(&old.key, before);
        if old.key == "semantics" {
            found.push(format!("the semantics were {} and are {} now", old.value, new.value));
        } else {
            compare_line(old, new, &place, &mut found);
        }
    }
    if let Some(semantics) =
        Line::find(now, "semantics").filter(|_| Line::find(before, "semantics").is_none())
    {
        found.push(format!("the semantics are {} now", semantics.value));
    }
    hint_at_renamed_types(before, now, &mut found);
    if found.is_empty() {
        found.push("a type in it has another name, or stands in another order".into());
    }
    found
}

/// Where a line stands, in words.
struct LinePlace {
    /// The whole.
    subject: String,
    /// Behind the name of a part.
    of: String,
    /// Where the type is used.
    at: String,
    parts: &'static str,
}

impl LinePlace {
    fn of(key: &str, lines: &[Line]) -> Self {
        let Some(name) = key.strip_prefix("type ") else {
            return Self {
                subject: "the payload".into(),
                of: String::new(),
                at: String::new(),
                parts: "field",
            };
        };
        let is_enum = Line::find(lines, key).is_some_and(|line| line.value == "enum");
        let at = path_to(lines, name).map_or_else(String::new, |way| format!(" (at `{way}`)"));
        let parts = if is_enum { "variant" } else { "field" };
        Self { subject: format!("the type `{name}`"), of: format!(" of `{name}`"), at, parts }
    }
}

fn compare_line(old: &Line, new: &Line, place: &LinePlace, found: &mut Vec<String>) {
    let LinePlace { subject, at, .. } = place;
    match (&*old.value, &*new.value) {
        (was, is) if was == is => compare_notes(subject, old, new, at, found),
        // The first field of a struct is a field that was added, whatever becomes of the JSON.
        ("null", "struct") => found.push(format!("{subject}{at} was `null`, without any field")),
        ("struct", "null") => found.push(format!("{subject}{at} is `null` now, without any field")),
        (was, is) => {
            found.push(format!("{subject}{at} was `{was}` and is `{is}` now"));
            return;
        }
    }
    compare_parts(&old.below, &new.below, place, found);
}

fn compare_parts(old: &[Line], new: &[Line], place: &LinePlace, found: &mut Vec<String>) {
    let LinePlace { of, at, parts, .. } = place;
    let before = found.len();
    compare_names(old, new, place, found);
    for part in old {
        let Some(now) = Line::find(new, &part.key).filter(|now| *now != part) else { continue };
        let subject = format!("{parts} {}{of}", name(part));
        if part.value == now.value {
            compare_notes(&subject, part, now, at, found);
            let within = LinePlace {
                subject: subject.clone(),
                of: format!(" of {}{of}", name(part)),
                at: at.clone(),
                parts: "field",
            };
            compare_parts(&part.below, &now.below, &within, found);
        } else {
            let value = |line: &Line| if line.value.is_empty() { "null".into() } else { line.value.clone() };
            found.push(format!("{subject} was `{}` and is `{}` now{at}", value(part), value(now)));
        }
    }
    let order = |lines: &[Line]| lines.iter().map(|line| line.key.clone()).collect::<Vec<_>>();
    if found.len() == before && old.len() == new.len() && order(old) != order(new) {
        found.push(format!(
            "the {parts}s{of}{at} stood in the order {} and stand in the order {} now",
            order(old).join(", "),
            order(new).join(", ")
        ));
    }
}

/// Which parts are gone, added and renamed.
fn compare_names(old: &[Line], new: &[Line], place: &LinePlace, found: &mut Vec<String>) {
    let LinePlace { of, at, parts, .. } = place;
    let gone: Vec<&Line> = old.iter().filter(|part| Line::find(new, &part.key).is_none()).collect();
    let added: Vec<&Line> = new.iter().filter(|part| Line::find(old, &part.key).is_none()).collect();
    let renamed = renamed(old, new);
    if renamed.len() > 1 && renamed.len() == gone.len() && gone.len() == added.len() {
        let pairs: Vec<String> =
            renamed.iter().map(|(old, new)| format!("{} as {}", name(old), name(new))).collect();
        found.push(format!("{parts}s{of} are written otherwise{at}: {}", pairs.join(", ")));
    } else {
        for (gone, added) in &renamed {
            found.push(format!("{parts} {}{of} was renamed to {}{at}", name(gone), name(added)));
        }
        for part in gone.into_iter().filter(|part| renamed.iter().all(|(old, _)| old != part)) {
            found.push(format!("{parts} {}{of} was removed{at}", shown(part)));
        }
        for part in added.into_iter().filter(|part| renamed.iter().all(|(_, new)| new != part)) {
            found.push(format!("{parts} {}{of} was added{at}", shown(part)));
        }
    }
}

/// Parts that have another name and are the same otherwise, each old one with the new one: the only one that
/// is gone with the only one that is new, and those whose names differ in case and separators only, as after
/// a change of `rename_all`.
pub(in crate::lock) fn renamed<'a>(old: &'a [Line], new: &'a [Line]) -> Vec<(&'a Line, &'a Line)> {
    let only_in = |lines: &'a [Line], others: &[Line]| -> Vec<&'a Line> {
        lines.iter().filter(|line| Line::find(others, &line.key).is_none()).collect()
    };
    let (gone, added) = (only_in(old, new), only_in(new, old));
    let is_same = |old: &Line, new: &Line| {
        let have_names = !old.key.starts_with("..") && !new.key.starts_with("..");
        have_names && old.rest() == new.rest() && old.below == new.below
    };
    if let ([old], [new]) = (&gone[..], &added[..]) {
        return if is_same(old, new) { vec![(*old, *new)] } else { Vec::new() };
    }
    let letters = |part: &Line| -> String {
        part.key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mut pairs = Vec::new();
    for old in gone {
        let mut same = added.iter().filter(|new| letters(new) == letters(old) && is_same(old, new));
        if let (Some(new), None) = (same.next(), same.next()) {
            pairs.push((old, *new));
        }
    }
    pairs
}

/// The named types that are not what they were, and those that hold one of them, by name.
pub(in crate::lock) fn changed_types(before: &[Line], now: &[Line]) -> BTreeSet<String> {
    let types = || before.iter().filter_map(|line| Some((line.key.strip_prefix("type ")?, line)));
    let mut changed: BTreeSet<String> = types()
        .filter(|(_, line)| Line::find(now, &line.key).is_some_and(|now| now != *line))
        .map(|(name, _)| name.to_owned())
        .collect();
    loop {
        let holders = types().filter(|(_, line)| {
            leaves(line).iter().any(|(_, value)| changed.iter().any(|name| mentions(value, name)))
        });
        let more: Vec<String> =
            holders.map(|(name, _)| name.to_owned()).filter(|name| !changed.contains(name)).collect();
        if more.is_empty() {
            return changed;
        }
        changed.extend(more);
    }
}

/// Notes are compared one by one; the same note with another value has changed.
fn compare_notes(subject: &str, old: &Line, new: &Line, at: &str, found: &mut Vec<String>) {
    let kind = |note: &str| match note.rsplit_once(' ') {
        Some((kind, _)) if !note.starts_with("with ") => kind.to_owned(),
        _ => note.split(' ').next().unwrap_or_default().to_owned(),
    };
    let gone: Vec<&String> = old.notes.iter().filter(|note| !new.notes.contains(note)).collect();
    let mut added: Vec<&String> = new.notes.iter().filter(|note| !old.notes.contains(note)).collect();
    for note in gone {
        match added.iter().position(|other| kind(other) == kind(note)) {
            Some(place) => {
                let other = added.remove(place);
                found.push(format!("{subject} was `{note}` and is `{other}` now{at}"));
            }
            None => found.push(format!("{subject} is no longer `{note}`{at}")),
        }
    }
    for note in added {
        found.push(format!("{subject} is `{note}` now{at}"));
    }
}

/// Renaming a struct or an enum changes nothing on the wire, so it can be undone in the shape alone. Not so a
/// newtype, whose name is all that tells cents from euros.
fn hint_at_renamed_types(before: &[Line], now: &[Line], found: &mut Vec<String>) {
    let only_in = |lines: &[Line], others: &[Line]| -> Vec<Line> {
        let is_type =
            |line: &&Line| line.key.starts_with("type ") && matches!(&*line.value, "struct" | "enum");
        lines.iter().filter(is_type).filter(|line| Line::find(others, &line.key).is_none()).cloned().collect()
    };
    let added = only_in(now, before);
    for old in only_in(before, now) {
        let same = added
            .iter()
            .find(|new| (&new.value, &new.notes, &new.below) == (&old.value, &old.notes, &old.below));
        if let Some(new) = same
            && shape_name(&old.key) != shape_name(&new.key)
        {
            let (old, now) = (shape_name(&old.key), rust_type(new));
            found.push(format!(
                "`{now}` is what `{old}` was: if only its Rust name changed, write `#[shape(name = \
                 \"{old}\")]` on it and nothing has changed"
            ));
        }
    }
}

/// The name of a type in shapes, as `#[shape(name = …)]` takes it: without its arguments and its number.
pub(in crate::lock) fn shape_name(key: &str) -> &str {
    let name = key.strip_prefix("type ").unwrap_or(key);
    name.split(['<', '#']).next().unwrap_or(name)
}

/// The name of a type in Rust, without its arguments.
pub(in crate::lock) fn rust_type(line: &Line) -> &str {
    line.rust.as_deref().map_or_else(|| shape_name(&line.key), |rust| rust.split('<').next().unwrap_or(rust))
}

fn name(part: &Line) -> String {
    format!("`{}`", part.key)
}

/// A part with what it holds.
fn shown(part: &Line) -> String {
    let rest = part.rest();
    if rest.is_empty() { name(part) } else { format!("`{}: {rest}`", part.key) }
}

/// The fields that lead from the payload to a type.
fn path_to(lines: &[Line], to: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![("payload".to_owned(), String::new())];
    while !ways.is_empty() {
        for (key, way) in std::mem::take(&mut ways) {
            let Some(line) = Line::find(lines, &key).filter(|_| seen.insert(key.clone())) else { continue };
            for (part, value) in leaves(line) {
                let way = if way.is_empty() || part.is_empty() {
                    way.clone() + &part
                } else {
                    format!("{way}.{part}")
                };
                for other in lines.iter().filter_map(|line| line.key.strip_prefix("type ")) {
                    if mentions(&value, other) {
                        if other == to {
                            return Some(if way.is_empty() { "payload".into() } else { way });
                        }
                        ways.push((format!("type {other}"), way.clone()));
                    }
                }
            }
        }
    }
    None
}

/// The parts of a line that hold types, each with its name.
fn leaves(line: &Line) -> Vec<(String, String)> {
    let mut leaves = vec![(String::new(), line.value.clone())];
    for part in &line.below {
        for (inner, value) in leaves_of_part(part) {
            leaves.push((inner, value));
        }
    }
    leaves
}

fn leaves_of_part(part: &Line) -> Vec<(String, String)> {
    if part.key.starts_with("..") {
        return vec![(String::new(), part.key.clone())];
    }
    let own = (part.key.clone(), part.value.clone());
    let below = part.below.iter().map(|field| (format!("{}.{}", part.key, field.key), field.value.clone()));
    std::iter::once(own).chain(below).collect()
}

pub(in crate::lock) fn mentions(value: &str, name: &str) -> bool {
    let is_part =
        |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || "_#:".contains(c));
    value.match_indices(name).any(|(at, _)| {
        !is_part(value[..at].chars().next_back()) && !is_part(value[at + name.len()..].chars().next())
    })
}
