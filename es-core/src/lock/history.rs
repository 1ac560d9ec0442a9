//! What became of the types that stand in events: published once, and never otherwise after that.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, Entry};
use super::file::Locked;
use super::findings::Finding;
use super::published::{Lines, Published};
use crate::shape::{HISTORY, LATER, Line};

/// Changes of histories, each with the versions in which the type stands.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<(String, String), Vec<Published>>);

impl Changes {
    /// Compares one version. Returns whether it has lines that are not published yet.
    pub(super) fn compare(&mut self, published: &Published, before: &[Line], now: &[Line]) -> bool {
        for old in before {
            let new = Line::find(now, &old.key);
            if new == Some(old) {
                continue;
            }
            let of = old.key.trim_start_matches(HISTORY).trim_start_matches(LATER);
            let of = of.split(' ').next().unwrap_or(of).to_owned();
            let (was, is) = (
                shown(old),
                new.map_or_else(|| "is gone".into(), |new| format!("is now\n    {}", shown(new))),
            );
            let versions = self.0.entry((of, format!("  - {was}\n    {is}"))).or_default();
            if !versions.contains(published) {
                versions.push(published.clone());
            }
        }
        now.iter().any(|line| Line::find(before, &line.key).is_none())
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        let mut of_types: BTreeMap<String, (Vec<String>, BTreeSet<Published>)> = BTreeMap::new();
        for ((of, change), versions) in self.0 {
            let (changes, all) = of_types.entry(of).or_default();
            changes.push(change);
            all.extend(versions);
        }
        let findings = of_types.into_iter().map(|(of, (changes, versions))| {
            let stands_in: Vec<String> = versions.iter().map(ToString::to_string).collect();
            Finding::new(format!(
                "the history of `{of}` is published, and it changed:\n{changes}\n\
                 Values of it are stored in the forms that it had, and have meant this since. Put it back; \
                 what is new belongs into a next version of `{of}`. It stands in {stands_in}.",
                changes = changes.join("\n"),
                stands_in = stands_in.join(", "),
            ))
        });
        findings.collect()
    }
}

fn shown(line: &Line) -> String {
    let text = Line::text(std::slice::from_ref(line));
    text.trim_end().replace('\n', "\n    ")
}

impl Code {
    /// Whether a type in this version has changed since the lock was written, as its history says.
    pub(super) fn has_new_history(&self, published: &Published, locked: &Locked) -> bool {
        let entry = self.entries.get(published).or_else(|| self.under_present_names(published).next());
        entry.zip(locked.entries.get(published)).is_some_and(|(entry, before): (&Entry, &Lines)| {
            entry.history.iter().any(|line| Line::find(&before.history, &line.key).is_none())
        })
    }
}
