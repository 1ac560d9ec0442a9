//! One page of the whole store: from the rows that one statement gives back to events.

use std::collections::HashMap;
use std::sync::Arc;

use es_core::{AllQuery, Checkpoint, Filter, Position, Sink, StoreError, StreamId};
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use uuid::Uuid;

use crate::error::unexpected;
use crate::known_streams::{KnownStream, StreamsOf, Tables};
use crate::load::ReadError;
use crate::names::{Known, TypeName};
use crate::pool::{Pool, Session};
use crate::row::{self, Columns, required};

/// How many events one statement looks at to find those that a filter takes. A page of more is looked for in
/// as many.
const LOOKED_AT: usize = 20_000;

/// A page with more events than this is not kept for others.
const KEPT: usize = 500;

/// Where a page ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) events: usize,
    /// Whether more may be read at once.
    pub(crate) more: bool,
}

/// What is left of a page when all its rows have come: from the first event on whose stream or type is not
/// known yet.
struct Left {
    /// Whether the names that are known are those of the database.
    known: bool,
    streams: Arc<StreamsOf>,
    events: Vec<PgRow>,
}

/// The events of a page, kept for others who want the same.
#[derive(Debug)]
pub(crate) struct Kept {
    known: Arc<Known>,
    events: Vec<KeptEvent>,
}

#[derive(Debug)]
struct KeptEvent {
    checkpoint: Checkpoint,
    stream: KnownStream,
    row: PgRow,
}

/// A page that is handed out.
struct Page<'q, 's> {
    query: &'q AllQuery<'q>,
    filtered: bool,
    /// The position of the last event that was handed out.
    last: u64,
    end: End,
    sink: Sink<'s>,
    /// The events that were taken, up to one more than is kept: so that it is known when they are too many.
    kept: Vec<KeptEvent>,
    keeping: usize,
}

impl Kept {
    /// Whether this is behind one of the events.
    pub(crate) fn holds(&self, checkpoint: Checkpoint) -> bool {
        self.place(checkpoint).is_ok_and(|at| self.events[at].checkpoint == checkpoint)
    }

    fn place(&self, checkpoint: Checkpoint) -> Result<usize, usize> {
        self.events.binary_search_by_key(&checkpoint.position(), |event| event.checkpoint.position())
    }

    /// Hands out the events behind where a query begins, and says how many.
    pub(crate) fn hand_out(&self, query: &AllQuery<'_>, sink: Sink<'_>) -> Result<usize, StoreError> {
        let mut page = Page::new(query, false, sink);
        let from = self.place(query.after).map_or_else(|next| next, |at| at + 1);
        for event in &self.events[from..] {
            let row = Columns(&event.row);
            page.hand_out(&event.stream, &self.known, type_of(&self.known, row)?, row)?;
        }
        Ok(page.end.events)
    }
}

/// Reads the events of a page, up to a position that is safe; keeps them, if it is to. Each is decoded as it
/// arrives.
pub(crate) async fn read(
    session: &mut Session,
    pool: &Pool,
    query: &AllQuery<'_>,
    safe: u64,
    keep: bool,
    sink: Sink<'_>,
) -> Result<(End, Option<Kept>), ReadError> {
    let known = pool.names.known();
    let mut page = Page::new(query, keep, sink);
    let rows = page.statement(pool, &known, safe).fetch(&mut session.connection);
    let left = page.take_known(pool, &known, safe, rows).await?;
    let known = if left.known { known } else { Arc::default() };
    page.take_left(session, pool, known, left).await
}

impl<'q, 's> Page<'q, 's> {
    fn new(query: &'q AllQuery<'q>, keep: bool, sink: Sink<'s>) -> Self {
        Self {
            query,
            filtered: *query.filter != Filter::new(),
            last: query.after.position().get(),
            end: End { checkpoint: query.after, events: 0, more: false },
            sink,
            kept: Vec::new(),
            keeping: if keep { KEPT + 1 } else { 0 },
        }
    }

