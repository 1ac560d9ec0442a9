//! Generated payloads: from the shape, through the code.

use crate::codec::Exact;
use crate::lock::code::{Code, Entry};
use crate::lock::downcast::Downcast;
use crate::lock::fits;
use crate::lock::payloads::Golden;
use crate::lock::published::Published;
use crate::lock::today::{self, Today, Unclear};

/// Payloads generated from the shape, as the newest version writes them.
pub(super) fn made_up(code: &Code, published: &Published, entries: &[&Entry]) -> Result<Vec<Golden>, String> {
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
    // A reader that rejects the absence of a field gives it no meaning.
    let partial = entry.shape.today().partial_samples();
    payloads.extend(partial.iter().filter_map(|sample| golden(&sample.into()).ok()));
    Ok(payloads)
}

/// What a payload means, and what is written of it.
pub(super) fn meanings(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    payload: &Exact,
) -> Result<(Today, Downcast), Unclear> {
    let stored = today::stored(published, payload);
    Ok((Today::of(code, entries, &stored)?, Downcast::of(code, entries, &stored)?))
}

pub(super) fn golden(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    payload: &Exact,
) -> Result<Golden, String> {
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

/// The generated payloads: types with a history in their first and in their current form.
fn samples(entry: &Entry) -> Vec<Exact> {
    let mut samples = entry.shape.schema().samples();
    if entry.shape.schema().has_history() {
        samples.extend(entry.shape.today().samples());
    }
    samples.iter().map(Exact::from).collect()
}
