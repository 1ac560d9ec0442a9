//! Writing snapshots in the background.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use super::cache::Folded;
use crate::codec::Payload;
use crate::error::StoreError;
use crate::model::{Aggregate, NewSnapshot, Snapshots};
use crate::seldom::Seldom;
use crate::store::EventStore;
use crate::stream::StreamId;

/// How many snapshots of one repository are written at a time; more are skipped, as a later command takes
/// them.
const AT_ONCE: u32 = 4;

/// Log lines about snapshots, of each category, that cannot be encoded or stored.
static NOT_WRITTEN: Seldom = Seldom::new();
static NOT_KEPT: Seldom = Seldom::new();

#[derive(Clone)]
pub(super) struct SnapshotWriter {
    slots: Arc<Semaphore>,
    /// Whether the store stores none.
    refused: Arc<AtomicBool>,
}

impl Default for SnapshotWriter {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE as usize)), refused: Arc::default() }
    }
}

impl SnapshotWriter {
    /// Stores a snapshot in the background, unless too many are being stored; returns whether it does. Errors
    /// are only logged: a snapshot is an optimization.
    pub(super) fn write<A: Aggregate, S: EventStore + 'static>(
        &self,
        store: &Arc<S>,
        snapshots: &Snapshots<A>,
        stream: StreamId,
        after: &Folded<()>,
        state: &A,
    ) -> bool {
        if self.refused.load(Ordering::Relaxed) {
            return true;
        }
        let (Ok(runtime), Ok(slot)) =
            (tokio::runtime::Handle::try_current(), Arc::clone(&self.slots).try_acquire_owned())
        else {
            return false;
        };
        let name = stream.to_string();
        let Some(json) = encoded(snapshots, state, &name, store.limits().snapshot_bytes) else { return true };
        let store = Arc::clone(store);
        let snapshot = NewSnapshot::new(stream, after.revision, snapshots.fingerprint, json)
            .event_id(after.last_event_id);
        let refused = Arc::clone(&self.refused);
        runtime.spawn(async move {
            match store.save_snapshot(snapshot).await {
                Ok(()) => {}
                // Nothing can be done about it, and the others would be rejected alike.
                Err(StoreError::ReadOnly) => refused.store(true, Ordering::Relaxed),
                Err(error) => {
                    if let Some(left_out) = NOT_KEPT.due(A::NAME) {
                        tracing::warn!(stream = name, %error, left_out, "snapshot was not kept");
                    }
                }
            }
            drop(slot);
        });
        true
    }

    pub(super) async fn settle(&self) {
        // The semaphore is never closed.
        let _all = self.slots.acquire_many(AT_ONCE).await;
    }
}

/// The state as it is stored; `None` if it cannot be serialized, which is logged.
fn encoded<A: Aggregate>(snapshots: &Snapshots<A>, state: &A, stream: &str, limit: usize) -> Option<Vec<u8>> {
    let mut json = Payload::within(limit);
    // The events are stored by now, so a panic of the user's `Serialize` must not look like a failure of the
    // command.
    match catch_unwind(AssertUnwindSafe(|| snapshots.encode(state, &mut json))) {
        Ok(Ok(())) => return Some(json.into_vec()),
        Ok(Err(error)) => {
            if let Some(left_out) = NOT_WRITTEN.due(A::NAME) {
                let limit_met_at = json.refused();
                tracing::warn!(stream, %error, limit_met_at, left_out, "snapshot cannot be written as JSON");
            }
        }
        Err(_) => {
            if let Some(left_out) = NOT_WRITTEN.due(A::NAME) {
                tracing::warn!(
                    stream,
                    left_out,
                    "snapshot cannot be written as JSON: serializing the state panicked"
                );
            }
        }
    }
    None
}

/// How snapshots are taken, if one of the state after an append is due.
pub(super) fn snapshot_due<A: Aggregate>(after: &Folded<()>) -> Option<Snapshots<A>> {
    let since = after.revision.get() - after.snapshot.get();
    A::snapshots().filter(|snapshots| since >= snapshots.every)
}
