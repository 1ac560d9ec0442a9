//! The payloads of one published version, read by everything that lists its event.

use super::made_up::{golden, meanings};
use crate::codec::Exact;
use crate::lock::advice::meaning;
use crate::lock::code::{Code, Entry};
use crate::lock::downcast::Downcast;
use crate::lock::file::Locked;
use crate::lock::findings::Finding;
use crate::lock::fits;
use crate::lock::payloads::{Folder, Golden};
use crate::lock::published::Published;
use crate::lock::reader::Written;
use crate::lock::today::{self, Difference, Today};

/// One published version whose payloads were read.
pub(super) struct ReadVersion<'a> {
    pub(super) published: &'a Published,
    pub(super) entries: Vec<&'a Entry>,
    pub(super) payloads: Vec<Golden>,
    /// The payloads that mean something else, by their number.
    pub(super) changed: Vec<(usize, (Exact, Difference))>,
    /// The first payload of which something else is written.
    pub(super) rewritten: Option<(usize, Exact, String)>,
    pub(super) is_due: bool,
}

/// What a payload means now, beside what its file says.
enum GoldenComparison {
    Same,
    /// What the file says is of a published version that is gone, which is found by itself.
    Beyond,
    /// The file does not say it yet, or it follows from what was published since.
    New,
    Changed(Difference),
}

pub(super) fn read<'a>(
    (code, locked): (&Code, &Locked),
    published: &'a Published,
    entries: Vec<&'a Entry>,
    mut payloads: Vec<Golden>,
    findings: &mut Vec<Finding>,
) -> ReadVersion<'a> {
    let name = entries.first().map_or("", |entry| entry.shape.name());
    let mut reading = Reading {
        code,
        locked,
        published,
        entries,
        name,
        changed: Vec::new(),
        rewritten: None,
        is_due: false,
        unstable: Vec::new(),
    };
    for (at, golden) in payloads.iter_mut().enumerate() {
        if let Err(found) = reading.take(at, golden) {
            findings.extend(found);
        }
    }
    if reading.changed.is_empty() {
        // Else it follows from what has changed.
        findings.append(&mut reading.unstable);
    }
    let new = reading.new_forms(&payloads);
    let Reading { published, entries, changed, rewritten, is_due, .. } = reading;
    let is_due = is_due || !new.is_empty();
    payloads.extend(new);
    ReadVersion { published, entries, payloads, changed, rewritten, is_due }
}

/// The payloads of one version, while they are read.
struct Reading<'a, 'c> {
    code: &'c Code,
    locked: &'c Locked,
    published: &'a Published,
    entries: Vec<&'a Entry>,
    /// What the event is called today.
    name: &'a str,
    changed: Vec<(usize, (Exact, Difference))>,
    rewritten: Option<(usize, Exact, String)>,
    is_due: bool,
    /// Of payloads that are not read as they were written.
    unstable: Vec<Finding>,
}

impl Reading<'_, '_> {
    /// Reads one payload, and writes down what is new about it.
    fn take(&mut self, at: usize, golden: &mut Golden) -> Result<(), Vec<Finding>> {
        let place = format!("payload {} of {}", at + 1, Folder::name(self.published));
        let (today, downcast) = self.meanings(&place, &golden.stored)?;
        let before = self.before(&place, golden)?.map(|before| before.in_order(self.code));
        let before_downcast = self.before_downcast(&place, golden)?;
        let mut is_new = true;
        let mut is_changed = false;
        match self.compare(before.as_ref(), &golden.stored, &today) {
            GoldenComparison::Beyond => return Ok(()),
            GoldenComparison::Same => is_new = false,
            GoldenComparison::New => {}
            GoldenComparison::Changed(difference) => {
                is_changed = true;
                self.changed.push((at, (golden.stored.clone(), difference)));
            }
        }
        if downcast != before_downcast {
            is_new = true;
            let difference = downcast.difference_from(&before_downcast).filter(|_| !is_changed);
            let rewritten = self.rewritten.take();
            self.rewritten = rewritten.or_else(|| Some((at, golden.stored.clone(), difference?)));
        }
        if is_new {
            self.is_due |= !is_changed;
            let (payload, version) = today.in_file(self.name);
            (golden.today, golden.version) = (Some(payload), version);
            golden.written = downcast.in_file();
        }
        Ok(())
    }

