//! Reading all events, page by page, and finding some of them.

use std::borrow::Cow;

use super::content::StoreContent;
use super::log::LogEntry;
use crate::error::StoreError;
use crate::store::{AllPage, AllQuery, Find, Rest};
use crate::stream::StreamId;

/// The content of a page.
pub(super) struct LogPage {
    pub(super) entries: Vec<LogEntry>,
    pub(super) end: AllPage,
}

impl StoreContent {
    pub(super) fn page(&self, query: &AllQuery<'_>) -> Result<LogPage, StoreError> {
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
            let event = &*entry.stored.name;
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
        Ok(LogPage { entries, end })
    }

    pub(super) fn find(&self, what: Find) -> Result<Vec<LogEntry>, StoreError> {
        let fits = |entry: &&LogEntry| match what {
            Find::Event(id) => entry.stored.id == id,
            Find::Correlation(id) => entry.stored.correlation_id == Some(id),
        };
        self.log.0.iter().filter(fits).map(|entry| self.named(entry, None)).collect()
    }

    /// With the category named as in the query, or else by its first name.
    fn named(&self, entry: &LogEntry, asked: Option<&Cow<'static, str>>) -> Result<LogEntry, StoreError> {
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
