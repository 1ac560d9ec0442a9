//! Golden payloads: one file for each published version, read by every aggregate that lists the event.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Mode;
use super::code::{Code, Entry, Published};
use super::file::{Locked, Write};
use super::findings::Finding;
use super::payloads::Folder;

/// Reads all payloads; in an update, makes those that are missing.
pub(super) fn check(
    code: &Code,
    locked: &Locked,
    changed: &BTreeSet<Published>,
    folder: &Folder,
    mode: Mode,
    findings: &mut Vec<Finding>,
) -> Vec<Write> {
    let mut writes = Vec::new();
    // What was published under a name of before still lies in stores, and is read by the event of today.
    let renamed = locked
        .entries
        .keys()
        .filter(|published| !code.entries.contains_key(published))
        .flat_map(|published| code.under_present_names(published).map(move |entry| (published, entry)));
    for (published, entry) in code.entries.iter().chain(renamed) {
        // Found already: what follows from it would only hide it.
        if changed.contains(published) || !entry.shape.schema().opaque().is_empty() {
            continue;
        }
        let file = Folder::name(published);
        match folder.read(published) {
            Err(finding) => findings.push(finding),
            Ok(Some(payloads)) => findings.extend(check_payloads(published, entry, &payloads, &file)),
            Ok(None) if mode == Mode::Update => match made_up(published, entry) {
                Ok(payloads) => match folder.write(published, &payloads) {
                    Ok(write) => writes.push(write),
                    Err(finding) => findings.push(finding),
                },
                Err(problem) => findings.push(Finding::new(format!(
                    "{published} has no payloads to be tested with, and those made up from its shape do not do: {problem}\n\
                     Write {file} by hand: a list of payloads, such as a store may hold."
                ))),
            },
            // What is not published needs no payloads yet.
            Ok(None) if !locked.entries.contains_key(published) => {}
            Ok(None) => findings.push(Finding::new(format!(
                "{published} is published, and {file} is missing\n\
                 Restore the file, or run `ES_LOCK=update cargo test` to make it from the shape."
            ))),
        }
    }
    writes
}

/// Payloads made up from the shape, as the newest version writes them.
fn made_up(published: &Published, entry: &Entry) -> Result<Vec<Value>, String> {
    let samples = entry.shape.schema().samples();
    if published.version != entry.newest.0 {
        for sample in &samples {
            replayed(published, entry, sample)?;
        }
        return Ok(samples);
    }
    // Once through the code, so that numbers and times look as the code writes them.
    let mut payloads = Vec::new();
    for sample in &samples {
        payloads.push(replayed(published, entry, sample)?.unwrap_or_else(|| sample.clone()));
    }
    Ok(payloads)
}

fn check_payloads(published: &Published, entry: &Entry, payloads: &[Value], file: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, payload) in payloads.iter().enumerate() {
        let place = format!("payload {} of {file}", at + 1);
        match replayed(published, entry, payload) {
            Err(problem) => findings.push(Finding::new(format!(
                "{place} is no longer read: {problem}\n\
                 Events like it are stored. Make the code read {published} again; the payload stays."
            ))),
            Ok(Some(again)) if again != *payload => findings.push(Finding::new(format!(
                "{place} is written differently now: {}\n\
                 What a version writes is published: make the code write {published} as before, or make a new version.",
                first_difference(payload, &again, "").unwrap_or_else(|| "the two differ".into()),
            ))),
            Ok(_) => {}
        }
    }
    findings
}

/// Lets every aggregate that lists the event decode, upcast, fold and write it. Gives what the newest version writes.
fn replayed(published: &Published, entry: &Entry, payload: &Value) -> Result<Option<Value>, String> {
    let Published { name, version } = published;
    let mut again = None;
    for (aggregate, replay) in &entry.readers {
        let fold = std::panic::AssertUnwindSafe(|| replay(name, *version, payload));
        let written = match std::panic::catch_unwind(fold) {
            Ok(Ok(written)) => written,
            Ok(Err(problem)) => return Err(format!("aggregate `{aggregate}`: {problem}")),
            Err(_) => return Err(format!("aggregate `{aggregate}` panics when it reads or applies it")),
        };
        let now = entry.shape.name();
        let same = written
            .into_iter()
            .find(|event| event.name == now && event.version == *version && *version == entry.newest.0);
        again = again.or(same.map(|event| event.payload));
    }
    Ok(again)
}

/// The way to the first value that differs, and how.
fn first_difference(before: &Value, now: &Value, way: &str) -> Option<String> {
    let at = |key: &str| if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in before {
                let Some(other) = now.get(key) else { return Some(format!("`{}` is gone", at(key))) };
                if let Some(difference) = first_difference(value, other, &at(key)) {
                    return Some(difference);
                }
            }
            let new = now.keys().find(|key| !before.contains_key(*key))?;
            Some(format!("`{}` is new", at(new)))
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            let pairs = before.iter().zip(now).enumerate();
            pairs
                .into_iter()
                .find_map(|(place, (before, now))| first_difference(before, now, &at(&place.to_string())))
        }
        _ if before == now => None,
        // The files are the project's own, made up from shapes, so their values may be shown.
        _ if way.is_empty() => Some(format!("it was {before} and is {now}")),
        _ => Some(format!("`{way}` was {before} and is {now}")),
    }
}
