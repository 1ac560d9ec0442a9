//! Reads the whole store, in the order of positions. With one writer at a time, there are no gaps that are
//! filled later, so no high-water mark is needed.

use std::collections::HashMap;

use es_core::record::RawEvent;
use es_core::store::{AllPage, AllQuery, CategoryNames, Checkpoint, Filter, Find, Rest, Sink};
use es_core::{Position, StoreError, StreamId};
use futures_util::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::event;
use super::packed::{Kind, Packed};
use super::row::get;
use super::types::Types;
use crate::error::Failure;
use crate::sql;

/// The page as far as it was read.
struct Page<'a> {
    query: AllQuery<'a>,
    head: Checkpoint,
    /// The name in the filter for each category.
    asked: HashMap<i64, usize>,
    end: AllPage,
    bytes: usize,
    names: Names,
}

pub(crate) async fn read(
    connection: &mut SqliteConnection,
    types: &Types,
    query: AllQuery<'_>,
    sink: Sink<'_>,
) -> Result<AllPage, StoreError> {
    let most = i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = sqlx::query(sql::ALL)
        .bind(query.after.position().get().cast_signed())
        .bind(most)
        .bind(categories(query.filter))
        .bind(events(query.filter))
        .bind(types.last())
        .fetch(connection);
    let end = AllPage::new(query.after, 0, Rest::Nothing);
    let (asked, names) = (HashMap::new(), Names::default());
    let mut page = Page { query, head: query.after, asked, end, bytes: 0, names };
    while let Some(row) = rows.try_next().await.map_err(|error| Failure::from(error).at(page.next()))? {
        match Kind::of(&row)? {
            Kind::First(row) => page.begin(row)?,
            Kind::Second(row) => page.ask(row)?,
            Kind::Event(row) => {
                if !page.take(row, types, sink)? {
                    page.end.rest = Rest::More;
                    return Ok(page.end);
                }
            }
        }
    }
    // Events that the filter excludes also count as read.
    page.end.checkpoint = page.head;
    Ok(page.end)
}

impl Page<'_> {
    /// The end of the store, and whether the checkpoint belongs to this store.
    fn begin(&mut self, mut row: Packed<'_>) -> Result<(), StoreError> {
        let (head, id, found) = (row.optional()?, row.id()?, row.id()?);
        if let Some((position, event_id)) = self.query.after.event()
            && found != Some(event_id)
        {
            return Err(StoreError::ForeignCheckpoint { position, event_id, found });
        }
        if let (Some(position), Some(id)) = (head, id) {
            self.head = Checkpoint::behind(Position::new(position.cast_unsigned()), id);
        }
        Ok(())
    }

    fn ask(&mut self, mut row: Packed<'_>) -> Result<(), Failure> {
        let (at, category) = (row.number()?, row.number()?);
        self.asked.entry(category).or_insert(usize::try_from(at).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Passes an event to the sink, if it still fits into the page.
    fn take(&mut self, row: Packed<'_>, types: &Types, sink: Sink<'_>) -> Result<bool, StoreError> {
        if self.end.events == self.query.limit {
            return Ok(false);
        }
        let next = self.next();
        let asked =
            |category: i64| self.asked.get(&category).and_then(|at| self.query.filter.categories.get(*at));
        let raw =
            self.names.event(row, types, asked).map_err(|failure| event::damaged(failure, row, next))?;
        self.bytes = self.bytes.saturating_add(raw.bytes());
        if self.bytes > self.query.bytes && self.end.events > 0 {
            return Ok(false);
        }
        self.end.checkpoint = Checkpoint::behind(raw.position, raw.event_id);
        self.end.events += 1;
        sink(raw)?;
        Ok(true)
    }

    /// The position after the last one that was read.
    const fn next(&self) -> Position {
        Position::new(self.end.checkpoint.position().get() + 1)
    }
}

/// All events with an id, in the order of their positions.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    types: &Types,
    what: Find,
    sink: Sink<'_>,
) -> Result<(), StoreError> {
    let (statement, id) = match what {
        Find::Event(id) => (sql::FIND_EVENT, id),
        Find::Correlation(id) => (sql::FIND_CORRELATION, id),
        other => {
            let source = format!("{other:?} is not known to this store").into();
            return Err(StoreError::Backend { source, retryable: false });
        }
    };
    let mut rows = sqlx::query(statement).bind(id).bind(types.last()).fetch(connection);
    let (mut names, mut next) = (Names::default(), Position::new(1));
    while let Some(row) = rows.try_next().await.map_err(|error| Failure::from(error).at(next))? {
        let row = Packed::of(&row)?;
        let raw = names.event(row, types, |_| None).map_err(|failure| event::damaged(failure, row, next))?;
        next = Position::new(raw.position.get() + 1);
        sink(raw)?;
    }
    Ok(())
}

/// The checkpoint after the last event.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<Checkpoint, Failure> {
    let Some(row) = sqlx::query(sql::HEAD).fetch_optional(connection).await? else {
        return Ok(Checkpoint::START);
    };
    let position: i64 = get(&row, 0)?;
    Ok(Checkpoint::behind(Position::new(position.cast_unsigned()), get(&row, 1)?))
}

/// The name of the previous stream, as events of one stream often follow each other.
#[derive(Default)]
struct Names(Option<StreamId>);

impl Names {
    fn event<'r>(
        &'r mut self,
        mut row: Packed<'r>,
        types: &'r Types,
        asked: impl FnOnce(i64) -> Option<&'r CategoryNames>,
    ) -> Result<RawEvent<'r>, Failure> {
        let position = event::position(&mut row)?;
        let (category, first, key) = (row.optional()?, row.text()?, row.text()?);
        let asked = category.and_then(asked);
        let category = asked.map_or(first, |names| &*names.name);
        if category.is_empty() || key.is_empty() {
            return Err(Failure::damaged("the event belongs to a stream that is not in the file"));
        }
        let same = |stream: &StreamId| stream.key() == key && stream.category() == category;
        let stream = match self.0.take() {
            Some(stream) if same(&stream) => stream,
            _ => StreamId::new(category, key).map_err(|error| Failure::damaged(error.to_string()))?,
        };
        event::event(row, position, self.0.insert(stream), types)
    }
}

fn categories(filter: &Filter) -> Option<String> {
    let names = |category: &CategoryNames| category.names().map(str::to_owned).collect::<Vec<_>>();
    let all: Vec<_> = filter.categories.iter().map(names).collect();
    (!all.is_empty()).then(|| serde_json::Value::from_iter(all).to_string())
}

fn events(filter: &Filter) -> Option<String> {
    let names = filter.events.iter().map(ToString::to_string);
    (!filter.events.is_empty()).then(|| serde_json::Value::from_iter(names).to_string())
}
