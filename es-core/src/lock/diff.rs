//! Comparing the code with the lock.

pub(super) mod lines;

use std::collections::BTreeSet;

use super::advice;
use super::code::{Code, Entry};
use super::file::Locked;
use super::findings::Finding;
use super::history;
use super::published::{Lines, Published};
use super::rust_names::with_rust_names;
use crate::shape::Line;

/// What differs between code and lock.
pub(super) struct Compared {
    pub(super) findings: Vec<Finding>,
    /// What has changed, and so has payloads that cannot be right.
    pub(super) changed: BTreeSet<Published>,
    /// The versions that are not published yet, and those that get the default of a field.
    pub(super) new: Vec<(Published, Lines)>,
    /// The same of earlier names, each with the present one.
    pub(super) renamed: Vec<(String, String)>,
}

pub(super) fn compare(code: &Code, locked: &Locked) -> Compared {
    let (mut findings, mut changed, mut new) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut histories = history::Changes::default();
    for (published, entry) in &code.entries {
        match locked.entries.get(published) {
            None => new.push((published.clone(), entry.lines())),
            Some(before) => new.extend(compare_entry(
                published,
                entry,
                before,
                (&mut findings, &mut histories),
                &mut changed,
            )),
        }
    }
    for (published, before) in &locked.entries {
        if code.entries.contains_key(published) {
            continue;
        }
        let mut found = false;
        for entry in code.under_present_names(published) {
            found = true;
            new.extend(compare_entry(
                published,
                entry,
                before,
                (&mut findings, &mut histories),
                &mut changed,
            ));
        }
        if !found {
            let renamed = new.iter().find(|(_, now)| now.shape == before.shape).map(|(other, _)| other);
            findings.push(advice::gone(published, code, renamed));
        }
    }
    findings.extend(histories.findings());
    findings.extend(locked.renamed.iter().filter_map(|(was, now)| advice::renamed(was, now, code, locked)));
    let renamed: Vec<(String, String)> = code
        .renamed()
        .map(|(was, now)| (was.to_owned(), now.to_owned()))
        .filter(|pair| !locked.renamed.contains(pair))
        .collect();
    Compared { findings, changed, new, renamed }
}

/// Compares one version with what is published of it. Gives what is to be published now, if a default is not there yet, as a
/// version that was written by hand before has none, or if a type has a longer history.
fn compare_entry(
    published: &Published,
    entry: &Entry,
    before: &Lines,
    (findings, histories): (&mut Vec<Finding>, &mut history::Changes),
    changed: &mut BTreeSet<Published>,
) -> Option<(Published, Lines)> {
    let now = entry.lines();
    if before.shape != now.shape {
        let before = with_rust_names(&before.shape, &before.rust);
        let differences = lines::differences(&before, &now.shape);
        changed.insert(published.clone());
        findings.push(advice::changed(published, entry, &before, &now.shape, &differences));
        // The rest follows from it.
        return None;
    }
    let defaults = before.defaults.iter().map(|old| (old, Line::find(&now.defaults, &old.key)));
    findings.extend(defaults.filter_map(|(old, new)| advice::default_changed(published, entry, old, new)));
    let is_new = |line: &Line| Line::find(&before.defaults, &line.key).is_none();
    let has_new_history = histories.compare(published, &before.history, &now.history);
    (has_new_history || now.defaults.iter().any(is_new)).then(|| (published.clone(), now))
}
