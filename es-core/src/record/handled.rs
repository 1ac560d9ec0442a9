//! The event that is being handled: it becomes the cause of what its handler writes.

use std::future::Future;

use serde_json::Value;
use uuid::Uuid;

use super::{Metadata, Recorded, TRACEPARENT};

tokio::task_local! {
    static HANDLED: Handled;
}

/// An event while its handler runs.
#[derive(Debug)]
pub(crate) struct Handled {
    event_id: Uuid,
    correlation_id: Uuid,
    trace: Option<Value>,
}

impl Handled {
    /// From an event. One without a correlation id starts a correlation, under its own id.
    pub(crate) fn new<E>(event: &Recorded<E>) -> Self {
        let event_id = event.event_id;
        let metadata = &event.metadata;
        let trace = metadata.entries.get(TRACEPARENT).cloned();
        Self { event_id, correlation_id: metadata.correlation_id.unwrap_or(event_id), trace }
    }

    /// Runs a handler of the event. Tasks that it spawns do not see it.
    pub(crate) fn scope<F: Future>(self, handler: F) -> impl Future<Output = F::Output> {
        HANDLED.scope(self, handler)
    }

    /// The metadata of what is written now: what is not set comes from the event that is being handled.
    pub(crate) fn fill(mut metadata: Metadata) -> Metadata {
        // There is none outside of handlers.
        let _ = HANDLED.try_with(|handled| {
            metadata.causation_id.get_or_insert(handled.event_id);
            metadata.correlation_id.get_or_insert(handled.correlation_id);
            if let Some(trace) = &handled.trace {
                metadata.entries.entry(TRACEPARENT.to_owned()).or_insert_with(|| trace.clone());
            }
        });
        metadata
    }
}
