//! The two ways to call a store: directly, or in the caller's transaction. A command takes the same steps in
//! both.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::store::{
    Append, AppendIn, AppendOutcome, Decision, EventStore, Limits, Load, LoadSink, Remembered, StreamHead,
    Submitted,
};

#[async_trait]
pub(super) trait Port: Send {
    async fn load(&mut self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError>;
    async fn append(&mut self, append: Append<'_>) -> Result<AppendOutcome, StoreError>;
    async fn submit(&mut self, append: Append<'_>) -> Result<Submitted, StoreError>;
    async fn remember(&mut self, decision: Decision<'_>) -> Result<Remembered, StoreError>;
    fn limits(&self) -> Limits;
}

/// Each step on its own.
pub(super) struct Direct<'a, S>(pub(super) &'a S);

#[async_trait]
impl<S: EventStore> Port for Direct<'_, S> {
    async fn load(&mut self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.0.load(load, sink).await
    }

    async fn append(&mut self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.0.append(append).await
    }

    async fn submit(&mut self, append: Append<'_>) -> Result<Submitted, StoreError> {
        self.0.submit(append).await
    }

    async fn remember(&mut self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        self.0.remember(decision).await
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }
}

/// All steps in one transaction, which the caller ends.
pub(super) struct InTransaction<'a, S, Tx: ?Sized> {
    pub(super) store: &'a S,
    pub(super) tx: &'a mut Tx,
}

#[async_trait]
impl<Tx: ?Sized + Send, S: AppendIn<Tx>> Port for InTransaction<'_, S, Tx> {
    async fn load(&mut self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        self.store.load_in(self.tx, load, sink).await
    }

    async fn append(&mut self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        self.store.append_in(self.tx, append).await
    }

    async fn submit(&mut self, append: Append<'_>) -> Result<Submitted, StoreError> {
        let outcome = self.append(append).await;
        Ok(Box::pin(std::future::ready(outcome)))
    }

    async fn remember(&mut self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        self.store.remember_in(self.tx, decision).await
    }

    fn limits(&self) -> Limits {
        self.store.limits()
    }
}
