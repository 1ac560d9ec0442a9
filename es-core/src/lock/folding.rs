//! Folding the events of an aggregate with snapshots.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::reader::{Written, as_stored};
use crate::codec::{Exact, Payload};
use crate::model::Aggregate;
use crate::shape::{Fingerprint, Schema};

/// An aggregate with snapshots.
#[derive(Debug)]
pub(super) struct Folding {
    pub(super) aggregate: &'static str,
    pub(super) fingerprint: Fingerprint,
    pub(super) state: Schema,
    fold: FoldEvents,
}

/// The state after each event.
type FoldEvents = fn(&[Written], Between) -> Vec<Result<Exact, String>>;

/// What becomes of the state between two events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// The next event is folded into it.
    Nothing,
    /// It is stored as a snapshot and loaded before the next event.
    Snapshot,
}

impl Folding {
    pub(super) fn of<A: Aggregate>() -> Option<Self> {
        let snapshots = A::snapshots()?;
        Some(Self {
            aggregate: A::NAME,
            fingerprint: snapshots.fingerprint,
            state: snapshots.state(),
            fold: fold::<A>,
        })
    }

    /// With sets in order, so that the states can be compared.
    pub(super) fn states(&self, events: &[Written], between: Between) -> Vec<Result<Exact, String>> {
        let states = (self.fold)(events, between).into_iter();
        states.map(|state| state.map(|state| self.state.in_order(state))).collect()
    }
}

fn fold<A: Aggregate>(events: &[Written], between: Between) -> Vec<Result<Exact, String>> {
    let Some(snapshots) = A::snapshots() else { return Vec::new() };
    let mut state = A::initial();
    let mut states = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let step = catch_unwind(AssertUnwindSafe(|| {
            apply(&mut state, event, at as u64 + 1)?;
            let mut json = Payload::new();
            snapshots.encode(&state, &mut json).map_err(|error| error.to_string())?;
            Ok::<_, String>(json.into_vec())
        }));
        let json = match step {
            Ok(Ok(json)) => json,
            Ok(Err(problem)) => return failed(states, problem),
            Err(_) => return failed(states, "it panics".into()),
        };
        match Exact::parse(&json) {
            Ok(value) => states.push(Ok(value)),
            Err(refused) => return failed(states, refused.to_string()),
        }
        if between == Between::Snapshot {
            match catch_unwind(|| snapshots.decode(&json)) {
                Ok(Ok(loaded)) => state = loaded,
                Ok(Err(error)) => return failed(states, format!("its own snapshot is not read: {error}")),
                Err(_) => return failed(states, "it panics when its own snapshot is read".into()),
            }
        }
    }
    states
}

fn failed(mut states: Vec<Result<Exact, String>>, problem: String) -> Vec<Result<Exact, String>> {
    states.push(Err(problem));
    states
}

fn apply<A: Aggregate>(state: &mut A, stored: &Written, revision: u64) -> Result<(), String> {
    as_stored(A::NAME, revision, stored, |raw| {
        A::decode(raw, &mut |event| state.apply_event(event)).map_err(|error| error.problem().to_string())
    })
}
