//! Copying from a store in memory, and into it.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryStore;
use super::content::{Key, StoreContent};
use super::stream::{LedgerEntry, StoredEvent, Stream};
use crate::error::StoreError;
use crate::record::RawEvent;
use crate::store::{
    ExportStore, Following, ImportStore, StoredCategory, StoredCommand, StoredEventType, StoredNames,
};
use crate::stream::{Revision, StreamId};

#[async_trait]
impl ExportStore for MemoryStore {
    async fn export_names(&self) -> Result<StoredNames, StoreError> {
        Ok(self.content().names())
    }

    async fn export_commands(
        &self,
        after: Option<&StoredCommand>,
        limit: usize,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        let content = self.content();
        let after = after.and_then(|last| Some((content.key(&last.stream)?, last.id)));
        let written = content.streams.iter().flat_map(|(key, stream)| {
            stream.commands.iter().map(move |(id, executed)| ((key, *id), executed))
        });
        let decided = content.decisions.iter().map(|((key, id), executed)| ((key, *id), executed));
        let mut found: Vec<((&Key, Uuid), &LedgerEntry)> = written
            .chain(decided)
            .filter(|(place, _)| after.as_ref().is_none_or(|(key, id)| *place > (key, *id)))
            .collect();
        found.sort_unstable_by_key(|(place, _)| *place);
        found.truncate(limit);
        found
            .into_iter()
            .map(|((key, id), LedgerEntry { outcome, recorded_at })| {
                Ok(StoredCommand::new(content.stream_id(key)?, id, outcome.clone(), *recorded_at))
            })
            .collect()
    }

    async fn export_closed(
        &self,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        let content = self.content();
        let after = after.and_then(|last| content.key(last));
        let closed = content.streams.iter().filter(|(_, stream)| stream.closed).map(|(key, _)| key);
        let rest = closed.filter(|key| after.as_ref().is_none_or(|after| *key > after));
        rest.take(limit).map(|key| content.stream_id(key)).collect()
    }
}

#[async_trait]
impl ImportStore for MemoryStore {
    async fn import_names(&self, names: &StoredNames) -> Result<(), StoreError> {
        self.content().add_names(names)
    }

    async fn import_events(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
        let mut content = self.content();
        content.check_following(events)?;
        events.iter().for_each(|event| content.import(event));
        drop(content);
        self.bell.ring();
        Ok(())
    }

    async fn import_commands(&self, commands: &[StoredCommand]) -> Result<(), StoreError> {
        let mut content = self.content();
        for StoredCommand { stream, id, outcome, .. } in commands {
            let key = content.key(stream);
            let written = key.and_then(|key| content.streams.get(&key)?.outcome(*id));
            if let Some(known) = written.or_else(|| content.decision(stream, *id))
                && known != outcome
            {
                let (stream, first) = (stream.clone(), known.name.as_deref().map(Box::from));
                return Err(StoreError::CommandIdReused { stream, command_id: *id, first });
            }
        }
        for StoredCommand { stream, id, outcome, recorded_at } in commands {
            let executed = LedgerEntry { outcome: outcome.clone(), recorded_at: *recorded_at };
            if outcome.count == 0 {
                let key = (content.category(stream.category()), stream.key().to_owned());
                content.decisions.insert((key, *id), executed);
            } else if let Some(stream) = content.stream_mut(stream) {
                Arc::make_mut(stream).commands.insert(*id, executed);
            }
        }
        Ok(())
    }

    async fn import_closed(&self, streams: &[StreamId]) -> Result<(), StoreError> {
        let mut content = self.content();
        for stream in streams {
            if let Some(stream) = content.stream_mut(stream) {
                Arc::make_mut(stream).closed = true;
            }
        }
        Ok(())
    }
}

impl StoreContent {
    /// A stream by the first name of its category.
    fn stream_id(&self, (category, key): &Key) -> Result<StreamId, StoreError> {
        let name = self.first_names.get(category).map_or("", String::as_str);
        Ok(StreamId::new(name, key)?)
    }

    fn names(&self) -> StoredNames {
        let mut categories: Vec<_> = self.first_names.iter().collect();
        categories.sort_unstable();
        let category = |(id, first): (&u32, &String)| {
            let others = self.categories.iter().filter(|(name, of)| *of == id && *name != first);
            StoredCategory::new(first, others.map(|(name, _)| name.clone()).collect())
        };
        let mut events = Vec::with_capacity(self.fingerprints.len());
        for ((name, version), print) in &self.fingerprints {
            events.push(StoredEventType::new(&**name, *version, *print));
        }
        events.sort_unstable_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        StoredNames::new(categories.into_iter().map(category).collect(), events)
    }

    fn add_names(&mut self, names: &StoredNames) -> Result<(), StoreError> {
        for StoredCategory { name, aliases } in &names.categories {
            let known = |name: &String| Some((name.clone(), *self.categories.get(name)?));
            let mut found = std::iter::once(name).chain(aliases).filter_map(known);
            if let Some((other, id)) = found.next()
                && let Some((name, _)) = found.find(|(_, of)| *of != id)
            {
                return Err(StoreError::SplitCategory { name, other });
            }
        }
        for StoredEventType { name, version, fingerprint } in &names.events {
            let known = self.fingerprints.get(&(name.clone().into(), *version)).copied().flatten();
            if let (Some(registered), Some(found)) = (known, *fingerprint)
                && registered != found
            {
                let (name, version) = (name.clone(), *version);
                return Err(StoreError::SchemaConflict { name, version, registered, found });
            }
        }
        for StoredCategory { name, aliases } in &names.categories {
            let known = std::iter::once(name).chain(aliases).find(|name| self.categories.contains_key(*name));
            let id = self.category(known.unwrap_or(name));
            self.categories.extend(std::iter::once(name).chain(aliases).map(|name| (name.clone(), id)));
        }
        for StoredEventType { name, version, fingerprint } in &names.events {
            let kept = self.fingerprints.entry((name.clone().into(), *version)).or_default();
            *kept = kept.or(*fingerprint);
        }
        Ok(())
    }

    fn check_following(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
        let mut following = Following::after(self.log.last_position());
        let mut revisions = HashMap::new();
        for event in events {
            let stored = || self.key(event.stream).and_then(|key| self.streams.get(&key));
            let revision = revisions
                .entry(event.stream)
                .or_insert_with(|| stored().map_or(Revision::EMPTY, |stream| stream.revision()));
            following.check(event, *revision)?;
            *revision = event.revision;
        }
        Ok(())
    }

    fn import(&mut self, event: &RawEvent<'_>) {
        let category = self.category(event.stream.category());
        let name = event.name.to_owned();
        self.fingerprints.entry((name.clone().into(), event.version)).or_default();
        let stored = Arc::new(StoredEvent {
            id: event.event_id,
            name: name.into(),
            version: event.version,
            payload: event.payload.to_vec(),
            occurred: event.occurred,
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            metadata: event.metadata.map(<[u8]>::to_vec),
            position: event.position,
            recorded_at: event.recorded_at,
        });
        let key = (category, event.stream.key().to_owned());
        let stream: &mut Stream = Arc::make_mut(self.streams.entry(key).or_default());
        stream.events.push(Arc::clone(&stored));
        self.log.push(category, event.stream.clone(), event.revision, stored);
    }
}
