//! Everything that a store in memory holds.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::log::Log;
use super::stream::{LedgerEntry, StoredEvent, Stream};
use crate::shape::Fingerprint;
use crate::store::{Append, Appended, CommandOutcome, Decision};
use crate::stream::StreamId;

/// Category and key.
pub(super) type Key = (u32, String);

/// The name and the version of an event.
pub(super) type EventName = (Cow<'static, str>, u32);

#[derive(Debug, Default)]
pub(super) struct StoreContent {
    /// Several names may be one category.
    pub(super) categories: HashMap<String, u32>,
    /// The shapes of event versions.
    pub(super) fingerprints: HashMap<EventName, Option<Fingerprint>>,
    /// Event versions under names that are only read, unless events with them are copied from elsewhere.
    pub(super) former: HashSet<EventName>,
    /// The name under which a category was created.
    pub(super) first_names: HashMap<u32, String>,
    pub(super) streams: BTreeMap<Key, Arc<Stream>>,
    /// Commands that wrote nothing; their streams need not exist.
    pub(super) decisions: HashMap<(Key, Uuid), LedgerEntry>,
    /// All events, in the order of their positions.
    pub(super) log: Log,
}

impl StoreContent {
    /// The key of a stream; nothing for a category that does not exist.
    pub(super) fn key(&self, id: &StreamId) -> Option<Key> {
        Some((*self.categories.get(id.category())?, id.key().to_owned()))
    }

    /// What a command decided, if it wrote nothing.
    pub(super) fn decision(&self, id: &StreamId, command: Uuid) -> Option<&CommandOutcome> {
        self.decisions.get(&(self.key(id)?, command)).map(|decided| &decided.outcome)
    }

    pub(super) fn stream_mut(&mut self, id: &StreamId) -> Option<&mut Arc<Stream>> {
        let key = self.key(id)?;
        self.streams.get_mut(&key)
    }

    pub(super) fn category(&mut self, name: &str) -> u32 {
        // Categories are never removed, so their number exceeds every number assigned before.
        let next = self.categories.values().max().map_or(0, |last| last + 1);
        let id = *self.categories.entry(name.to_owned()).or_insert(next);
        self.first_names.entry(id).or_insert_with(|| name.to_owned());
        id
    }

    /// Stores the decision of a command that wrote nothing.
    pub(super) fn decide(&mut self, decision: &Decision<'_>, recorded_at: OffsetDateTime) {
        let Decision { stream, revision: first, command, rejected, .. } = *decision;
        let key = (self.category(stream.category()), stream.key().to_owned());
        let (body_hash, name) = (command.key.body_hash, Some(command.name.into()));
        let outcome = CommandOutcome { first, count: 0, rejected, body_hash, name };
        self.decisions.insert((key, command.key.id), LedgerEntry { outcome, recorded_at });
    }

    pub(super) fn write(&mut self, append: &Append<'_>, recorded_at: OffsetDateTime) -> Appended {
        if append.is_condition() {
            if let Some(command) = append.command {
                self.decide(&Decision::empty(append.stream, append.expected, command), recorded_at);
            }
            return Appended { positions: Vec::new(), recorded_at };
        }
        let key = (self.category(append.stream.category()), append.stream.key().to_owned());
        let category = key.0;
        let stream = Arc::make_mut(self.streams.entry(key).or_default());
        let first = stream.revision().next();
        let mut positions = Vec::with_capacity(append.events.len());
        for event in append.events {
            let position = self.log.next_position();
            positions.push(position);
            let stored = Arc::new(StoredEvent::new(event, position, recorded_at));
            stream.events.push(Arc::clone(&stored));
            self.log.push(category, append.stream.clone(), stream.revision(), stored);
        }
        if let Some(command) = append.command {
            let count = append.events.len() as u64;
            let name = Some(command.name.into());
            let body_hash = command.key.body_hash;
            let outcome = CommandOutcome { first, count, rejected: false, body_hash, name };
            stream.commands.insert(command.key.id, LedgerEntry { outcome, recorded_at });
        }
        Appended { positions, recorded_at }
    }
}
