//! One page of the whole store: from the rows of one statement to events.

use std::sync::Arc;

use es_core::store::{AllQuery, Checkpoint, Sink};
use es_core::{Position, StoreError, StreamId};
use futures_util::stream::BoxStream;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::connect::columns::{event, page_header};
use crate::connect::failure::unexpected;
use crate::connect::names::{Known, TypeName};
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::ReadError;
use crate::read::all::columns::{checkpoint, stream_in, stream_of, type_of};
use crate::read::all::filter;
use crate::read::all::kept::{Keep, Kept, KeptEvent, PageEnd};
use crate::read::all::left::Left;
use crate::read::all::streams::{KnownStream, KnownStreams, Tables};
use crate::read::row::{self, Columns};

/// A page with more events than this is not kept for other readers, nor is one with more bytes than
/// `shared_page_bytes`.
const MAX_KEPT_EVENTS: usize = 500;

/// A page that is being delivered.
struct Page<'q, 's> {
    query: &'q AllQuery<'q>,
    filtered: bool,
    /// The checkpoint after the last delivered event.
    last: Checkpoint,
    end: PageEnd,
    sink: Sink<'s>,
    /// The delivered events, unless they are too many to be kept.
    kept: Option<Vec<KeptEvent>>,
    most_kept: usize,
    /// The maximum size of the events, except for the first. `None` if they were counted already.
    room: Option<usize>,
    /// Whether the next event did not fit.
    full: bool,
}

/// Delivers the kept events after the beginning of a query, and returns their number and size.
pub(super) fn deliver(
    kept: &Kept,
    query: &AllQuery<'_>,
    sink: Sink<'_>,
) -> Result<(usize, usize), StoreError> {
    let mut page = Page::new(query, None, sink);
    let from = kept.place(query.after).map_or_else(|next| next, |at| at + 1);
    for event in &kept.events[from..] {
        let row = Columns(&event.row);
        page.deliver(&event.stream, &kept.known, type_of(&kept.known, row)?, row)?;
    }
    Ok((page.end.events, page.end.bytes))
}

/// Reads the events of a page, up to a safe position, and keeps them if asked to. Each is delivered as it
/// arrives.
pub(crate) async fn read(
    session: &mut Session,
    pool: &Pool,
    streams: &KnownStreams,
    query: &AllQuery<'_>,
    safe: u64,
    keep: Keep,
    sink: Sink<'_>,
) -> Result<(PageEnd, Option<Kept>), ReadError> {
    let known = pool.names.known();
    let mut page = Page::new(query, matches!(keep, Keep::ForOthers).then(Vec::new), sink);
    page.most_kept = pool.settings.shared_page_bytes;
    page.room = Some(query.bytes);
    let rows = filter::statement(query, pool, &known, safe).fetch(&mut session.connection);
    let left = page.take_known(pool, streams, &known, safe, rows).await?;
    let known = if left.known { known } else { Arc::default() };
    page.take_left(session, pool, known, left).await
}

impl<'q, 's> Page<'q, 's> {
    fn new(query: &'q AllQuery<'q>, kept: Option<Vec<KeptEvent>>, sink: Sink<'s>) -> Self {
        Self {
            query,
            filtered: filter::is_filtered(query.filter),
            last: query.after,
            end: PageEnd::nothing(query.after),
            sink,
            kept,
            most_kept: 0,
            room: None,
            full: false,
        }
    }

