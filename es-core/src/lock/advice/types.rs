//! Advice for a change of a type that its own history can express, so that no event needs a new version.

use super::names;
use crate::lock::code::Entry;
use crate::lock::diff::lines::{renamed, rust_type};
use crate::shape::{HISTORY, Line};

/// What to write on the changed types; `None` if a history cannot express all of it.
pub(in crate::lock) fn history(before: &[Line], now: &[Line], entry: &Entry) -> Option<String> {
    let (mut advice, mut count) = (Vec::new(), 0);
    for old in before.iter().filter(|line| line.key.starts_with("type ")) {
        let Some(new) = Line::find(now, &old.key).filter(|new| *new != old) else { continue };
        let next = newest_version(entry, &old.key) + 1;
        of_type(old, new, next, &mut advice)?;
        count += 1;
    }
    let (itself, derives) = match count {
        0 => return None,
        1 => ("the type itself describes the change", "It derives"),
        _ => ("the types themselves describe the change", "They derive"),
    };
    Some(format!(
        "No event needs a new version if {itself}: {}. {derives} `Shape` without `Deserialize` then, as \
         `Shape` also reads what was stored before.",
        advice.join(", ")
    ))
}

/// The newest version of a type in its history in the code.
fn newest_version(entry: &Entry, key: &str) -> u32 {
    let of = format!("{HISTORY}{} ", key.trim_start_matches("type "));
    let versions =
        entry.history.iter().filter_map(|line| line.key.strip_prefix(&of)?.split(' ').next()?.parse().ok());
    versions.max().unwrap_or(1)
}

fn of_type(old: &Line, new: &Line, next: u32, advice: &mut Vec<String>) -> Option<()> {
    let name = rust_type(new);
    let is_untagged = old.notes.iter().any(|note| note == "untagged");
    if old.value != new.value || old.notes != new.notes || is_untagged {
        return None;
    }
    match old.value.as_str() {
        "struct" => fields(&old.below, &new.below, (name, next), advice),
        "enum" => variants(&old.below, &new.below, (name, next), advice),
        _ => None,
    }
}

fn variants(old: &[Line], new: &[Line], (name, next): (&str, u32), advice: &mut Vec<String>) -> Option<()> {
    let renamed = renamed(old, new);
    for variant in new {
        let of = format!("{name}::{}", names::rust(variant)?);
        match Line::find(old, &variant.key) {
            Some(same) if same == variant => {}
            Some(other) if (&other.value, &other.notes) == (&variant.value, &variant.notes) => {
                fields(&other.below, &variant.below, (&of, next), advice)?;
            }
            Some(_) => return None,
            None => advice.push(match renamed.iter().find(|(_, new)| *new == variant) {
                Some((old, _)) => {
                    format!("`#[shape(renamed(in = {next}, from = {}))]` on `{of}`", names::literal(&old.key))
                }
                None => format!("`#[shape(added(in = {next}))]` on `{of}`"),
            }),
        }
    }
    let is_gone = |line: &&Line| Line::find(new, &line.key).is_none();
    let is_renamed = |line: &Line| renamed.iter().any(|(old, _)| *old == line);
    // Stored values of a removed variant need a variant to be read as.
    old.iter().filter(is_gone).all(is_renamed).then_some(())
}

fn fields(old: &[Line], new: &[Line], (name, next): (&str, u32), advice: &mut Vec<String>) -> Option<()> {
    // A flattened field may contain a field of any name.
    if old.iter().chain(new).any(|field| field.key.starts_with("..")) {
        return None;
    }
    let renamed = renamed(old, new);
    for field in new {
        let of = format!("{name}::{}", names::rust(field)?);
        match Line::find(old, &field.key) {
            Some(same) if same == field => {}
            Some(_) => return None,
            None => advice.push(match renamed.iter().find(|(_, new)| *new == field) {
                Some((old, _)) => {
                    format!("`#[shape(renamed(in = {next}, from = {}))]` on `{of}`", names::literal(&old.key))
                }
                None => format!("`#[shape(added(in = {next}, default = …))]` on `{of}`{}", instead(field)?),
            }),
        }
    }
    for field in old.iter().filter(|field| Line::find(new, &field.key).is_none()) {
        if renamed.iter().all(|(old, _)| *old != field) {
            let rust = names::rust(field)?;
            let rename = match rust.trim_start_matches("r#") == field.key {
                true => String::new(),
                false => format!("#[serde(rename = {})] ", names::literal(&field.key)),
            };
            advice.push(format!("`#[shape(removed(in = {next}, {rename}{rust}: …))]` above `{name}`"));
        }
    }
    Some(())
}

/// The notes that an added field may have.
const KEPT: [&str; 4] = ["alias ", "by ", "read by ", "written by "];

/// What `added` replaces; `None` if it cannot.
fn instead(field: &Line) -> Option<&'static str> {
    let mut instead = "";
    for note in &field.notes {
        if note == "default" || note.starts_with("default ") {
            instead = " instead of `#[serde(default)]`";
        } else if note != "omitted if Option::is_none" && !KEPT.iter().any(|kept| note.starts_with(kept)) {
            return None;
        }
    }
    Some(instead)
}
