//! Golden payloads: one file for each published version, read by everything that lists the event.

use std::collections::{BTreeMap, BTreeSet};

use super::Mode;
use super::advice::meaning;
use super::code::{Code, Entry};
use super::file::{Locked, Write};
use super::findings::Finding;
use super::fits;
use super::payloads::{Folder, Golden};
use super::published::Published;
use super::today::{self, Difference, Today, Unclear};
use crate::codec::Exact;

/// What came of reading all payloads.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    /// Meanings that have changed: found in a check, accepted in an update.
    pub(super) changed: Vec<Finding>,
    /// Files that an update writes.
    pub(super) writes: Vec<Write>,
    /// The files in which it only writes what follows from other changes.
    pub(super) due: Vec<String>,
    /// All payloads that were read, for the folds.
    pub(super) payloads: BTreeMap<Published, Vec<Exact>>,
}

/// One published version whose payloads were read.
struct Read<'a> {
    published: &'a Published,
    entries: Vec<&'a Entry>,
    payloads: Vec<Golden>,
    /// The payloads that mean something else, by their number.
    changed: Vec<(usize, (Exact, Difference))>,
    is_due: bool,
}

/// Reads all payloads; in an update, makes those that are missing.
pub(super) fn check(
    code: &Code,
    locked: &Locked,
    changed: &BTreeSet<Published>,
    folder: &Folder,
    mode: Mode,
) -> Checked {
    let mut checked = Checked::default();
    // What was published under an earlier name is still stored, and is read by the event of today.
    let renamed = locked
        .entries
        .keys()
        .filter(|published| !code.entries.contains_key(published))
        .map(|published| (published, code.under_present_names(published).collect()));
    let present = code.entries.iter().map(|(published, entry)| (published, vec![entry]));
    let mut all = Vec::new();
    for (published, entries) in present.chain(renamed) {
        let is_opaque = entries.iter().any(|entry| !entry.shape.schema().opaque().is_empty());
        // Found already: what follows from it would only hide it.
        if entries.is_empty() || changed.contains(published) || is_opaque {
            continue;
        }
        let file = Folder::name(published);
        match folder.read(published) {
            Err(finding) => checked.findings.push(finding),
            Ok(Some(payloads)) => {
                all.push(read((code, locked), published, entries, payloads, &mut checked.findings));
            }
            Ok(None) if mode == Mode::Update => match made_up(code, published, &entries) {
                Ok(payloads) => {
                    checked.write(folder, published, &payloads);
                    checked.payloads.insert(published.clone(), stored(payloads));
                }
                Err(problem) => checked.findings.push(Finding::new(format!(
                    "{published} has no payloads to be tested with, and those made up from its shape do not do: {problem}\n\
                     {}",
                    fits::refused(&file),
                ))),
            },
            // What is not published needs no payloads yet.
            Ok(None) if !locked.entries.contains_key(published) => {}
            Ok(None) => checked.findings.push(Finding::new(format!(
                "{published} is published, and {file} is missing\n\
                 Restore the file, or run `ES_LOCK=update cargo test` to make it from the shape."
            ))),
        }
    }
    let changed: BTreeSet<&Published> =
        all.iter().filter(|read| !read.changed.is_empty()).map(|read| read.published).collect();
    let read: BTreeSet<&Published> = all.iter().map(|read| read.published).collect();
    for Read { published, entries, changed: payloads, .. } in &all {
        if !payloads.is_empty() {
            let means_the_same = |other: &Published| read.contains(other) && !changed.contains(other);
            checked.changed.push(meaning::changed(code, published, entries, payloads, &means_the_same));
        }
    }
    for Read { published, payloads, changed, is_due, .. } in all {
        if is_due {
            checked.due.push(Folder::name(published));
        }
        if is_due || !changed.is_empty() {
            checked.write(folder, published, &payloads);
        }
        checked.payloads.insert(published.clone(), stored(payloads));
    }
    checked
}

impl Checked {
    fn write(&mut self, folder: &Folder, published: &Published, payloads: &[Golden]) {
        self.writes.push(folder.write(published, payloads));
    }
}

