//! What readers of more than one stream need, and closing streams.

use std::sync::Arc;

use async_trait::async_trait;

use super::MemoryStore;
use crate::error::StoreError;
use crate::store::{
    AllPage, AllQuery, Checkpoint, CloseStreams, Find, FindEvents, ListQuery, ListStreams, Listener, ReadAll,
    Sink, StreamSummary,
};
use crate::stream::{Revision, StreamId};

#[async_trait]
impl ReadAll for MemoryStore {
    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        // Copied page by page, so that the sink runs without the lock.
        let page = self.content().page(&query)?;
        for entry in &page.entries {
            sink(entry.raw())?;
        }
        Ok(page.end)
    }

    async fn end(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.content().log.end())
    }

    fn listen(&self) -> Listener {
        self.bell.listen()
    }
}

#[async_trait]
impl FindEvents for MemoryStore {
    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
        let found = self.content().find(what)?;
        found.iter().try_for_each(|entry| sink(entry.raw()))
    }
}

#[async_trait]
impl ListStreams for MemoryStore {
    async fn list_streams(&self, query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
        let ListQuery { category, prefix, after, limit } = query;
        let content = self.content();
        let Some(id) = content.categories.get(category) else { return Ok(Vec::new()) };
        content
            .streams
            .iter()
            .filter(|((of, key), _)| of == id && key.starts_with(prefix))
            .filter(|((_, key), _)| after.is_none_or(|after| key.as_str() > after))
            .take(limit)
            .map(|((_, key), stream)| {
                let name = StreamId::new(category, key)?;
                Ok(StreamSummary::new(name, stream.revision()).closed(stream.closed))
            })
            .collect()
    }
}

#[async_trait]
impl CloseStreams for MemoryStore {
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
        let mut content = self.content();
        let stream = content.stream_mut(stream).filter(|stream| stream.revision() == expected);
        let Some(stream) = stream else {
            return Ok(false);
        };
        Arc::make_mut(stream).closed = true;
        Ok(true)
    }
}
