//! The next version of an event, as code to paste.

use std::fmt::Write as _;

use super::keys::keys;
use super::{copies, fields, names};
use crate::lock::code::Entry;
use crate::lock::diff::lines;
use crate::lock::published::Published;
use crate::shape::Line;

/// What to write: the history of the fields, if that can express the change, and an upcast by hand.
pub(super) fn version(
    published: &Published,
    entry: &Entry,
    (before, now): (&[Line], &[Line]),
    types: &[copies::Changed],
) -> String {
    let version = published.version;
    let (next, struct_name) = (version + 1, entry.shape.struct_name());
    let old = format!("{struct_name}V{version}");
    let keeping = copies::keeping(&copies::gone(before, now));
    let containing =
        if types.is_empty() { String::new() } else { format!(", containing {}", copies::in_words(types)) };
    let by_hand = by_hand(version, entry, (before, now), &old);
    match fields::history(version, entry, before, now) {
        Some(history) => format!(
            "Events of version {version} are stored as they were. Undo the change, or make it version \
             {next}, and describe the change on its fields{keeping}:\n\n\
             {history}\n\n\
             Or, if code has to convert an old event, keep the struct as it was under the name \
             `{old}`{keeping}{containing}, and write\n\n\
             {by_hand}\n\n\
             Then run `ES_LOCK=update cargo test`."
        ),
        None => format!(
            "Events of version {version} are stored as they were. Undo the change, or make it version \
             {next}: keep the struct as it was under the name `{old}`{keeping}{containing}, and write\n\n\
             {by_hand}\n\n\
             then run `ES_LOCK=update cargo test`."
        ),
    }
}

/// The previous version, kept as a struct, and the upcast from it.
fn by_hand(version: u32, entry: &Entry, (before, now): (&[Line], &[Line]), old: &str) -> String {
    let struct_name = entry.shape.struct_name();
    let step = step(version, before, now);
    // `previous` replaces the history.
    let as_it_is_now = match entry.has_history {
        true => "as it is now, without `added`, `renamed` and `removed`",
        false => "as it is now",
    };
    let (body_now, body_was) = (body(now, as_it_is_now), body(before, "as it was"));
    // How that version came from its own previous one is already in the user's code, as `previous` or on the
    // fields.
    let old_event = match version {
        1 => format!("#[event({})]", keys(entry, version, before)),
        _ => format!("#[event(/* as it was */)] // an upcast to `{struct_name}` now leads here"),
    };
    format!(
        "#[event({keys}, previous = {old})]\n\
         pub struct {struct_name}{body_now}\n\n\
         {old_event}\n\
         pub struct {old}{body_was}\n\n\
         impl es_core::UpcastFrom<{old}> for {struct_name} {{\n\
         \x20   type Error = std::convert::Infallible;\n\
         \x20   fn upcast_from(old: {old}, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {{\n\
         \x20       {step}\n\
         \x20   }}\n\
         }}",
        keys = keys(entry, version + 1, now),
    )
}

/// What follows the name of a struct: named fields, a tuple, or nothing.
fn body(lines: &[Line], what: &str) -> String {
    match Line::find(lines, "payload").map(|line| line.value.as_str()) {
        Some("struct") => format!(" {{ /* {what} */ }}"),
        Some("null") => ";".into(),
        _ => format!("(/* {what} */);"),
    }
}

/// The body of the upcast: fields that stay are moved.
fn step(version: u32, before: &[Line], now: &[Line]) -> String {
    let types = lines::changed_types(before, now);
    let means_the_same = Line::find(before, "semantics") == Line::find(now, "semantics");
    let unknown = || format!("todo!(\"what version {version} means now\")");
    let has_names = |line: &&Line| matches!(&*line.value, "struct" | "null");
    let fields = |lines: &[Line]| Line::find(lines, "payload").filter(has_names).cloned();
    let (Some(before), Some(now)) = (fields(before), fields(now)) else {
        return unknown();
    };
    if now.value == "null" {
        return "Ok(Self)".into();
    }
    let mut text = String::from("Ok(Self {");
    for field in &now.below {
        let Some(name) = names::rust(field) else { return unknown() };
        let stayed = Line::find(&before.below, &field.key);
        let renamed = lines::renamed(&before.below, &now.below);
        let renamed = renamed.iter().find(|(_, new)| *new == field).map(|(old, _)| *old);
        let moved = stayed.filter(|old| old.value == field.value).or(renamed).filter(|_| means_the_same);
        let is_changed = types.iter().any(|changed| {
            lines::mentions(&format!("{} {}", field.key.trim_start_matches('.'), field.value), changed)
        });
        let value = match moved.filter(|_| !is_changed) {
            // A flattened field has a name only in the current code.
            Some(old) if old.key.starts_with("..") => format!("old.{name}"),
            Some(old) => format!("old.{}", names::rust(old).unwrap_or(name)),
            None => format!("todo!(\"from version {version}\")"),
        };
        // Writing to a string cannot fail.
        let _ = write!(text, " {name}: {value},");
    }
    text.trim_end_matches(',').to_owned() + " })"
}
