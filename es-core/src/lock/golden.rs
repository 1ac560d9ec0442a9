//! Golden payloads: one file for each published version, read by everything that lists the event.

use std::collections::{BTreeMap, BTreeSet};

use super::advice::meaning;
use super::code::{Code, Entry};
use super::downcast::{self, Downcast};
use super::file::{Locked, Write};
use super::findings::Finding;
use super::fits;
use super::mode::Mode;
use super::payloads::{Folder, Golden};
use super::published::Published;
use super::reader::Written;
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
    /// The first payload of which something else is written.
    rewritten: Option<(usize, Exact, String)>,
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
                    let places = payloads.iter().map(|golden| (&golden.stored, "what the shape makes up"));
                    for (payload, place) in places {
                        if let Ok((today, _)) = meanings(code, published, &entries, payload) {
                            checked.findings.extend(fits::read_again(code, &entries, place, &today));
                        }
                    }
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
    for Read { published, entries, changed: payloads, rewritten, .. } in &all {
        if !payloads.is_empty() {
            let means_the_same = |other: &Published| read.contains(other) && !changed.contains(other);
            checked.changed.push(meaning::changed(code, published, entries, payloads, &means_the_same));
        }
        let rewritten =
            rewritten.iter().map(|rewritten| downcast::changed(code, published, entries, rewritten));
        checked.changed.extend(rewritten);
    }
    for Read { published, payloads, changed, rewritten, is_due, .. } in all {
        if is_due {
            checked.due.push(Folder::name(published));
        }
        if is_due || !changed.is_empty() || rewritten.is_some() {
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
    let golden = |payload: &Exact| golden(code, published, entries, payload);
    let mut payloads = Vec::new();
    for sample in samples(entry) {
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
    let partial = entry.shape.today().partial_samples();
    payloads.extend(partial.iter().filter_map(|sample| golden(&sample.into()).ok()));
    Ok(payloads)
}

/// What a payload means, and what is written of it.
fn meanings(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    payload: &Exact,
) -> Result<(Today, Downcast), Unclear> {
    let stored = today::stored(published, payload);
    Ok((Today::of(code, entries, &stored)?, Downcast::of(code, entries, &stored)?))
}

fn golden(code: &Code, published: &Published, entries: &[&Entry], payload: &Exact) -> Result<Golden, String> {
    let name = entries.first().map_or("", |entry| entry.shape.name());
    match meanings(code, published, entries, payload) {
        Ok((today, downcast)) => {
            if let Some(misfit) = fits::misfit(code, today.written().chain(downcast.written())) {
                return Err(misfit);
            }
            let (today, version) = today.in_file(name);
            Ok(Golden { stored: payload.clone(), today: Some(today), version, written: downcast.in_file() })
        }
        Err(Unclear::Unread(problem)) => Err(problem),
        Err(Unclear::Unsteady(reader, difference)) => {
            Err(format!("{reader} reads the same payload differently each time: {difference}"))
        }
    }
}

/// What the shape makes up: types with a history stand as they were first stored, and as they are today.
fn samples(entry: &Entry) -> Vec<Exact> {
    let mut samples = entry.shape.schema().samples();
    if entry.shape.schema().has_history() {
        samples.extend(entry.shape.today().samples());
    }
    samples.iter().map(Exact::from).collect()
}

fn read<'a>(
    (code, locked): (&Code, &Locked),
    published: &'a Published,
    entries: Vec<&'a Entry>,
    mut payloads: Vec<Golden>,
    findings: &mut Vec<Finding>,
) -> Read<'a> {
    let name = entries.first().map_or("", |entry| entry.shape.name());
    let (mut changed, mut rewritten, mut is_due) = (Vec::new(), None, false);
    let mut unstable = Vec::new();
    for (at, golden) in payloads.iter_mut().enumerate() {
        let place = format!("payload {} of {}", at + 1, Folder::name(published));
        let (today, downcast) = match meanings(code, published, &entries, &golden.stored) {
            Ok(meanings) => meanings,
            Err(unclear) => {
                findings.push(meaning::unclear(published, &place, &unclear));
                continue;
            }
        };
        let written = today.written().chain(downcast.written());
        let misfits = fits::check(code, published, &entries, &place, &golden.stored, written);
        if !misfits.is_empty() {
            findings.extend(misfits);
            continue;
        }
        unstable.extend(fits::read_again(code, &entries, &place, &today));
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
        let Some(before_downcast) = Downcast::from_file(code, name, golden.written.as_ref()) else {
            findings.push(Finding::new(format!(
                "{place} does not say in which version `written` is\n\
                 Remove its `written`, and run `ES_LOCK=update cargo test`, which writes it."
            )));
            continue;
        };
        let before = before.map(|before| before.in_order(code));
        let difference = before.as_ref().and_then(|before| Some((before, today.difference_from(before)?)));
        let mut is_new = before.is_none();
        if let Some((before, difference)) = difference {
            // A published version that is gone is found by itself.
            if before.is_beyond(code, locked) {
                continue;
            }
            is_new = true;
            let stored = today::stored(published, &golden.stored);
            if let Err(as_version) = follows((code, locked), &entries, before, &stored, &today) {
                changed.push((at, (golden.stored.clone(), as_version.unwrap_or(difference))));
            }
        }
        let is_changed = changed.last().is_some_and(|(last, _)| *last == at);
        if downcast != before_downcast {
            is_new = true;
            let difference = downcast.difference_from(&before_downcast).filter(|_| !is_changed);
            rewritten = rewritten.or_else(|| Some((at, golden.stored.clone(), difference?)));
        }
        if is_new {
            is_due |= !is_changed;
            (golden.today, golden.version) = some(today.in_file(name));
            golden.written = downcast.in_file();
        }
    }
    if changed.is_empty() {
        // Else it follows from what has changed.
        findings.append(&mut unstable);
    }
    if code.has_new_history(published, locked) {
        // From now on it is stored in another form as well.
        let samples = entries.first().map(|entry| entry.shape.today().samples()).unwrap_or_default();
        let is_new = |sample: &Exact| payloads.iter().all(|golden| golden.stored != *sample);
        let new: Vec<Exact> = samples.iter().map(Exact::from).filter(is_new).collect();
        let new: Vec<Golden> =
            new.iter().filter_map(|sample| golden(code, published, &entries, sample).ok()).collect();
        is_due |= !new.is_empty();
        payloads.extend(new);
    }
    Read { published, entries, payloads, changed, rewritten, is_due }
}

/// Whether nothing but what was published since has changed the way in which a meaning is written. If not,
/// maybe how the version of then is read and written otherwise.
fn follows(
    (code, locked): (&Code, &Locked),
    entries: &[&Entry],
    before: &today::Locked,
    stored: &Written,
    today: &Today,
) -> Result<(), Option<Difference>> {
    let reads_the_same = || before.read(code, entries).is_ok_and(|again| again == *today);
    if before.has_new_history(code, locked) {
        // A type in it has another form from now on, in which the event of then is written as well.
        return if reads_the_same() { Ok(()) } else { Err(None) };
    }
    if !before.is_of_before(code, entries) {
        return Err(None);
    }
    // Read as the version of then and written as that, it is what it was; the steps after it are new.
    match before.again(code, entries, stored) {
        Some(Ok(None)) => Ok(()),
        Some(Ok(difference)) => Err(difference),
        // Or the event of then, read as one that is stored, means the same.
        None if reads_the_same() => Ok(()),
        Some(Err(_)) | None => Err(None),
    }
}

fn some((today, version): (Exact, Option<u32>)) -> (Option<Exact>, Option<u32>) {
    (Some(today), version)
}
