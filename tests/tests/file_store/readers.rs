//! What readers of more than one stream need, and closing a stream.

use async_trait::async_trait;
use es_core::store::{
    AllPage, AllQuery, Checkpoint, CloseStreams, Find, FindEvents, ListQuery, ListStreams, Listener, ReadAll,
    Rest, Sink, StreamSummary,
};
use es_core::{Revision, StoreError, StreamId};

use crate::index::{Index, Place};
use crate::reader::Reader;
use crate::record::Record;
use crate::store::FileStore;

impl Index {
    /// The events after a checkpoint, whose event must exist here.
    fn after(&self, checkpoint: Checkpoint) -> Result<usize, StoreError> {
        let Some((position, event_id)) = checkpoint.event() else { return Ok(0) };
        let at = usize::try_from(position.get()).unwrap_or(usize::MAX);
        let found = at.checked_sub(1).and_then(|before| self.entries.get(before)).map(|entry| entry.id);
        if found == Some(event_id) {
            return Ok(at);
        }
        Err(StoreError::ForeignCheckpoint { position, event_id, found })
    }

    fn page(&self, query: &AllQuery<'_>) -> Result<(AllPage, Vec<(StreamId, Place)>), StoreError> {
        let AllQuery { filter, limit, .. } = *query;
        let numbers = |name: &str| self.categories.get(name).copied();
        let (mut end, mut rest, mut bytes) = (query.after, Rest::Nothing, 0_usize);
        let mut found = Vec::new();
        for entry in &self.entries[self.after(query.after)?..] {
            if found.len() == limit {
                rest = Rest::More;
                break;
            }
            let has = |name: &str| numbers(name) == Some(entry.key.0);
            let asked = filter.categories.iter().find(|category| category.names().any(has));
            let is_wanted = (filter.categories.is_empty() || asked.is_some())
                && (filter.events.is_empty() || filter.events.iter().any(|name| *name == entry.name));
            if is_wanted {
                bytes = bytes.saturating_add(entry.bytes);
                if bytes > query.bytes && !found.is_empty() {
                    rest = Rest::More;
                    break;
                }
                found.push((self.named(&entry.key, asked.map(|category| &*category.name))?, entry.place));
            }
            // Events that the filter excludes also count as read, or every page would read them again.
            end = entry.checkpoint();
        }
        Ok((AllPage::new(end, found.len(), rest), found))
    }
}

#[async_trait]
impl ReadAll for FileStore {
    async fn read_all(&self, query: AllQuery<'_>, sink: Sink<'_>) -> Result<AllPage, StoreError> {
        let (page, found) = self.content().index.page(&query)?;
        let mut reader = Reader::new(&self.file);
        for (stream, place) in found {
            sink(reader.event(&stream, place)?)?;
        }
        Ok(page)
    }

    async fn end(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.content().index.head())
    }

    fn listen(&self) -> Listener {
        self.bell.listen()
    }
}

#[async_trait]
impl FindEvents for FileStore {
    async fn find(&self, what: Find, sink: Sink<'_>) -> Result<(), StoreError> {
        let mut candidates = Vec::new();
        {
            let index = &self.content().index;
            for entry in &index.entries {
                if matches!(what, Find::Correlation(_)) || what == Find::Event(entry.id) {
                    candidates.push((index.named(&entry.key, None)?, entry.place));
                }
            }
        }
        let mut reader = Reader::new(&self.file);
        for (stream, place) in candidates {
            let event = reader.event(&stream, place)?;
            if matches!(what, Find::Event(_)) || event.correlation_id.map(Find::Correlation) == Some(what) {
                sink(event)?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl ListStreams for FileStore {
    async fn list_streams(&self, query: ListQuery<'_>) -> Result<Vec<StreamSummary>, StoreError> {
        let index = &self.content().index;
        let Some(number) = index.categories.get(query.category) else { return Ok(Vec::new()) };
        index
            .streams
            .iter()
            .filter(|((of, key), _)| of == number && key.starts_with(query.prefix))
            .filter(|((_, key), _)| query.after.is_none_or(|after| key.as_str() > after))
            .take(query.limit)
            .map(|(key, stream)| {
                let name = index.named(key, Some(query.category))?;
                Ok(StreamSummary::new(name, stream.revision()).closed(stream.closed))
            })
            .collect()
    }
}

#[async_trait]
impl CloseStreams for FileStore {
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
        let mut content = self.content();
        match content.index.stream(stream) {
            Some(found) if found.revision() != expected => Ok(false),
            Some(found) if found.closed => Ok(true),
            Some(_) => content.note(&Record::Close { stream: stream.into() }).map(|()| true),
            None => Ok(false),
        }
    }
}