    /// What a payload means today, and what is written of it.
    fn meanings(&mut self, place: &str, stored: &Exact) -> Result<(Today, Downcast), Vec<Finding>> {
        let Self { code, published, entries, .. } = self;
        let (today, downcast) = meanings(code, published, entries, stored)
            .map_err(|unclear| vec![meaning::unclear(published, place, &unclear)])?;
        let written = today.written().chain(downcast.written());
        let misfits = fits::check(code, published, entries, place, stored, written);
        if !misfits.is_empty() {
            return Err(misfits);
        }
        self.unstable.extend(fits::read_again(code, entries, place, &today));
        Ok((today, downcast))
    }

    /// What it meant, by its file.
    fn before(&self, place: &str, golden: &Golden) -> Result<Option<today::LockedPayload>, Vec<Finding>> {
        match (&golden.today, golden.version) {
            (Some(payload), Some(version)) => {
                Ok(Some(today::LockedPayload::itself(self.name, version, payload.clone())))
            }
            (Some(list), None) => today::LockedPayload::events(list).map(Some).ok_or_else(|| {
                vec![Finding::new(format!(
                    "{place} does not say in which version `today` is written\n\
                     Remove its `today`, and run `ES_LOCK=update cargo test`, which writes it."
                ))]
            }),
            (None, _) => Ok(None),
        }
    }

    /// What was written of it, by its file.
    fn before_downcast(&self, place: &str, golden: &Golden) -> Result<Downcast, Vec<Finding>> {
        Downcast::from_file(self.code, self.name, golden.written.as_ref()).ok_or_else(|| {
            vec![Finding::new(format!(
                "{place} does not say in which version `written` is\n\
                 Remove its `written`, and run `ES_LOCK=update cargo test`, which writes it."
            ))]
        })
    }

    fn compare(
        &self,
        before: Option<&today::LockedPayload>,
        stored: &Exact,
        today: &Today,
    ) -> GoldenComparison {
        let Some(before) = before else { return GoldenComparison::New };
        let Some(difference) = today.difference_from(before) else { return GoldenComparison::Same };
        if before.is_beyond(self.code, self.locked) {
            return GoldenComparison::Beyond;
        }
        let stored = today::stored(self.published, stored);
        match follows((self.code, self.locked), &self.entries, before, &stored, today) {
            Ok(()) => GoldenComparison::New,
            Err(as_version) => GoldenComparison::Changed(as_version.unwrap_or(difference)),
        }
    }

    /// Payloads for a type that has a history from now on: it is stored in another form as well.
    fn new_forms(&self, payloads: &[Golden]) -> Vec<Golden> {
        let Self { code, published, entries, .. } = self;
        if !code.has_new_history(published, self.locked) {
            return Vec::new();
        }
        let samples = entries.first().map(|entry| entry.shape.today().samples()).unwrap_or_default();
        let is_new = |sample: &Exact| payloads.iter().all(|golden| golden.stored != *sample);
        let new = samples.iter().map(Exact::from).filter(is_new);
        new.filter_map(|sample| golden(code, published, entries, &sample).ok()).collect()
    }
}

/// Whether only what was published since has changed the way in which a meaning is written. If not, possibly
/// the difference that reading and writing the earlier version makes.
fn follows(
    (code, locked): (&Code, &Locked),
    entries: &[&Entry],
    before: &today::LockedPayload,
    stored: &Written,
    today: &Today,
) -> Result<(), Option<Difference>> {
    let reads_the_same = || before.read(code, entries).is_ok_and(|again| again == *today);
    if before.has_new_history(code, locked) {
        // A type in it has another form from now on, in which the earlier event is written as well.
        return if reads_the_same() { Ok(()) } else { Err(None) };
    }
    if !before.is_of_before(code, entries) {
        return Err(None);
    }
    // Read and written as the earlier version, it is what it was; the steps after it are new.
    match before.again(code, entries, stored) {
        Some(Ok(None)) => Ok(()),
        Some(Ok(difference)) => Err(difference),
        // Or the earlier event, read as a stored one, means the same.
        None if reads_the_same() => Ok(()),
        Some(Err(_)) | None => Err(None),
    }
}
