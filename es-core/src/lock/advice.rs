//! What to write when a published version has changed or is gone.

mod fields;
mod keys;
pub(super) mod meaning;
mod next;

use super::code::{Code, Entry};
use super::diff::lines;
use super::file::{self, Locked};
use super::findings::Finding;
use super::published::{ADDED, Published};
use crate::shape::Line;

/// The shape of a published version has changed.
pub(super) fn changed(
    published: &Published,
    entry: &Entry,
    before: &[Line],
    now: &[Line],
    differences: &[String],
) -> Finding {
    let struct_name = entry.shape.struct_name();
    let mut text = format!("{published} (`{struct_name}`) is published, and its shape changed:\n");
    for difference in differences {
        line(&mut text, &format!("  - {difference}"));
    }
    let (newest, newest_struct) = entry.newest;
    let types: Vec<String> = lines::changed_types(before, now).into_iter().collect();
    let only_types =
        ["payload", "semantics"].iter().all(|key| Line::find(before, key) == Line::find(now, key));
    let only_types = only_types && !types.is_empty();
    let them = joined(&types, |name| format!("`{name}`"));
    let as_it_was = if types.len() == 1 { "as it was" } else { "as they were" };
    if entry.is_of_history && struct_name == newest_struct {
        let those =
            if only_types { format!("{them} back {as_it_was}") } else { "those back as they were".into() };
        line(
            &mut text,
            &format!(
                "Events of version {version} are stored as they were, and what they hold is told by the fields of \
                 `{struct_name}` and their history (`added`, `renamed`, `removed`). Put {those}; what is new belongs into \
                 version {newest} if that one is not published yet, or into version {next}.",
                version = published.version,
                next = newest + 1,
            ),
        );
    } else if published.version < newest && only_types {
        let copies = copies(&types);
        line(
            &mut text,
            &format!(
                "Events of version {} are stored as they were. Put {them} back {as_it_was}, or let `{struct_name}` hold {copies}.",
                published.version,
            ),
        );
    } else if published.version < newest {
        line(
            &mut text,
            &format!(
                "Events of version {} are stored as they were. Put `{struct_name}` back as it was; what is new belongs \
                 into `{newest_struct}`, version {newest}, or a version after it.",
                published.version
            ),
        );
    } else {
        line(&mut text, &next::version(published, entry, (before, now), &types));
    }
    Finding::new(text.trim_end())
}

/// What an old struct holds in the place of types that have changed.
fn copies(types: &[String]) -> String {
    let (a_copy, as_it_was, another_name, it) = match types.len() {
        1 => ("a copy", "as it was", "another name", "it"),
        _ => ("copies", "as they were", "other names", "them"),
    };
    let names = joined(types, |name| format!("`{name}`"));
    let attributes = joined(types, |name| format!("`#[shape(name = \"{name}\")]`"));
    format!("{a_copy} of {names} {as_it_was}, under {another_name} and with {attributes} on {it}")
}

fn joined(names: &[String], show: fn(&String) -> String) -> String {
    names.iter().map(show).collect::<Vec<_>>().join(" and ")
}

/// What an added field is in older events has changed, or is no longer said.
pub(super) fn default_changed(
    published: &Published,
    entry: &Entry,
    before: &Line,
    now: Option<&Line>,
) -> Option<Finding> {
    let struct_name = entry.shape.struct_name();
    let field = before.key.trim_start_matches(ADDED);
    let (was, older) = (&before.value, published.version - 1);
    match now {
        Some(now) if now.value == *was => None,
        Some(now) => Some(Finding::new(format!(
            "{published} (`{struct_name}`) added `{field}`, and its default changed:\n  - it was {was} and is {now} now\n\
             Events of version {older} and before are stored without the field, and have meant {was} since. Put the \
             default back; where today's events mean something else, their field says so.",
            now = now.value
        ))),
        None => Some(Finding::new(format!(
            "{published} added `{field}`, and the code no longer says what it is in older events\n\
             Events of version {older} and before are stored without the field, and have meant {was} since. Put \
             `added(in = {version}, default = …)` back on the field. If an `UpcastFrom` of your own makes it {was} now, delete \
             the line `{key}: {was}` from {file}.",
            version = published.version,
            key = before.key,
            file = file::NAME,
        ))),
    }
}

/// A published version is no longer in the code.
pub(super) fn gone(published: &Published, code: &Code, renamed: Option<&Published>) -> Finding {
    let Published { name, version } = published;
    let mut text = format!("{published} is published, and no aggregate here reads it any more.\n");
    let newest = code.newest(name);
    match (newest, renamed) {
        (Some((newest, _)), _) if newest < *version => line(
            &mut text,
            &format!(
                "The code ends at version {newest}. Put the struct of version {version} back: versions only go up, and a \
                 program that does not know version {version} cannot read what is stored."
            ),
        ),
        (Some((newest, newest_struct)), _) => line(
            &mut text,
            &format!(
                "Put its struct back as it was, and let the version after it name it: `previous = {newest_struct}V{version}` \
                 (the newest is version {newest}, `{newest_struct}`)."
            ),
        ),
        (None, Some(other)) => line(
            &mut text,
            &format!(
                "The new event `{now}` has the same shape. Stored events keep their name. If this is the same event, say \
                 so: `#[event(name = {now:?}, was({name:?}))]`; else put the struct of `{name}` back as well.",
                now = other.name
            ),
        ),
        (None, None) => line(
            &mut text,
            "Put its struct back as it was and into the `events(…)` of its aggregate, or into `retired(…)` if nobody writes \
             it any more: it may stand in any stream.",
        ),
    }
    Finding::new(text.trim_end())
}

/// What the code makes of an earlier name that the lock knows, where that is wrong.
pub(super) fn renamed(was: &str, now: &str, code: &Code, locked: &Locked) -> Option<Finding> {
    let same = code.present(was).any(|event| code.present(now).any(|other| other == event));
    match (code.present(was).next(), code.present(now).next()) {
        (Some(other), Some(_)) if !same => Some(Finding::new(format!(
            "`{was}` is what the event `{now}` was called, and stands for `{other}` now\n\
             Events of both would be stored under one name. Give `{other}` a name that no event ever had, and write \
             `was({was:?})` on `{now}` again."
        ))),
        // With a version of that name, it is reported as gone.
        (None, _) if !locked.entries.keys().any(|published| published.name == was) => {
            Some(Finding::new(format!(
                "`{was}` is what the event `{now}` was called, and nothing here reads it any more\n\
             Events may be stored under that name: write `was({was:?})` on it again."
            )))
        }
        _ => None,
    }
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}
