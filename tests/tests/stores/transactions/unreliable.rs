//! A store that loses answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, StoreError};

/// Executes an append, and returns that it could not be reached.
#[derive(Clone)]
pub(crate) struct Unreliable<S> {
    store: S,
    lost: Arc<AtomicU32>,
}

impl<S> Unreliable<S> {
    /// A store that loses the answers of this many appends.
    pub(crate) fn new(store: S, answers: u32) -> Self {
        Self { store, lost: Arc::new(AtomicU32::new(answers)) }
    }

    fn passed<T>(&self, answer: T) -> Result<T, StoreError> {
        let lose = |left: u32| left.checked_sub(1);
        match self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose) {
            Ok(_) => Err(StoreError::Unavailable { source: "the answer was lost".into() }),
            Err(_) => Ok(answer),
        }
    }
}

#[async_trait]
impl<S: EventStore> EventStore for Unreliable<S> {
    es_core::forward_event_store!(EventStore to |this| &this.store, except append, append_all);

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.passed(self.store.append(append).await?)
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        self.passed(self.store.append_all(appends).await?)
    }
}
