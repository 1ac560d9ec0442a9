//! Comparing the code with the lock.

pub(super) mod lines;

use std::collections::{BTreeMap, BTreeSet};

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
    let mut comparison = Comparison::default();
    for (published, entry) in &code.entries {
        match locked.entries.get(published) {
            None => comparison.new.push((published.clone(), entry.lines())),
            Some(before) => comparison.entry(published, entry, before),
        }
    }
    for (published, before) in &locked.entries {
        if code.entries.contains_key(published) {
            continue;
        }
        let mut found = false;
        for entry in code.under_present_names(published) {
            found = true;
            comparison.entry(published, entry, before);
        }
        if !found {
            let mut new = comparison.new.iter();
            let renamed = new.find(|(_, now)| now.shape == before.shape).map(|(other, _)| other);
            comparison.findings.push(advice::gone(published, code, renamed));
        }
    }
    let Comparison { mut findings, changed, new, histories, types } = comparison;
    types.report(&mut findings);
    findings.extend(histories.findings());
    findings.extend(locked.renamed.iter().filter_map(|(was, now)| advice::renamed(was, now, code, locked)));
    let renamed: Vec<(String, String)> = code
        .renamed()
        .map(|(was, now)| (was.to_owned(), now.to_owned()))
        .filter(|pair| !locked.renamed.contains(pair))
        .collect();
    Compared { findings, changed, new, renamed }
}

/// What was found so far.
#[derive(Default)]
struct Comparison {
    findings: Vec<Finding>,
    changed: BTreeSet<Published>,
    new: Vec<(Published, Lines)>,
    histories: history::Changes,
    types: SameTypes,
}

impl Comparison {
    /// Compares one version with what is published of it. It is to be published anew if a default is not
    /// there yet, as a version that was written by hand before has none, or if a type has a longer history.
    fn entry(&mut self, published: &Published, entry: &Entry, before: &Lines) {
        let now = entry.lines();
        if before.shape != now.shape {
            let before = with_rust_names(&before.shape, &before.rust);
            let differences = lines::differences(&before, &now.shape);
            self.changed.insert(published.clone());
            // An old version has a way of its own.
            let is_newest = published.version == entry.newest.0;
            let history = advice::types_alone(&before, &now.shape, entry).filter(|_| is_newest);
            if self.types.is_told_elsewhere(published, history, (&before, &now.shape), self.findings.len()) {
                return;
            }
            self.findings.push(advice::changed(published, entry, &before, &now.shape, &differences));
            // The rest follows from it.
            return;
        }
        let defaults = before.defaults.iter().map(|old| (old, Line::find(&now.defaults, &old.key)));
        self.findings
            .extend(defaults.filter_map(|(old, new)| advice::default_changed(published, entry, old, new)));
        let is_new = |line: &Line| Line::find(&before.defaults, &line.key).is_none();
        let has_new_history = self.histories.compare(published, &before.history, &now.history);
        if has_new_history || now.defaults.iter().any(is_new) {
            self.new.push((published.clone(), now));
        }
    }
}

/// Types that changed and stand in many versions: what to write on them is said once.
#[derive(Default)]
struct SameTypes(BTreeMap<String, SameChange>);

/// The finding that says it, and the other versions.
struct SameChange {
    at: usize,
    lines: (Vec<Line>, Vec<Line>),
    others: Vec<Published>,
}

impl SameTypes {
    /// Whether the finding of another version says it; else the next one does.
    fn is_told_elsewhere(
        &mut self,
        published: &Published,
        history: Option<String>,
        lines: (&[Line], &[Line]),
        at: usize,
    ) -> bool {
        let Some(history) = history else { return false };
        if let Some(told) = self.0.get_mut(&history) {
            told.others.push(published.clone());
            return true;
        }
        let lines = (lines.0.to_vec(), lines.1.to_vec());
        self.0.insert(history, SameChange { at, lines, others: Vec::new() });
        false
    }

    fn report(self, findings: &mut [Finding]) {
        for (history, SameChange { at, lines: (before, now), others }) in self.0 {
            if let (Some(finding), false) = (findings.get_mut(at), others.is_empty()) {
                advice::in_all(finding, &history, &others, (&before, &now));
            }
        }
    }
}