    /// Delivers events in the order in which they arrive, as long as stream and type are known.
    async fn take_known(
        &mut self,
        pool: &Pool,
        streams: &KnownStreams,
        known: &Known,
        safe: u64,
        mut rows: BoxStream<'_, Result<PgRow, sqlx::Error>>,
    ) -> Result<Left, ReadError> {
        let Some(first) = pool.settings.next_row(&mut rows).await? else {
            return Err(unexpected("a page without its first row").into());
        };
        let streams = streams.of(self.begin(Columns(&first), safe)?);
        let is_known = !Columns(&first).is_null(page_header::KNOWN)?;
        let (mut events, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = pool.settings.next_row(&mut rows).await? {
            let columns = Columns(&row);
            let has_room = if is_known
                && events.is_empty()
                && let Some(name) = known.event_type(columns.integer(event::TYPE)?)
                && let Some(stream) = stream_in(&streams, columns, known)?
            {
                self.take(stream, known, name, row)?
            } else {
                bytes = bytes.saturating_add(bytes_of(columns)?);
                let (taken, all) = (self.end.events + events.len(), self.end.bytes.saturating_add(bytes));
                let has_room = self.has_room(taken, all);
                if has_room {
                    events.push(row);
                }
                has_room
            };
            if !has_room {
                self.full = true;
                self.end.cut = leave_unread(pool, rows, self.query.bytes).await?;
                break;
            }
        }
        Ok(Left { known: is_known, streams, events })
    }

    /// Whether one more event fits into a page of this many events, which then has this many bytes.
    fn has_room(&self, taken: usize, bytes: usize) -> bool {
        taken == 0 || self.room.is_none_or(|most| bytes <= most)
    }

    /// Delivers the rest, after asking the server for what was not known.
    async fn take_left(
        mut self,
        session: &mut Session,
        pool: &Pool,
        known: Arc<Known>,
        left: Left,
    ) -> Result<(PageEnd, Option<Kept>), ReadError> {
        if left.events.is_empty() {
            return Ok(self.end(known));
        }
        self.room = None;
        // This uses the same connection, so rows that are still being sent are read first.
        self.end.cut = false;
        let (known, found) = left.learn(session, pool, known).await?;
        for row in left.events {
            let id = stream_of(Columns(&row))?;
            let Some(stream) = found.get(&id) else {
                let position = Position::new(Columns(&row).bigint(event::POSITION)?);
                return Err(row::damaged(position, format!("its stream {id} is not in streams")).into());
            };
            let name = type_of(&known, Columns(&row))?;
            let _counted = self.take(stream.clone(), &known, name, row)?;
        }
        Ok(self.end(known))
    }

    fn end(mut self, known: Arc<Known>) -> (PageEnd, Option<Kept>) {
        if self.full {
            (self.end.checkpoint, self.end.more) = (self.last, true);
        }
        (self.end, self.kept.map(|events| Kept { known, events }))
    }

    /// Delivers an event, and keeps it. Returns whether it fitted.
    fn take(
        &mut self,
        stream: KnownStream,
        known: &Known,
        name: &TypeName,
        row: PgRow,
    ) -> Result<bool, StoreError> {
        let Some(checkpoint) = self.deliver(&stream, known, name, Columns(&row))? else {
            return Ok(false);
        };
        if self.end.events > MAX_KEPT_EVENTS || self.end.bytes > self.most_kept {
            self.kept = None;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(KeptEvent { checkpoint, stream, row });
        }
        Ok(true)
    }

    /// Reads the row before the events.
    fn begin(&mut self, row: Columns<'_>, safe: u64) -> Result<Tables, StoreError> {
        self.same_history(row.uuid(page_header::PASSED)?)?;
        if !row.is_null(page_header::POSITION)? {
            self.end.checkpoint = checkpoint(row, page_header::POSITION, page_header::EVENT_ID)?;
            self.end.more = row.bigint(page_header::THROUGH)? < safe;
        }
        Tables::of(row, page_header::SINCE, page_header::FILE)
    }

    /// Fails if the event of the checkpoint is not stored here.
    fn same_history(&self, found: Option<Uuid>) -> Result<(), StoreError> {
        let Some((position, event_id)) = self.query.after.event() else { return Ok(()) };
        if found == Some(event_id) {
            Ok(())
        } else {
            Err(StoreError::ForeignCheckpoint { position, event_id, found })
        }
    }

    /// Delivers an event, and returns the checkpoint after it, or `None` if it did not fit.
    fn deliver(
        &mut self,
        stream: &KnownStream,
        known: &Known,
        (name, version): &TypeName,
        row: Columns<'_>,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let asked = filter::asked_name(self.query.filter, known, stream);
        let asked = asked.map(|name| StreamId::new(name, stream.id.key())).transpose()?;
        let event = row::event(asked.as_ref().unwrap_or(&stream.id), (name, *version), row)?;
        if event.position <= self.last.position() {
            return Err(unexpected(format!("position {} after {}", event.position, self.last.position())));
        }
        let bytes = self.end.bytes.saturating_add(event.bytes());
        if !self.has_room(self.end.events, bytes) {
            return Ok(None);
        }
        let checkpoint = Checkpoint::behind(event.position, event.event_id);
        self.last = checkpoint;
        self.end.events += 1;
        self.end.bytes = bytes;
        let full = self.end.events == self.query.limit;
        if full || !self.filtered {
            self.end.checkpoint = checkpoint;
            self.end.more |= full;
        }
        (self.sink)(event)?;
        Ok(Some(checkpoint))
    }
}

/// Discards rows beyond a page. Returns whether there are so many that a new connection costs less than
/// reading them.
async fn leave_unread(
    pool: &Pool,
    mut rows: BoxStream<'_, Result<PgRow, sqlx::Error>>,
    most: usize,
) -> Result<bool, ReadError> {
    let mut unread = 0_usize;
    while unread <= most {
        let Some(row) = pool.settings.next_row(&mut rows).await? else { return Ok(false) };
        unread = unread.saturating_add(Columns(&row).optional(event::PAYLOAD)?.map_or(0, <[u8]>::len));
    }
    Ok(true)
}

/// The size of payload and metadata, as [`RawEvent::bytes`](es_core::record::RawEvent::bytes) counts it.
fn bytes_of(row: Columns<'_>) -> Result<usize, StoreError> {
    let (payload, metadata) = (row.optional(event::PAYLOAD)?, row.optional(event::METADATA)?);
    Ok(payload.map_or(0, <[u8]>::len).saturating_add(metadata.map_or(0, <[u8]>::len)))
}
