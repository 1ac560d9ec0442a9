//! The next version of an event, to paste.

use std::fmt::Write as _;

use super::keys::keys;
use super::{copies, fields};
use crate::lock::code::Entry;
use crate::lock::diff::lines;
use crate::lock::published::Published;
use crate::shape::Line;

/// What to write: the history of the fields where that can tell it, and a step by hand.
pub(super) fn version(
    published: &Published,
    entry: &Entry,
    (before, now): (&[Line], &[Line]),
    types: &[String],
) -> String {
    let version = published.version;
    let (next, struct_name) = (version + 1, entry.shape.struct_name());
    let old = format!("{struct_name}V{version}");
    let holding = if types.is_empty() { String::from(",") } else { format!(", holding {},", copies(types)) };
    let by_hand = by_hand(version, entry, (before, now), &old);
    match fields::history(version, entry, before, now) {
        Some(history) => format!(
            "Events of version {version} are stored as they were. Undo the change, or make it version {next}, and say on the \
             fields what it changed:\n\n\
             {history}\n\n\
             Or, where code has to say what an old event means, keep the struct as it was under the name \
             `{old}`{holding} and write\n\n\
             {by_hand}\n\n\
             Then run `ES_LOCK=update cargo test`."
        ),
        None => format!(
            "Events of version {version} are stored as they were. Undo the change, or make it version {next}: keep the \
             struct as it was under the name `{old}`{holding} and write\n\n\
             {by_hand}\n\n\
             then run `ES_LOCK=update cargo test`."
        ),
    }
}

/// The version before, kept as a struct, and the step from it.
fn by_hand(version: u32, entry: &Entry, (before, now): (&[Line], &[Line]), old: &str) -> String {
    let struct_name = entry.shape.struct_name();
    let step = step(version, before, now);
    // How the version came from the one before it, the user has said already, by `previous` or by the fields.
    let old_event = match version {
        1 => format!("#[event({})]", keys(entry, version, before)),
        _ => format!("#[event(/* as it was */)] // a step that led to `{struct_name}` leads here now"),
    };
    format!(
        "#[event({keys}, previous = {old})]\n\
         pub struct {struct_name} {{ /* as it is now */ }}\n\n\
         {old_event}\n\
         pub struct {old} {{ /* as it was */ }}\n\n\
         impl es_core::UpcastFrom<{old}> for {struct_name} {{\n\
         \x20   type Error = std::convert::Infallible;\n\
         \x20   fn upcast_from(old: {old}, _: &es_core::UpcastContext<'_>) -> Result<Self, Self::Error> {{\n\
         \x20       {step}\n\
         \x20   }}\n\
         }}",
        keys = keys(entry, version + 1, now),
    )
}

/// The body of the step: what has stayed is moved over.
fn step(version: u32, before: &[Line], now: &[Line]) -> String {
    let types = lines::changed_types(before, now);
    let means_the_same = Line::find(before, "semantics") == Line::find(now, "semantics");
    let has_names = |line: &&Line| matches!(&*line.value, "struct" | "null");
    let fields = |lines: &[Line]| Line::find(lines, "payload").filter(has_names).cloned();
    let (Some(before), Some(now)) = (fields(before), fields(now)) else {
        return format!("todo!(\"what version {version} means today\")");
    };
    if now.value == "null" {
        return "Ok(Self)".into();
    }
    let mut text = String::from("Ok(Self {");
    for field in &now.below {
        let name = field.key.as_str();
        if !fields::is_ident(name) {
            continue;
        }
        let same = means_the_same
            && Line::find(&before.below, name).is_some_and(|old| old.value == field.value)
            && !types.iter().any(|changed| lines::mentions(&field.value, changed));
        let mut old = before.below.iter().filter(|old| Line::find(&now.below, &old.key).is_none());
        let new = now.below.iter().filter(|new| Line::find(&before.below, &new.key).is_none()).count();
        let renamed = match (old.next(), old.next(), new) {
            (Some(old), None, 1) if old.rest() == field.rest() => Some(old.key.clone()),
            _ => None,
        };
        let value = if same {
            format!("old.{name}")
        } else if let Some(old) =
            renamed.filter(|_| means_the_same && Line::find(&before.below, name).is_none())
        {
            format!("old.{old}")
        } else {
            format!("todo!(\"from version {version}\")")
        };
        // Writing to a string cannot fail.
        let _ = write!(text, " {name}: {value},");
    }
    text.trim_end_matches(',').to_owned() + " })"
}
