//! A change that the history of fields can tell.

use std::fmt::Write as _;

use super::keys::keys;
use crate::lock::code::Entry;
use crate::shape::Line;

/// The struct of the next version with `added`, `renamed` and `removed`, if nothing else has changed and the past is not
/// written by hand.
pub(super) fn history<'a>(
    version: u32,
    entry: &Entry,
    before: &'a [Line],
    now: &'a [Line],
) -> Option<String> {
    if version > 1 && !entry.has_history {
        return None;
    }
    let (was, is) = (Line::find(before, "payload")?, Line::find(now, "payload")?);
    if was.value != "struct" || is.value != "struct" || was.notes != is.notes {
        return None;
    }
    let differs =
        |lines: &[Line], line: &Line| Line::find(lines, &line.key).is_some_and(|other| other != line);
    let is_retyped = was.below.iter().any(|field| differs(&is.below, field));
    let has_other_types = before.iter().any(|line| line.key != "payload" && differs(now, line));
    if is_retyped || has_other_types || Line::find(before, "semantics") != Line::find(now, "semantics") {
        return None;
    }
    let only_in = |lines: &'a Line, others: &Line| -> Vec<&'a Line> {
        lines.below.iter().filter(|field| Line::find(&others.below, &field.key).is_none()).collect()
    };
    let (gone, new) = (only_in(was, is), only_in(is, was));
    let have_names = gone.iter().chain(&new).all(|field| is_ident(&field.key));
    if !have_names || gone.is_empty() && new.is_empty() {
        return None;
    }
    Some(written(entry, keys(entry, version + 1, now), (version, &gone, &new)))
}

fn written(entry: &Entry, mut keys: String, (version, gone, new): (u32, &[&Line], &[&Line])) -> String {
    let (next, mut fields) = (version + 1, String::new());
    if version > 1 {
        keys.push_str(" /* and each `removed(…)` of before */");
    }
    let renamed = match (gone, new) {
        ([old], [field]) if old.rest() == field.rest() && old.below == field.below => Some(&old.key),
        _ => None,
    };
    for field in new {
        let change = match renamed {
            Some(old) => format!("renamed(in = {next}, from = {old:?})"),
            None => format!("added(in = {next}, default = /* what it is in version {version} */)"),
        };
        // Writing to a string cannot fail.
        let _ = write!(fields, "    #[event({change})]\n    {}: /* as it is now */,\n", field.key);
    }
    for field in gone.iter().filter(|_| renamed.is_none()) {
        let _ = write!(keys, ", removed(in = {next}, {}: /* as it was */)", field.key);
    }
    let others = if new.is_empty() { "the fields" } else { "the other fields" };
    let struct_name = entry.shape.struct_name();
    format!("#[event({keys})]\npub struct {struct_name} {{\n{fields}    /* {others} as they are now */\n}}")
}

/// Whether the name in the payload can be that of a field as well.
pub(super) fn is_ident(name: &str) -> bool {
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        && !name.starts_with(|letter: char| letter.is_numeric())
}
