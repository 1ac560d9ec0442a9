//! Findings about stored payloads that are read differently than before.

use super::line;
use crate::codec::Exact;
use crate::lock::code::{Code, Entry};
use crate::lock::diff::lines;
use crate::lock::findings::Finding;
use crate::lock::payloads::Folder;
use crate::lock::published::Published;
use crate::lock::today::{Difference, Unclear};
use crate::shape::Line;

/// A payload that cannot be read, or is read differently each time.
pub(in crate::lock) fn unclear(published: &Published, place: &str, unclear: &Unclear) -> Finding {
    Finding::new(match unclear {
        Unclear::Unread(problem) => format!(
            "{place} can no longer be read: {problem}\n\
             Events like it are stored. Make the code read {published} again, and leave the payload as it is."
        ),
        Unclear::Unsteady(reader, difference) => format!(
            "{place} is read by {reader} differently each time: {difference}\n\
             A stored event must always mean the same. Write a constant where the code uses the clock, a \
             random number or the order of a hash map: in a default, in `UpcastFrom`, in `Retired`, or in \
             code that reads a field. When the event was stored is in the `UpcastContext`."
        ),
    })
}

/// Payloads of one version whose meaning has changed.
pub(in crate::lock) fn changed(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    payloads: &[(usize, (Exact, Difference))],
    means_the_same: &dyn Fn(&Published) -> bool,
) -> Finding {
    let file = Folder::name(published);
    let Some((at, (stored, difference))) = payloads.first() else {
        return Finding::new(format!("{file} means something else now"));
    };
    let Difference { reader, text: what, meant, means } = difference;
    let is_newest = entries.iter().any(|entry| entry.newest.0 == published.version && !entry.is_retired);
    let mut text = String::new();
    if is_newest && meant == stored {
        line(&mut text, &format!("payload {} of {file} is written differently now: {what}", at + 1));
    } else {
        line(&mut text, &format!("payload {} of {file} means something else now: {what}", at + 1));
    }
    line(&mut text, &format!("  stored: {stored}\n  meant:  {meant}\n  means:  {means}"));
    if let [_, others @ ..] = payloads
        && !others.is_empty()
    {
        let others: Vec<String> = others.iter().map(|(at, _)| (at + 1).to_string()).collect();
        let word = if others.len() == 1 { "payload" } else { "payloads" };
        line(&mut text, &format!("So does {word} {}.", others.join(", ")));
    }
    let causes: Vec<String> = causes(code, published, entries, stored, what, means_the_same);
    let from = match &causes[..] {
        [] => format!("The code by which {reader} reads it has changed."),
        [cause] => format!("It comes from {cause}."),
        several => format!("It comes from one of these:\n  - {}", several.join("\n  - ")),
    };
    line(&mut text, &from);
    line(
        &mut text,
        &format!(
            "Events like it are stored. Undo the change; if new events should mean something else, make a \
             new version.\n\
             If stored events should mean this from now on, `ES_LOCK=update cargo test` writes it into \
             {file}."
        ),
    );
    Finding::new(text.trim_end())
}

/// The possible causes, most likely first.
fn causes(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    stored: &Exact,
    what: &str,
    means_the_same: &dyn Fn(&Published) -> bool,
) -> Vec<String> {
    let mut causes = Vec::new();
    let Some(entry) = entries.first() else { return causes };
    let (newest, newest_struct) = entry.newest;
    let later = |version: u32| code.version_of(entry.shape.name(), version);
    // From a version on that still means the same, the upcasts are unchanged.
    let end = (published.version + 1..=newest)
        .find(|version| later(*version).is_some_and(|(later, _)| means_the_same(later)))
        .unwrap_or(newest);
    for version in published.version..end {
        if let (Some((_, from)), Some((_, to))) = (later(version), later(version + 1)) {
            let (old, new) = (from.shape.struct_name(), to.shape.struct_name());
            causes.push(match from.is_of_history {
                true => format!("the attributes on the fields of `{newest_struct}` for version {version}"),
                false => {
                    format!(
                        "the upcast from version {version} to {}: `UpcastFrom<{old}> for {new}`",
                        version + 1
                    )
                }
            });
        }
    }
    if end == newest && entry.is_retired {
        causes.push(format!("`Retired<{newest_struct}>`, which converts the event to current events"));
    }
    let fields = of_fields(entry, stored, what, &causes);
    causes.extend(fields);
    causes
}

/// The possible causes in the fields on the path to the difference, in addition to other causes.
fn of_fields(entry: &Entry, stored: &Exact, what: &str, others: &[String]) -> Vec<String> {
    let lines = entry.shape.lines();
    let path = what.split('`').nth(1).unwrap_or_default();
    let mut causes = Vec::new();
    let (mut at, mut value) = (Line::find(&lines, "payload"), Some(stored));
    for key in path.split('.') {
        let Some(of) = at else { break };
        let defaulted = |line: &Line| line.notes.iter().find(|note| note.starts_with("default")).cloned();
        value = match value {
            Some(Exact::Array(values)) => key.parse().ok().and_then(|key: usize| values.get(key)),
            Some(value) => value.get(key),
            None => None,
        };
        let field = Line::find(&of.below, key);
        let note = field.and_then(defaulted).or_else(|| defaulted(of));
        if let (None, Some(note)) = (value, note) {
            causes.push(default(key, &note));
            return causes;
        }
        let holder = field.map_or(&of.value, |field| &field.value);
        let named =
            |line: &&Line| line.key.strip_prefix("type ").is_some_and(|name| lines::mentions(holder, name));
        at = lines.iter().find(named).or(field);
    }
    let first = path.split('.').next().unwrap_or_default();
    // The field was created by an upcast, which is among the other causes.
    if !others.is_empty() && stored.get(first).is_none() {
        return causes;
    }
    let field = if first.is_empty() { "the payload".to_owned() } else { format!("`{first}`") };
    causes.push(format!(
        "the code that reads {field}: a `with` module, `from` and `into`, or serde's traits written by hand"
    ));
    causes
}

fn default(key: &str, note: &str) -> String {
    match note.strip_prefix("default ") {
        Some(path) => format!("the default of `{key}`: the function `{}`", path.trim_matches('"')),
        None => format!(
            "the default of `{key}`, which is not stored here (`#[serde(default)]`): an `impl Default`, or \
             the variant that is `#[default]`"
        ),
    }
}
