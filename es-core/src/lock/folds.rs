//! Sample folds: the state of each aggregate with snapshots after each of its golden payloads.
//!
//! A stored snapshot was made by the `apply` of its time. Its fingerprint covers the shape of the state, the
//! events and `build`, but not what `apply` does, so if its body changes, `build` must change too.

use std::collections::BTreeMap;

use super::code::Code;
use super::file::Write;
use super::findings::Finding;
use super::folding::{Between, Folding};
use super::payloads::{Folder, file_name};
use super::published::Published;
use super::reader::{Reader, Written};
use super::today::first_difference;
use crate::codec::Exact;

/// The maximum number of events that are folded.
const MOST: usize = 256;

/// The outcome of all folds.
#[derive(Default)]
pub(super) struct CheckedFolds {
    pub(super) findings: Vec<Finding>,
    pub(super) writes: Vec<Write>,
    /// The files that an update writes.
    pub(super) due: Vec<String>,
}

pub(super) fn check(
    code: &Code,
    payloads: &BTreeMap<Published, Vec<Exact>>,
    folder: &Folder,
) -> CheckedFolds {
    let mut checked = CheckedFolds::default();
    for folding in &code.folds {
        if !folding.state.opaque().is_empty() {
            continue;
        }
        let name = format!("events/{}.fold.json", file_name(folding.aggregate));
        let recorded = match recorded(folder, &name) {
            Ok(recorded) => recorded,
            Err(finding) => {
                checked.findings.push(finding);
                continue;
            }
        };
        match check_one(code, folding, recorded.as_ref(), payloads, &name) {
            Err(finding) => checked.findings.push(finding),
            Ok(None) => {}
            Ok(Some(text)) => {
                checked.writes.push(folder.file(&name, text));
                checked.due.push(name);
            }
        }
    }
    checked
}

/// A fold as stored in a file.
struct StoredFold {
    fingerprint: String,
    events: Vec<Written>,
    states: Vec<Exact>,
}

fn recorded(folder: &Folder, name: &str) -> Result<Option<StoredFold>, Finding> {
    let advice = "Take the file of either side, and run `ES_LOCK=update cargo test`.";
    let Some(value) = folder.json(name, advice)? else { return Ok(None) };
    let read = || {
        let fingerprint = value.get("fingerprint")?.as_str()?.to_owned();
        let (mut events, mut states) = (Vec::new(), Vec::new());
        for step in value.get("events")?.as_array()? {
            let name = step.get("name")?.as_str()?.to_owned();
            let version = step.get("version")?.as_u32()?;
            events.push(Written { name, version, payload: step.get("stored")?.clone() });
            states.push(step.get("state")?.clone());
        }
        Some(StoredFold { fingerprint, events, states })
    };
    match read() {
        Some(recorded) => Ok(Some(recorded)),
        None => Err(Finding::new(format!(
            "{name} is not a sample fold; restore the file, or delete it and run `ES_LOCK=update cargo test`"
        ))),
    }
}

/// The new contents of the file, if they differ.
fn check_one(
    code: &Code,
    folding: &Folding,
    recorded: Option<&StoredFold>,
    payloads: &BTreeMap<Published, Vec<Exact>>,
    name: &str,
) -> Result<Option<String>, Finding> {
    let fingerprint = folding.fingerprint.to_string();
    let before = recorded.filter(|recorded| recorded.fingerprint == fingerprint);
    let mut events = recorded.map(|recorded| recorded.events.clone()).unwrap_or_default();
    let mut states = as_recorded(folding, &events, before, name)?;
    let is_whole = states.len() == events.len();
    if !is_whole {
        (events, states) = (Vec::new(), Vec::new());
    }
    let known = events.len();
    for event in new(code, folding.aggregate, payloads) {
        if events.len() == MOST || events.contains(&event) {
            continue;
        }
        events.push(event);
        match folding.states(&events, Between::Nothing).pop() {
            Some(Ok(state)) => states.push(state),
            // Not every event can follow every other one; each by itself was folded before.
            _ => drop(events.pop()),
        }
    }
    check_snapshots(folding, &events, &states)?;
    if is_whole && known == events.len() && before.is_some() {
        return Ok(None);
    }
    Ok(Some(written(&fingerprint, &events, &states)))
}

