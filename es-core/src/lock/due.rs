//! What an update would write that is not an error.

use super::file::{self, Locked};
use super::findings::Finding;
use super::published::{Lines, Published};

/// One finding for everything that is not written yet.
pub(super) fn finding(
    locked: &Locked,
    new: &[(Published, Lines)],
    renamed: &[(String, String)],
    others: Vec<String>,
) -> Option<Finding> {
    let names = renamed.iter().map(|(was, now)| format!("`{was}` as an earlier name of `{now}`"));
    let versions = new.iter().map(|(published, now)| match locked.entries.contains_key(published) {
        true if has_longer_history(locked, published, now) => format!("a change of a type in {published}"),
        true => format!("a default of {published}"),
        false => published.to_string(),
    });
    let mut list: Vec<String> = versions.chain(names).collect();
    let only_versions = renamed.is_empty() && new.iter().all(|(new, _)| !locked.entries.contains_key(new));
    let (mut one, mut many) =
        if only_versions { ("one version is", "versions are") } else { ("one thing is", "things are") };
    // Else it follows from what is listed.
    if list.is_empty() {
        (one, many) = ("one thing is", "things are");
        list = others;
    }
    if list.is_empty() {
        return None;
    }
    let what = if locked.exists { "not there yet" } else { "to be published in a new file" };
    Some(Finding::new(format!(
        "{} {what}: {}\nRun `ES_LOCK=update cargo test`, look at what it wrote, and commit {} and the folder \
         `events`.",
        if list.len() == 1 { one } else { many },
        list.join(", "),
        file::NAME,
    )))
}

fn has_longer_history(locked: &Locked, published: &Published, now: &Lines) -> bool {
    locked.entries.get(published).is_some_and(|before| before.history != now.history)
}