fn stored(payloads: Vec<Golden>) -> Vec<Exact> {
    payloads.into_iter().map(|golden| golden.stored).collect()
}

/// Payloads made up from the shape, as the newest version writes them.
fn made_up(code: &Code, published: &Published, entries: &[&Entry]) -> Result<Vec<Golden>, String> {
    let Some(entry) = entries.first() else { return Ok(Vec::new()) };
    let name = entry.shape.name();
    let golden = |payload: &Exact| match Today::of(code, entries, &today::stored(published, payload)) {
        Ok(today) => {
            if let Some(misfit) = fits::misfit(code, &today) {
                return Err(misfit);
            }
            let (today, version) = today.in_file(name);
            Ok(Golden { stored: payload.clone(), today: Some(today), version })
        }
        Err(Unclear::Unread(problem)) => Err(problem),
        Err(Unclear::Unsteady(reader, difference)) => {
            Err(format!("{reader} reads the same payload differently each time: {difference}"))
        }
    };
    let mut payloads = Vec::new();
    for sample in entry.shape.schema().samples().iter().map(Exact::from) {
        let mut made = golden(&sample)?;
        // Once through the code, so that numbers and times look as the code writes them.
        if let (Some(today), Some(version)) = (&made.today, made.version)
            && version == published.version
            && *today != sample
        {
            made = golden(&today.clone())?;
        }
        payloads.push(made);
    }
    // What refuses the absence of a field has no meaning without it.
    let partial = entry.shape.schema().partial_samples();
    payloads.extend(partial.iter().filter_map(|sample| golden(&sample.into()).ok()));
    Ok(payloads)
}

fn read<'a>(
    (code, locked): (&Code, &Locked),
    published: &'a Published,
    entries: Vec<&'a Entry>,
    mut payloads: Vec<Golden>,
    findings: &mut Vec<Finding>,
) -> Read<'a> {
    let name = entries.first().map_or("", |entry| entry.shape.name());
    let (mut changed, mut is_due) = (Vec::new(), false);
    for (at, golden) in payloads.iter_mut().enumerate() {
        let place = format!("payload {} of {}", at + 1, Folder::name(published));
        let today = match Today::of(code, &entries, &today::stored(published, &golden.stored)) {
            Ok(today) => today,
            Err(unclear) => {
                findings.push(meaning::unclear(published, &place, &unclear));
                continue;
            }
        };
        let misfits = fits::check(code, published, &entries, &place, &golden.stored, &today);
        if !misfits.is_empty() {
            findings.extend(misfits);
            continue;
        }
        let before = match (&golden.today, golden.version) {
            (Some(payload), Some(version)) => Some(today::Locked::itself(name, version, payload.clone())),
            (Some(list), None) => match today::Locked::events(list) {
                Some(before) => Some(before),
                None => {
                    findings.push(Finding::new(format!(
                        "{place} does not say in which version `today` is written\n\
                         Remove its `today`, and run `ES_LOCK=update cargo test`, which writes it."
                    )));
                    continue;
                }
            },
            (None, _) => None,
        };
        let before = before.map(|before| before.in_order(code));
        if let Some(before) = &before {
            let Some(difference) = today.difference_from(before) else { continue };
            // A published version that is gone is found by itself.
            if before.is_beyond(code, locked) {
                continue;
            }
            // What was published since has changed the way in which it is written. If the event of then, read as one that
            // is stored, means the same, then nothing else has changed.
            let follows = before.is_of_before(code, &entries)
                && before.read(code, &entries).is_ok_and(|again| again == today);
            if !follows {
                changed.push((at, (golden.stored.clone(), difference)));
                (golden.today, golden.version) = some(today.in_file(name));
                continue;
            }
        }
        is_due = true;
        (golden.today, golden.version) = some(today.in_file(name));
    }
    Read { published, entries, payloads, changed, is_due }
}

fn some((today, version): (Exact, Option<u32>)) -> (Option<Exact>, Option<u32>) {
    (Some(today), version)
}
