//! What to write when a published version has changed or is gone.

mod copies;
mod fields;
mod keys;
pub(super) mod meaning;
pub(super) mod names;
mod next;
mod opaque;
mod types;

use super::code::{Code, Entry};
use super::file::{self, Locked};
use super::findings::Finding;
use super::published::{ADDED, Published};
use crate::shape::Line;

pub(super) use opaque::no_shape;

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
    if let Some(names) = names::kept(before, now, entry) {
        line(&mut text, &names);
    }
    if let Some(history) = types_alone(before, now, entry) {
        line(&mut text, &history);
    }
    line(&mut text, &way_out(published, entry, before, now));
    Finding::new(text.trim_end())
}

/// What to put back, and where what is new belongs.
fn way_out(published: &Published, entry: &Entry, before: &[Line], now: &[Line]) -> String {
    let struct_name = entry.shape.struct_name();
    let (newest, newest_struct) = entry.newest;
    let types = copies::of(before, now);
    let only_types =
        ["payload", "semantics"].iter().all(|key| Line::find(before, key) == Line::find(now, key));
    let only_types = only_types && !types.is_empty();
    let them = copies::names(&types);
    let as_it_was = if types.len() == 1 { "as it was" } else { "as they were" };
    if entry.is_of_history && struct_name == newest_struct {
        let those =
            if only_types { format!("{them} back {as_it_was}") } else { "those back as they were".into() };
        format!(
            "Events of version {version} are stored as they were, and what they hold is told by the fields of \
             `{struct_name}` and their history (`added`, `renamed`, `removed`). Put {those}; what is new belongs into \
             version {newest} if that one is not published yet, or into version {next}.",
            version = published.version,
            next = newest + 1,
        )
    } else if published.version < newest && only_types {
        let copies = copies::told(&types);
        format!(
            "Events of version {} are stored as they were. Put {them} back {as_it_was}, or let `{struct_name}` hold {copies}.",
            published.version,
        )
    } else if published.version < newest {
        format!(
            "Events of version {} are stored as they were. Put `{struct_name}` back as it was; what is new belongs \
             into `{newest_struct}`, version {newest}, or a version after it.",
            published.version
        )
    } else {
        next::version(published, entry, (before, now), &types)
    }
}

/// What a history of the types themselves could tell, where nothing but types has changed: the same in every
/// version that holds them.
pub(super) fn types_alone(before: &[Line], now: &[Line], entry: &Entry) -> Option<String> {
    let same = |key: &str| Line::find(before, key) == Line::find(now, key);
    types::history(before, now, entry).filter(|_| same("payload") && same("semantics"))
}

/// The same types have changed in other versions as well: what to write on them is said once, and a new
/// version of each event is the longer way.
pub(super) fn in_all(
    finding: &mut Finding,
    history: &str,
    others: &[Published],
    (before, now): (&[Line], &[Line]),
) {
    let Some(at) = finding.text.find(history) else { return };
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    finding.text.truncate(at + history.len());
    finding.text.push_str(&format!(
        "\nThe same types stand in {others}. Undo the change, write that, or make a next version of each of these events, whose \
         `previous` holds {copies}.",
        others = others.join(", "),
        copies = copies::told(&copies::of(before, now)),
    ));
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
                 so in its `#[event(…)]`: `{was}`; else put the struct of `{name}` back as well.",
                now = other.name,
                was = names::was(code.earlier_names(&other.name), name),
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
    let again = names::was(code.earlier_names(now), was);
    let same = code.present(was).any(|event| code.present(now).any(|other| other == event));
    match (code.present(was).next(), code.present(now).next()) {
        (Some(other), Some(_)) if !same => Some(Finding::new(format!(
            "`{was}` is what the event `{now}` was called, and stands for `{other}` now\n\
             Events of both would be stored under one name. Give `{other}` a name that no event ever had, and write \
             `{again}` on `{now}` again."
        ))),
        // With a version of that name, it is reported as gone.
        (None, _) if !locked.entries.keys().any(|published| published.name == was) => {
            Some(Finding::new(format!(
                "`{was}` is what the event `{now}` was called, and nothing here reads it any more\n\
             Events may be stored under that name: write `{again}` on it again."
            )))
        }
        _ => None,
    }
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}