    fn statement(&self, pool: &Pool, known: &Known, safe: u64) -> Query<'static, Postgres, PgArguments> {
        let AllQuery { filter, limit, .. } = *self.query;
        let statement = if self.filtered { &pool.statements.read_some } else { &pool.statements.read_all };
        let call =
            statement.call().bind(self.last.cast_signed()).bind(safe.cast_signed()).bind(bigint(limit));
        if !self.filtered {
            return call.bind(known.token());
        }
        let call = call.bind(category_names(filter)).bind(event_names(filter));
        call.bind(bigint(limit.max(LOOKED_AT))).bind(known.token())
    }

    /// Hands out the events in the order in which they come, as long as stream and type are known.
    async fn take_known(
        &mut self,
        pool: &Pool,
        known: &Known,
        safe: u64,
        mut rows: BoxStream<'_, Result<PgRow, sqlx::Error>>,
    ) -> Result<Left, ReadError> {
        let Some(first) = pool.settings.answered(rows.try_next()).await? else {
            return Err(unexpected("a page without its first row").into());
        };
        let streams = pool.streams.of(self.begin(Columns(&first), safe)?);
        let is_known = !Columns(&first).is_null(11)?;
        let mut events = Vec::new();
        while let Some(row) = pool.settings.answered(rows.try_next()).await? {
            let columns = Columns(&row);
            if is_known
                && events.is_empty()
                && let Some(name) = known.event_type(columns.integer(2)?)
                && let Some(stream) = stream_in(&streams, columns, known)?
            {
                self.take(stream, known, name, row)?;
            } else {
                events.push(row);
            }
        }
        Ok(Left { known: is_known, streams, events })
    }

    /// Hands out the rest, once the server has told what was not known.
    async fn take_left(
        mut self,
        session: &mut Session,
        pool: &Pool,
        known: Arc<Known>,
        Left { streams, events, .. }: Left,
    ) -> Result<(End, Option<Kept>), ReadError> {
        if events.is_empty() {
            return Ok(self.end(known));
        }
        let (mut found, mut unknown) = (HashMap::new(), Vec::new());
        for row in &events {
            let id = stream_of(Columns(row))?;
            match streams.get(id) {
                Some(stream) => drop(found.insert(id, stream)),
                None => unknown.push(id),
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        let call = pool.statements.streams_of_ids.call().bind(unknown);
        let rows = pool.settings.answered(call.fetch_all(&mut session.connection)).await?;
        let known = match is_news(&known, &events, &rows)? {
            true => pool
                .names
                .refresh(&mut session.connection, &pool.statements)
                .await
                .map_err(ReadError::Failed)?,
            false => known,
        };
        found.extend(streams.learn(&rows, &known)?);
        for row in events {
            let id = stream_of(Columns(&row))?;
            let Some(stream) = found.get(&id) else {
                let position = Position::new(Columns(&row).bigint(1)?);
                return Err(row::damaged(position, format!("its stream {id} is not in streams")).into());
            };
            let name = type_of(&known, Columns(&row))?;
            self.take(stream.clone(), &known, name, row)?;
        }
        Ok(self.end(known))
    }

    fn end(self, known: Arc<Known>) -> (End, Option<Kept>) {
        (self.end, (self.kept.len() < self.keeping).then_some(Kept { known, events: self.kept }))
    }

    /// Hands out an event, and keeps it.
    fn take(
        &mut self,
        stream: KnownStream,
        known: &Known,
        name: &TypeName,
        row: PgRow,
    ) -> Result<(), StoreError> {
        let checkpoint = self.hand_out(&stream, known, name, Columns(&row))?;
        if self.kept.len() < self.keeping {
            self.kept.push(KeptEvent { checkpoint, stream, row });
        }
        Ok(())
    }

    /// Takes the row before the events.
    fn begin(&mut self, row: Columns<'_>, safe: u64) -> Result<Tables, StoreError> {
        self.same_history(row.uuid(6)?)?;
        if !row.is_null(1)? {
            self.end.checkpoint = checkpoint(row, 1, 3)?;
            self.end.more = row.bigint(0)? < safe;
        }
        Tables::of(row, 4, 8)
    }

    /// Refuses a checkpoint whose event is not here.
    fn same_history(&self, found: Option<Uuid>) -> Result<(), StoreError> {
        let Some((position, event_id)) = self.query.after.event() else { return Ok(()) };
        if found == Some(event_id) {
            Ok(())
        } else {
            Err(StoreError::ForeignCheckpoint { position, event_id, found })
        }
    }

    /// Gives back what is behind the event.
    fn hand_out(
        &mut self,
        stream: &KnownStream,
        known: &Known,
        (name, version): &TypeName,
        row: Columns<'_>,
    ) -> Result<Checkpoint, StoreError> {
        let asked = asked_name(self.query.filter, known, stream);
        let asked = asked.map(|name| StreamId::new(name, stream.id.key())).transpose()?;
        let event = row::event(asked.as_ref().unwrap_or(&stream.id), (name, *version), row)?;
        let position = event.position.get();
        if position <= self.last {
            return Err(unexpected(format!("position {position} after {}", self.last)));
        }
        self.last = position;
        self.end.events += 1;
        let checkpoint = Checkpoint::behind(event.position, event.event_id);
        let full = self.end.events == self.query.limit;
        if full || !self.filtered {
            self.end.checkpoint = checkpoint;
            self.end.more |= full;
        }
        (self.sink)(event)?;
        Ok(checkpoint)
    }
}

fn type_of<'k>(known: &'k Known, row: Columns<'_>) -> Result<&'k TypeName, StoreError> {
    let id = row.integer(2)?;
    known.event_type(id).ok_or_else(|| row::no_event_type(row, id))
}

fn stream_of(row: Columns<'_>) -> Result<i64, StoreError> {
    row.bigint(10).map(u64::cast_signed)
}

/// The stream of an event, if it is known, or made by this event.
fn stream_in(
    streams: &StreamsOf,
    row: Columns<'_>,
    known: &Known,
) -> Result<Option<KnownStream>, StoreError> {
    let id = stream_of(row)?;
    if let Some(stream) = streams.get(id) {
        return Ok(Some(stream));
    }
    let Some(made) = row.text(11)? else { return Ok(None) };
    streams.learn_made(id, made, known)
}

/// Whether events or streams have a type or a category that is not known.
fn is_news(known: &Known, events: &[PgRow], streams: &[PgRow]) -> Result<bool, StoreError> {
    let beyond = |rows: &[PgRow], column: usize, last: i32| {
        rows.iter()
            .try_fold(false, |news, row| Ok::<_, StoreError>(news | (Columns(row).integer(column)? > last)))
    };
    Ok(beyond(events, 2, known.last_type())? || beyond(streams, 1, known.last_category())?)
}

/// How a filter calls the category of a stream, if not by its first name.
fn asked_name<'f>(filter: &'f Filter, known: &Known, stream: &KnownStream) -> Option<&'f str> {
    let first = stream.id.category();
    let asked = filter.categories.iter().find(|category| {
        category.has(first) || category.names().any(|name| known.category(name) == Some(stream.category))
    })?;
    (asked.name != first).then_some(&*asked.name)
}

pub(crate) fn checkpoint(
    row: Columns<'_>,
    position: usize,
    event_id: usize,
) -> Result<Checkpoint, StoreError> {
    let id = required(event_id, row.uuid(event_id)?)?;
    Ok(Checkpoint::behind(Position::new(row.bigint(position)?), id))
}

fn category_names(filter: &Filter) -> Option<Vec<&str>> {
    let categories = &filter.categories;
    let names = categories.iter().flat_map(es_core::CategoryNames::names);
    (!categories.is_empty()).then(|| stored(names))
}

fn event_names(filter: &Filter) -> Option<Vec<&str>> {
    (!filter.events.is_empty()).then(|| stored(filter.events.iter().map(AsRef::as_ref)))
}

/// Nothing is stored under a name with a NUL character, which the database does not take in a question.
fn stored<'f>(names: impl Iterator<Item = &'f str>) -> Vec<&'f str> {
    names.filter(|name| !name.contains('\0')).collect()
}

fn bigint(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
