//! Stores that wrap others, and trait objects with more than one trait of a store.

use std::sync::Arc;

/// Forwards what it does not implement itself.
pub struct Logged<S>(pub S);

#[async_trait::async_trait]
impl<S: es_core::store::ReadAll> es_core::store::ReadAll for Logged<S> {
    es_core::forward_event_store!(ReadAll to |this| &this.0);
}

#[async_trait::async_trait]
impl<S: es_core::store::ListStreams> es_core::store::ListStreams for Logged<S> {
    es_core::forward_event_store!(ListStreams to |this| &this.0);
}

pub mod in_order {
    use super::Arc;

    pub trait Store: es_core::EventStore + es_core::store::ReadAll {}

    impl<S: es_core::EventStore + es_core::store::ReadAll> Store for S {}

    pub fn subscription(store: Arc<dyn Store>) -> es_core::subscription::Subscription<Arc<dyn Store>> {
        es_core::subscription::Subscription::new(store)
    }
}

pub mod listed {
    use super::Arc;

    pub trait Store: es_core::EventStore + es_core::store::ListStreams {}

    impl<S: es_core::EventStore + es_core::store::ListStreams> Store for S {}

    /// In place of code that lists streams.
    pub fn lists<S: es_core::store::ListStreams>(_: S) {}

    pub fn ids(store: Arc<dyn Store>) {
        lists(store);
    }
}