/// The states that the recorded events fold to, as far as they do. If the fingerprint is unchanged, they must
/// be the recorded ones.
fn as_recorded(
    folding: &Folding,
    events: &[Written],
    before: Option<&StoredFold>,
    name: &str,
) -> Result<Vec<Exact>, Finding> {
    let mut states = Vec::new();
    for (at, state) in folding.states(events, Between::Nothing).into_iter().enumerate() {
        match (state, before.and_then(|before| before.states.get(at))) {
            (Ok(state), Some(was)) => {
                let was = folding.state.in_order(was.clone());
                if let Some(difference) = first_difference(&was, &state, "") {
                    return Err(differs(folding, &events[..=at], &difference, name));
                }
                states.push(state);
            }
            (Ok(state), None) => states.push(state),
            (Err(problem), Some(_)) => {
                return Err(differs(folding, &events[..=at], &format!("it was folded, and {problem}"), name));
            }
            // If the fingerprint has changed, events that no longer exist or no longer fold are left out.
            (Err(_), None) => break,
        }
    }
    Ok(states)
}

/// One line for each step, so that a new step adds one line.
fn written(fingerprint: &str, events: &[Written], states: &[Exact]) -> String {
    let steps = events.iter().zip(states).map(|(Written { name, version, payload }, state)| {
        let name = Exact::from(name.as_str());
        format!("    {{\"name\":{name},\"version\":{version},\"stored\":{payload},\"state\":{state}}}")
    });
    let steps = steps.collect::<Vec<_>>().join(",\n");
    format!("{{\n  \"fingerprint\": \"{fingerprint}\",\n  \"events\": [\n{steps}\n  ]\n}}\n")
}

/// The golden payloads that the aggregate reads, in order.
fn new(code: &Code, aggregate: &'static str, payloads: &BTreeMap<Published, Vec<Exact>>) -> Vec<Written> {
    let is_read = |published: &&Published| {
        code.under_present_names(published)
            .any(|entry| entry.readers.iter().any(|(reader, _)| *reader == Reader::Aggregate(aggregate)))
    };
    let all = payloads.keys().filter(is_read).flat_map(|published| {
        payloads.get(published).into_iter().flatten().map(|payload| Written {
            name: published.name.clone(),
            version: published.version,
            payload: payload.clone(),
        })
    });
    all.collect()
}

fn differs(folding: &Folding, events: &[Written], difference: &str, name: &str) -> Finding {
    let Folding { aggregate, .. } = folding;
    let last =
        events.last().map_or_else(String::new, |event| format!("`{}` version {}", event.name, event.version));
    Finding::new(format!(
        "aggregate `{aggregate}` folds the same events to another state than before: {difference}\n\
         It differs after event {} of {name}, {last}. Stored snapshots hold states of the former code, and \
         would continue from those.\n\
         Put `apply` back as it was, or raise `build` in the `snapshot(…)` of `{aggregate}`, so that stored \
         snapshots are no longer used, and run `ES_LOCK=update cargo test`.",
        events.len()
    ))
}

/// A state must continue from a snapshot as it does without one, and be deterministic.
fn check_snapshots(folding: &Folding, events: &[Written], states: &[Exact]) -> Result<(), Finding> {
    let aggregate = folding.aggregate;
    let find = |between: Between| {
        let again = folding.states(events, between);
        states.iter().zip(again).enumerate().find_map(|(at, (state, again))| {
            let difference = match again {
                Ok(again) => first_difference(state, &again, "")?,
                Err(problem) => problem,
            };
            let Written { name, version, .. } = events.get(at)?;
            Some(format!("after `{name}` version {version}, {difference}"))
        })
    };
    if let Some(difference) = find(Between::Nothing) {
        return Err(Finding::new(format!(
            "the state of aggregate `{aggregate}` is different each time it is folded: {difference}\n\
             `apply` must depend on the state and the event alone: no clock, no random number, no order of a \
             hash map."
        )));
    }
    if let Some(difference) = find(Between::Snapshot) {
        return Err(Finding::new(format!(
            "the state of aggregate `{aggregate}` continues differently from a snapshot: {difference}\n\
             Something in the state is not written into snapshots, or is read from them as something else: a \
             field with `#[serde(skip)]`, or code that writes or reads it. Keep all of the state."
        )));
    }
    Ok(())
}
