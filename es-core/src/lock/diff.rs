//! Comparing the code with the lock.

pub(super) mod lines;

use std::collections::BTreeSet;

use super::Mode;
use super::advice;
use super::code::{Code, Published};
use super::file::{self, Locked};
use super::findings::Finding;
use crate::shape::Line;

pub(super) struct Compared {
    pub(super) findings: Vec<Finding>,
    /// What has changed, and so has payloads that cannot be right.
    pub(super) changed: BTreeSet<Published>,
    /// The versions that are not published yet.
    pub(super) new: Vec<(Published, Vec<Line>)>,
    /// The same of earlier names, each with the present one.
    pub(super) renamed: Vec<(String, String)>,
}

pub(super) fn compare(code: &Code, locked: &Locked, mode: Mode) -> Compared {
    let (mut findings, mut changed, mut new) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (published, entry) in &code.entries {
        let now = entry.shape.lines();
        match locked.entries.get(published) {
            None => new.push((published.clone(), now)),
            Some(before) if *before == now => {}
            Some(before) => {
                let differences = lines::differences(before, &now);
                changed.insert(published.clone());
                findings.push(advice::changed(published, entry, before, &now, &differences));
            }
        }
    }
    for (published, before) in &locked.entries {
        if code.entries.contains_key(published) {
            continue;
        }
        let mut found = false;
        for entry in code.under_present_names(published) {
            found = true;
            let now = entry.shape.lines();
            if *before != now {
                let differences = lines::differences(before, &now);
                changed.insert(published.clone());
                findings.push(advice::changed(published, entry, before, &now, &differences));
            }
        }
        if !found {
            let renamed = new.iter().find(|(_, now)| now == before).map(|(other, _)| other);
            findings.push(advice::gone(published, code, renamed));
        }
    }
    findings.extend(locked.renamed.iter().filter_map(|(was, now)| advice::renamed(was, now, code, locked)));
    let renamed: Vec<(String, String)> = code
        .renamed()
        .map(|(was, now)| (was.to_owned(), now.to_owned()))
        .filter(|pair| !locked.renamed.contains(pair))
        .collect();
    if mode == Mode::Check && !(new.is_empty() && renamed.is_empty()) {
        let names = renamed.iter().map(|(was, now)| format!("`{was}` as an earlier name of `{now}`"));
        let list: Vec<String> = new.iter().map(|(published, _)| published.to_string()).chain(names).collect();
        let (one, many) = if renamed.is_empty() {
            ("one version is", "versions are")
        } else {
            ("one thing is", "things are")
        };
        let what = if locked.exists { "not there yet" } else { "to be published in a new file" };
        findings.push(Finding::new(format!(
            "{} {what}: {}\nRun `ES_LOCK=update cargo test`, look at what it wrote, and commit {} and the folder `events`.",
            if list.len() == 1 { one } else { many },
            list.join(", "),
            file::NAME,
        )));
    }
    Compared { findings, changed, new, renamed }
}
