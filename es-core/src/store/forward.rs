//! A store behind a pointer is a store.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    AllPage, AllQuery, Append, AppendOutcome, Checkpoint, EventStore, Find, Limits, Listener, Load, LoadSink,
    Sink, StreamHead, StreamRange, StreamSummary,
};
use crate::{Catalogue, NewSnapshot, Revision, StoreError, StreamId};

macro_rules! forward_to_inner {
    ($($outer:ty),*) => {$(
        #[async_trait]
        impl<S: EventStore + ?Sized> EventStore for $outer {
            async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
                (**self).append(append).await
            }
            async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
                (**self).append_all(appends).await
            }
            async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
                (**self).load(load, sink).await
            }
            async fn read_stream(
                &self,
                stream: &StreamId,
                range: StreamRange,
                sink: Sink<'_>,
            ) -> Result<(), StoreError> {
                (**self).read_stream(stream, range, sink).await
            }
            async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
                (**self).read_all(query, sink).await
            }
            async fn head(&self) -> Result<Checkpoint, StoreError> {
                (**self).head().await
            }
            async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
                (**self).find(what, sink).await
            }
            async fn list_streams_with_prefix(
                &self,
                category: &str,
                prefix: &str,
                after: Option<&str>,
                limit: usize,
            ) -> Result<Vec<StreamSummary>, StoreError> {
                (**self).list_streams_with_prefix(category, prefix, after, limit).await
            }
            fn listen(&self) -> Listener {
                (**self).listen()
            }
            fn limits(&self) -> Limits {
                (**self).limits()
            }
            async fn list_streams(
                &self,
                category: &str,
                after: Option<&str>,
                limit: usize,
            ) -> Result<Vec<StreamSummary>, StoreError> {
                (**self).list_streams(category, after, limit).await
            }
            async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
                (**self).close_stream(stream, expected).await
            }
            async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
                (**self).save_snapshot(snapshot).await
            }
            async fn register(&self, catalogue: &Catalogue) -> Result<(), StoreError> {
                (**self).register(catalogue).await
            }
            async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
                (**self).rename_category(name, was).await
            }
        }
    )*};
}

forward_to_inner!(Arc<S>, Box<S>, &S);
