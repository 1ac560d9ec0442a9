//! All events in the order of their positions.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Content, StoredEvent, raw};
use crate::{AllPage, AllQuery, Checkpoint, Find, Position, RawEvent, Rest, Revision, StoreError, StreamId};

/// The event with position `n` stands at `n - 1`: under the lock of the store no position is drawn in vain.
#[derive(Debug, Default)]
pub(super) struct Log(Vec<Entry>);

#[derive(Debug, Clone)]
pub(super) struct Entry {
    category: u32,
    stream: StreamId,
    revision: Revision,
    stored: Arc<StoredEvent>,
}

/// What one page holds.
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) end: AllPage,
}

impl Log {
    pub(super) const fn next_position(&self) -> Position {
        Position::new(self.0.len() as u64 + 1)
    }

    pub(super) fn push(
        &mut self,
        category: u32,
        stream: StreamId,
        revision: Revision,
        stored: Arc<StoredEvent>,
    ) {
        self.0.push(Entry { category, stream, revision, stored });
    }

    pub(super) fn head(&self) -> Checkpoint {
        self.0.last().map_or(Checkpoint::START, Entry::checkpoint)
    }

    /// The index of the first event after a checkpoint, whose event must be here.
    fn after(&self, checkpoint: Checkpoint) -> Result<usize, StoreError> {
        let Some((position, event_id)) = checkpoint.event() else { return Ok(0) };
        let at = usize::try_from(position.get()).unwrap_or(usize::MAX);
        let found = at.checked_sub(1).and_then(|index| self.0.get(index)).map(|entry| entry.stored.event.id);
        if found == Some(event_id) {
            Ok(at)
        } else {
            Err(StoreError::ForeignCheckpoint { position, event_id, found })
        }
    }
}

impl Entry {
    pub(super) fn raw(&self) -> RawEvent<'_> {
        raw(&self.stream, self.revision, &self.stored)
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::behind(self.stored.position, self.stored.event.id)
    }
}

impl Content {
    pub(super) fn page(&self, query: &AllQuery<'_>) -> Result<Page, StoreError> {
        let filter = query.filter;
        let wanted: Vec<(u32, &Cow<'static, str>)> = filter
            .categories
            .iter()
            .flat_map(|category| category.names().map(move |name| (name, &category.name)))
            .filter_map(|(name, asked)| Some((*self.categories.get(name)?, asked)))
            .collect();
        let mut end = AllPage::new(query.after, 0, Rest::Nothing);
        let (mut entries, mut bytes) = (Vec::new(), 0_usize);
        for entry in &self.log.0[self.log.after(query.after)?..] {
            if entries.len() == query.limit {
                end.rest = Rest::More;
                break;
            }
            let before = std::mem::replace(&mut end.checkpoint, entry.checkpoint());
            let event = entry.stored.event.name;
            if !filter.events.is_empty() && !filter.events.iter().any(|name| name == event) {
                continue;
            }
            let asked = wanted.iter().find(|(id, _)| *id == entry.category).map(|(_, asked)| *asked);
            if asked.is_none() && !filter.categories.is_empty() {
                continue;
            }
            let entry = self.named(entry, asked)?;
            bytes = bytes.saturating_add(entry.raw().bytes());
            if bytes > query.bytes && !entries.is_empty() {
                (end.checkpoint, end.rest) = (before, Rest::More);
                break;
            }
            entries.push(entry);
        }
        end.events = entries.len();
        Ok(Page { entries, end })
    }

    pub(super) fn find(&self, what: Find) -> Result<Vec<Entry>, StoreError> {
        let fits = |entry: &&Entry| match what {
            Find::Event(id) => entry.stored.event.id == id,
            Find::Correlation(id) => entry.stored.event.metadata.correlation_id == Some(id),
        };
        self.log.0.iter().filter(fits).map(|entry| self.named(entry, None)).collect()
    }

    /// With the category called as it is asked for, else by its first name.
    fn named(&self, entry: &Entry, asked: Option<&Cow<'static, str>>) -> Result<Entry, StoreError> {
        let mut entry = entry.clone();
        let first = || self.first_names.get(&entry.category).map(|first| Cow::Owned(first.clone()));
        if let Some(name) = asked.cloned().or_else(first)
            && entry.stream.category() != name
        {
            entry.stream = StreamId::new(name, entry.stream.key())?;
        }
        Ok(entry)
    }
}
