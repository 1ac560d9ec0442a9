//! Advice on what to write when a published version has changed or is missing.

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
    line(&mut text, &remedy(published, entry, before, now));
    Finding::new(text.trim_end())
}

/// What to put back, and where new parts belong.
fn remedy(published: &Published, entry: &Entry, before: &[Line], now: &[Line]) -> String {
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
            "Events of version {version} are stored as they were, and their contents are described by the \
             fields of `{struct_name}` and their history (`added`, `renamed`, `removed`). Put {those}; new \
             parts belong in version {newest} if that one is not published yet, or in version {next}.",
            version = published.version,
            next = newest + 1,
        )
    } else if published.version < newest && only_types {
        let copies = copies::in_words(&types);
        format!(
            "Events of version {} are stored as they were. Put {them} back {as_it_was}, or let \
             `{struct_name}` contain {copies}.",
            published.version,
        )
    } else if published.version < newest {
        format!(
            "Events of version {} are stored as they were. Put `{struct_name}` back as it was; new parts \
             belong in `{newest_struct}`, version {newest}, or in a later version.",
            published.version
        )
    } else {
        next::version(published, entry, (before, now), &types)
    }
}

/// The history of the types themselves, if only types have changed: the same in every version that contains
/// them.
pub(super) fn types_alone(before: &[Line], now: &[Line], entry: &Entry) -> Option<String> {
    let same = |key: &str| Line::find(before, key) == Line::find(now, key);
    types::history(before, now, entry).filter(|_| same("payload") && same("semantics"))
}

/// If the same types have changed in other versions as well, what to write on them is said once; a new
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
        "\nThe same types are in {others}. Undo the change, write that, or make a new version of each of \
         these events, whose `previous` contains {copies}.",
        others = others.join(", "),
        copies = copies::in_words(&copies::of(before, now)),
    ));
}

/// The default of an added field has changed, or is missing.
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
            "{published} (`{struct_name}`) added `{field}`, and its default changed:\n  - it was {was} and \
             is {now} now\n\
             Events of version {older} and before are stored without the field, and have been read with \
             {was} since. Put the default back; current events store the field themselves.",
            now = now.value
        ))),
        None => Some(Finding::new(format!(
            "{published} added `{field}`, and the code no longer has its default for older events\n\
             Events of version {older} and before are stored without the field, and have been read with \
             {was} since. Put `added(in = {version}, default = …)` back on the field. If your own \
             `UpcastFrom` sets it to {was} now, delete the line `{key}: {was}` from {file}.",
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
                "The newest version in the code is {newest}. Put the struct of version {version} back: \
                 versions only go up, and a program that does not know version {version} cannot read what is \
                 stored."
            ),
        ),
        (Some((newest, newest_struct)), _) => line(
            &mut text,
            &format!(
                "Put its struct back as it was, and name it in the next version: `previous = \
                 {newest_struct}V{version}` (the newest is version {newest}, `{newest_struct}`)."
            ),
        ),
        (None, Some(other)) => line(
            &mut text,
            &format!(
                "The new event `{now}` has the same shape. Stored events keep their name. If this is the \
                 same event, add `{was}` to its `#[event(…)]`; otherwise put the struct of `{name}` back as \
                 well.",
                now = other.name,
                was = names::was(code.earlier_names(&other.name), name),
            ),
        ),
        (None, None) => line(
            &mut text,
            "Put its struct back as it was, and list it in the `events(…)` of its aggregate, or in \
             `retired(…)` if it is no longer written: any stream may contain it.",
        ),
    }
    Finding::new(text.trim_end())
}

/// A former name in the lock that the code uses wrongly.
pub(super) fn renamed(was: &str, now: &str, code: &Code, locked: &Locked) -> Option<Finding> {
    let again = names::was(code.earlier_names(now), was);
    let same = code.present(was).any(|event| code.present(now).any(|other| other == event));
    match (code.present(was).next(), code.present(now).next()) {
        (Some(other), Some(_)) if !same => Some(Finding::new(format!(
            "`{was}` is the former name of the event `{now}`, and is now the name of `{other}`\n\
             Events of both would be stored under one name. Give `{other}` an unused name, and write \
             `{again}` on `{now}` again."
        ))),
        // With a version of that name, it is reported as gone.
        (None, _) if !locked.entries.keys().any(|published| published.name == was) => {
            Some(Finding::new(format!(
                "`{was}` is the former name of the event `{now}`, and nothing here reads it any more\n\
                 Events may be stored under that name: write `{again}` on the event again."
            )))
        }
        _ => None,
    }
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}
