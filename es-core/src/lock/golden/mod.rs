//! Golden payloads: one file for each published version, read by everything that lists the event.

mod made_up;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use self::made_up::{made_up, meanings};
use self::read::{ReadVersion, read};
use super::advice::meaning;
use super::code::{Code, Entry};
use super::downcast;
use super::file::{Locked, Write};
use super::findings::Finding;
use super::fits;
use super::mode::Mode;
use super::payloads::{Folder, Golden};
use super::published::Published;
use crate::codec::Exact;

/// The outcome of reading all payloads.
#[derive(Default)]
pub(super) struct CheckedPayloads {
    pub(super) findings: Vec<Finding>,
    /// Meanings that have changed: found in a check, accepted in an update.
    pub(super) changed: Vec<Finding>,
    /// Files that an update writes.
    pub(super) writes: Vec<Write>,
    /// The files in which it only writes consequences of other changes.
    pub(super) due: Vec<String>,
    /// All payloads that were read, for the folds.
    pub(super) payloads: BTreeMap<Published, Vec<Exact>>,
}

/// Reads all payloads; in an update, makes those that are missing.
pub(super) fn check(
    code: &Code,
    locked: &Locked,
    changed: &BTreeSet<Published>,
    folder: &Folder,
    mode: Mode,
) -> CheckedPayloads {
    let mut checked = CheckedPayloads::default();
    // What was published under a former name is still stored, and is read by the current event.
    let renamed = locked
        .entries
        .keys()
        .filter(|published| !code.entries.contains_key(published))
        .map(|published| (published, code.under_present_names(published).collect()));
    let present = code.entries.iter().map(|(published, entry)| (published, vec![entry]));
    let mut all = Vec::new();
    for (published, entries) in present.chain(renamed) {
        let is_opaque = entries.iter().any(|entry| !entry.shape.schema().opaque().is_empty());
        // Found already: its consequences would only hide it.
        if entries.is_empty() || changed.contains(published) || is_opaque {
            continue;
        }
        match folder.read(published) {
            Err(finding) => checked.findings.push(finding),
            Ok(Some(payloads)) => {
                all.push(read((code, locked), published, entries, payloads, &mut checked.findings));
            }
            Ok(None) if mode == Mode::Update => checked.make_up(code, folder, published, &entries),
            // An unpublished version needs no payloads yet.
            Ok(None) if !locked.entries.contains_key(published) => {}
            Ok(None) => checked.findings.push(Finding::new(format!(
                "{published} is published, and {file} is missing\n\
                 Restore the file, or run `ES_LOCK=update cargo test` to make it from the shape.",
                file = Folder::name(published),
            ))),
        }
    }
    checked.tell_changes(code, &all);
    for read in all {
        checked.keep(folder, read);
    }
    checked
}

impl CheckedPayloads {
    /// Makes the payloads of a version that has none.
    fn make_up(&mut self, code: &Code, folder: &Folder, published: &Published, entries: &[&Entry]) {
        let payloads = match made_up(code, published, entries) {
            Ok(payloads) => payloads,
            Err(problem) => {
                let refused = fits::refused(&Folder::name(published));
                return self.findings.push(Finding::new(format!(
                    "{published} has no golden payloads, and those generated from its shape do not fit: \
                     {problem}\n\
                     {refused}",
                )));
            }
        };
        for golden in &payloads {
            if let Ok((today, _)) = meanings(code, published, entries, &golden.stored) {
                let place = "a payload generated from the shape";
                self.findings.extend(fits::read_again(code, entries, place, &today));
            }
        }
        self.write(folder, published, &payloads);
        self.payloads.insert(published.clone(), stored(payloads));
    }

    /// Reports which payloads have another meaning than in their files.
    fn tell_changes(&mut self, code: &Code, all: &[ReadVersion<'_>]) {
        let changed: BTreeSet<&Published> =
            all.iter().filter(|read| !read.changed.is_empty()).map(|read| read.published).collect();
        let read: BTreeSet<&Published> = all.iter().map(|read| read.published).collect();
        for ReadVersion { published, entries, changed: payloads, rewritten, .. } in all {
            if !payloads.is_empty() {
                let means_the_same = |other: &Published| read.contains(other) && !changed.contains(other);
                self.changed.push(meaning::changed(code, published, entries, payloads, &means_the_same));
            }
            let rewritten =
                rewritten.iter().map(|rewritten| downcast::changed(code, published, entries, rewritten));
            self.changed.extend(rewritten);
        }
    }

    fn keep(&mut self, folder: &Folder, read: ReadVersion<'_>) {
        let ReadVersion { published, payloads, changed, rewritten, is_due, .. } = read;
        if is_due {
            self.due.push(Folder::name(published));
        }
        if is_due || !changed.is_empty() || rewritten.is_some() {
            self.write(folder, published, &payloads);
        }
        self.payloads.insert(published.clone(), stored(payloads));
    }

    fn write(&mut self, folder: &Folder, published: &Published, payloads: &[Golden]) {
        self.writes.push(folder.write(published, payloads));
    }
}

fn stored(payloads: Vec<Golden>) -> Vec<Exact> {
    payloads.into_iter().map(|golden| golden.stored).collect()
}
