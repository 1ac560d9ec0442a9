//! The reference store: everything in memory, the contract in its simplest form.

mod beside;
mod content;
mod copying;
mod log;
mod pages;
mod readers;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use self::beside::Beside;
use self::content::StoreContent;
use self::stream::{Stream, raw};
use crate::error::StoreError;
use crate::latch::hold;
use crate::model::NewSnapshot;
use crate::record::stored_now;
use crate::store::{
    Append, AppendOutcome, Bell, Decision, EventStore, Limits, Load, LoadItem, LoadSink, Registration,
    Remembered, Sink, StreamHead, StreamRange,
};
use crate::stream::{Revision, StreamId};

/// A store that keeps everything in memory: for tests, for a quick start, and as the simplest form of the
/// [`EventStore`] contract. Clones share their content, which is lost when the process ends.
///
/// ```
/// use es_core::MemoryStore;
///
/// let store = MemoryStore::new();
/// let the_same = store.clone();
/// # drop(the_same);
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    limits: Limits,
    content: Arc<Mutex<StoreContent>>,
    bell: Bell,
    beside: Beside,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same store with other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The value of this type that is kept beside the events.
    pub(crate) fn beside<T: Clone + Default + Send + 'static>(&self) -> T {
        self.beside.get()
    }

    /// Appends to all or to none.
    fn append_each(
        &self,
        mut content: MutexGuard<'_, StoreContent>,
        appends: &[Append<'_>],
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let empty = Stream::default();
        let mut obstacles = Vec::with_capacity(appends.len());
        for append in appends {
            if let Some(command) = append.command
                && let Some(outcome) = content.decision(append.stream, command.key.id)
            {
                outcome.check(append.stream, command)?;
                obstacles.push(Some(AppendOutcome::Repeated(outcome.clone())));
                continue;
            }
            let stream = content.key(append.stream).and_then(|key| content.streams.get(&key));
            let stream = stream.map_or(&empty, Arc::as_ref);
            obstacles.push(stream.obstacle(append)?);
        }
        if obstacles.iter().any(Option::is_some) {
            return Ok(obstacles.into_iter().map(|o| o.unwrap_or(AppendOutcome::NotWritten)).collect());
        }
        let now = stored_now();
        let outcomes =
            appends.iter().map(|append| AppendOutcome::Appended(content.write(append, now))).collect();
        drop(content);
        self.bell.ring();
        Ok(outcomes)
    }

    fn content(&self) -> MutexGuard<'_, StoreContent> {
        hold(&self.content)
    }

    fn stream(&self, id: &StreamId) -> Option<Arc<Stream>> {
        let content = self.content();
        content.streams.get(&content.key(id)?).map(Arc::clone)
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        append.check(self.limits)?;
        let mut content = self.content();
        for event in append.events {
            content.fingerprints.entry((event.name.into(), event.version)).or_default();
        }
        let mut outcomes = self.append_each(content, &[append])?;
        Ok(outcomes.pop().unwrap_or(AppendOutcome::NotWritten))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        Append::check_all(appends, self.limits)?;
        let content = self.content();
        for (at, append) in appends.iter().enumerate() {
            let key = content.key(append.stream);
            let same = |other: &Append<'_>| {
                other.stream == append.stream || (key.is_some() && content.key(other.stream) == key)
            };
            if appends[..at].iter().any(same) {
                return Err(StoreError::DuplicateStream { stream: append.stream.clone() });
            }
        }
        for append in appends {
            append.check_registered(|name, version| {
                let of = (name.into(), version);
                content.fingerprints.contains_key(&of) || content.former.contains(&of)
            })?;
        }
        self.append_each(content, appends)
    }

    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError> {
        let Decision { stream: id, revision, last_event_id, command, .. } = decision;
        command.check(id)?;
        let mut content = self.content();
        let stream = content.key(id).and_then(|key| content.streams.get(&key));
        let written = stream.and_then(|stream| stream.outcome(command.key.id));
        if let Some(outcome) = written.or_else(|| content.decision(id, command.key.id)) {
            outcome.check(id, command)?;
            return Ok(Remembered::Repeated(outcome.clone()));
        }
        let (actual, last) =
            stream.map_or((Revision::EMPTY, None), |stream| (stream.revision(), stream.last_event_id()));
        if actual != revision || last_event_id.is_some_and(|head| last != Some(head)) {
            return Ok(Remembered::Conflict { actual });
        }
        content.decide(&decision, stored_now());
        Ok(Remembered::Kept)
    }

    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
        let (stream, decision) = {
            let content = self.content();
            let decision = load.command_id.and_then(|id| content.decision(load.stream, id).cloned());
            (content.key(load.stream).and_then(|key| content.streams.get(&key).map(Arc::clone)), decision)
        };
        let Some(stream) = stream else {
            return Ok(StreamHead::default().command(decision));
        };
        let mut after = load.after;
        let snapshot = load.snapshot.and_then(|fingerprint| stream.snapshots.get(&fingerprint));
        if let Some((revision, state)) = snapshot.map(Arc::as_ref)
            && *revision > after
            && *revision <= load.up_to
        {
            after = *revision;
            sink(LoadItem::Snapshot { revision: *revision, state })?;
        }
        for (revision, stored) in stream.events(after.next(), load.up_to) {
            sink(LoadItem::Event(raw(load.stream, revision, stored)))?;
        }
        let command = load.command_id.and_then(|id| stream.outcome(id).cloned()).or(decision);
        Ok(StreamHead::new(stream.revision(), stream.last_event_id()).closed(stream.closed).command(command))
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError> {
        let Some(content) = self.stream(stream) else {
            return Ok(());
        };
        let mut pass = |(revision, stored)| sink(raw(stream, revision, stored));
        let mut events = content.events(range.from, range.to);
        if range.backward { events.rev().try_for_each(pass) } else { events.try_for_each(&mut pass) }
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
        let mut content = self.content();
        if let Some(stream) = content.stream_mut(&snapshot.stream)
            && snapshot.revision <= stream.revision()
            && (snapshot.event_id.is_none() || snapshot.event_id == stream.event_id(snapshot.revision))
        {
            let snapshots = &mut Arc::make_mut(stream).snapshots;
            let newer = snapshots.get(&snapshot.fingerprint).is_some_and(|kept| kept.0 >= snapshot.revision);
            if !newer {
                snapshots.insert(snapshot.fingerprint, Arc::new((snapshot.revision, snapshot.state)));
            }
        }
        Ok(())
    }

    async fn register(&self, events: &[Registration]) -> Result<(), StoreError> {
        Registration::check_all(events)?;
        let mut content = self.content();
        for &Registration { name, version, fingerprint, .. } in events {
            let known = content.fingerprints.get(&(name.into(), version)).copied().flatten();
            if let (Some(registered), Some(found)) = (known, fingerprint)
                && registered != found
            {
                return Err(StoreError::SchemaConflict { name: name.into(), version, registered, found });
            }
        }
        for &Registration { name, version, fingerprint, former } in events {
            let known = content.fingerprints.contains_key(&(name.into(), version));
            if former {
                content.former.insert((name.into(), version));
            }
            if known || !former {
                let kept = content.fingerprints.entry((name.into(), version)).or_default();
                *kept = kept.or(fingerprint);
            }
        }
        Ok(())
    }

    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        let mut content = self.content();
        let names = || was.iter().copied().chain([name]);
        names().try_for_each(StreamId::check_category)?;
        let mut known = names().filter_map(|name| Some((name, *content.categories.get(name)?)));
        if let Some((one, id)) = known.next()
            && let Some((other, _)) = known.find(|(_, other)| *other != id)
        {
            return Err(StoreError::SplitCategory { name: other.to_owned(), other: one.to_owned() });
        }
        let known = names().find(|name| content.categories.contains_key(*name));
        let id = content.category(known.unwrap_or(name));
        content.categories.extend(names().map(|name| (name.to_owned(), id)));
        Ok(())
    }
}
