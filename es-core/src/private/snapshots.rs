//! How snapshots of a state are taken, and for which fingerprint they are valid.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::RwLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{read_json, write_json};
use crate::latch::{hold_to_read, hold_to_write};
use crate::model::{Aggregate, AggregateDescription, Snapshots};
use crate::record::PayloadError;
use crate::shape::{Describe, Fingerprint, Schema};

impl<A: Aggregate + Serialize + DeserializeOwned> Snapshots<A> {
    /// Snapshots as JSON, of a state with the shape of `describe`.
    #[must_use]
    pub fn json(every: u64, build: u64, describe: Describe) -> Self {
        Self {
            every,
            fingerprint: fingerprint_once(TypeId::of::<A>(), A::NAME, build, describe, A::description()),
            describe,
            encode: |state, out| write_json(state, out).map_err(|error| PayloadError::from(&error)),
            decode: |json| read_json(json).map_err(|error| PayloadError::from(&error)),
        }
    }
}

/// Adds everything that is folded: each event, its former names, and the current events that replace retired
/// ones.
fn with_events(mut of: Fingerprint, aggregate: &AggregateDescription) -> Fingerprint {
    for (at, event) in aggregate.all().enumerate() {
        if at == aggregate.events.len() {
            of = of.with("retired");
        }
        of = of.with(event.name).with(&event.version.to_string());
        of = event.was.iter().fold(of, |of, was| of.with("was").with(was));
    }
    of
}

/// Describing a state takes time, so it is done once per process. Keyed by type, as a static in a generic
/// function is shared by all its types.
///
/// Not generic, as it would be compiled for every aggregate of every user.
fn fingerprint_once(
    of: TypeId,
    name: &str,
    build: u64,
    describe: Describe,
    events: &AggregateDescription,
) -> Fingerprint {
    static KNOWN: RwLock<Option<HashMap<TypeId, Fingerprint>>> = RwLock::new(None);
    let known = hold_to_read(&KNOWN);
    if let Some(fingerprint) = known.as_ref().and_then(|known| known.get(&of)) {
        return *fingerprint;
    }
    drop(known);
    // Described without the lock, as the user's own `Shape` is called; concurrent threads get the same
    // result.
    let shape = Schema::described_in_current_form(describe).text();
    // Stored: "rev" is what builds were called when the first snapshots were written.
    let state = Fingerprint::EMPTY.with(name).with(&format!("rev {build}")).with(&shape);
    let fingerprint = with_events(state, events);
    hold_to_write(&KNOWN).get_or_insert_default().insert(of, fingerprint);
    fingerprint
}
