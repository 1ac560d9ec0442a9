//! Writing snapshots off the path of commands.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{Aggregate, EventStore, NewSnapshot, Revision, Snapshots, StreamId};

/// How many snapshots of one repository are written at a time; more are left out, as a later command takes them.
const AT_ONCE: u32 = 4;

#[derive(Clone)]
pub(super) struct SnapshotWriter {
    slots: Arc<Semaphore>,
}

impl Default for SnapshotWriter {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE as usize)) }
    }
}

impl SnapshotWriter {
    /// Keeps a snapshot in the background, unless too many are being kept; says whether it does. What goes wrong is logged: a
    /// snapshot is a convenience.
    pub(super) fn write<A: Aggregate, S: EventStore + 'static>(
        &self,
        store: &Arc<S>,
        snapshots: &Snapshots<A>,
        stream: StreamId,
        revision: Revision,
        state: &A,
    ) -> bool {
        let (Ok(runtime), Ok(slot)) =
            (tokio::runtime::Handle::try_current(), Arc::clone(&self.slots).try_acquire_owned())
        else {
            return false;
        };
        let name = stream.to_string();
        let json = match snapshots.encode(state) {
            Ok(json) => json,
            Err(error) => {
                tracing::warn!(stream = name, %error, "snapshot cannot be written as JSON");
                return true;
            }
        };
        let store = Arc::clone(store);
        let snapshot = NewSnapshot::new(stream, revision, snapshots.fingerprint, json);
        runtime.spawn(async move {
            if let Err(error) = store.save_snapshot(snapshot).await {
                tracing::warn!(stream = name, %error, "snapshot was not kept");
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
