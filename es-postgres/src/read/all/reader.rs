//! Reading the whole store in the order of positions.

use std::sync::Arc;
use std::time::Instant;

use es_core::StoreError;
use es_core::record::RawEvent;
use es_core::store::{AllPage, AllQuery, Checkpoint, Rest, Sink};

use crate::connect::columns::head;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::{self, Read, ReadError};
use crate::read::all::columns;
use crate::read::all::kept::{Keep, Kept, PageEnd};
use crate::read::all::page;
use crate::read::all::reach::{Asker, Question, Reach};
use crate::read::all::shared::{EndPage, SharedPages};
use crate::read::all::streams::KnownStreams;
use crate::read::all::watermark::Safe;
use crate::read::row::Columns;

/// Reads pages of the whole store, and its end.
#[derive(Debug)]
pub(crate) struct AllReader {
    pool: Arc<Pool>,
    reach: Reach,
    shared: SharedPages,
    streams: KnownStreams,
}

/// A page that a reader wants.
#[derive(Clone, Copy)]
struct WantedPage<'q> {
    query: &'q AllQuery<'q>,
    asker: Asker,
    began: Instant,
    /// A reader at the end asks the server for the high-water mark; for any other, an older answer is still
    /// safe, and enough.
    at_end: bool,
}

impl AllReader {
    pub(crate) fn new(pool: &Arc<Pool>) -> Self {
        Self {
            pool: Arc::clone(pool),
            reach: Reach::new(pool),
            shared: SharedPages::default(),
            streams: KnownStreams::default(),
        }
    }

    pub(crate) async fn page(
        &self,
        query: AllQuery<'_>,
        asker: Asker,
        sink: Sink<'_>,
    ) -> Result<AllPage, StoreError> {
        let began = Instant::now();
        let mut done = AllPage::new(query.after, 0, Rest::Nothing);
        let mut at_end = false;
        loop {
            let rest = AllQuery::after(done.checkpoint, query.filter)
                .limit(query.limit - done.events)
                .bytes(query.bytes);
            at_end = at_end || !self.reach.is_far(&rest);
            let wanted = WantedPage { query: &rest, asker, began, at_end };
            let (end, safe) = match at_end && !self.pool.settings.pooler {
                true => self.shared(wanted, sink).await?,
                false => {
                    let ReadPage { end, safe, .. } = self.alone(wanted, sink).await?;
                    (end, safe)
                }
            };
            done.checkpoint = end.checkpoint;
            done.events += end.events;
            // The next events would have to fit into the byte limit as well.
            let bounded = query.bytes < usize::MAX && done.events > 0 && safe.began < began;
            if end.more || bounded {
                done.rest = Rest::More;
                return Ok(done);
            }
            if safe.began >= began {
                done.rest = if safe.held { Rest::Held } else { Rest::Nothing };
                return Ok(done);
            }
            at_end = true;
        }
    }

    /// At the end of the store: uses the page that another reader has read since this one began, or reads one
    /// and shares it.
    async fn shared(&self, wanted: WantedPage<'_>, sink: Sink<'_>) -> Result<(PageEnd, Safe), StoreError> {
        let WantedPage { query, asker, began, .. } = wanted;
        let place = self.shared.of(query.filter, self.pool.generation());
        let mut turn = place.turn().await;
        let last = turn.as_deref().and_then(Option::as_ref);
        if let Some(found) = last.filter(|last| last.answers(query, asker, began)).map(Arc::clone) {
            drop(turn);
            self.pool.counters.shared_pages.count();
            return found.deliver(query, began, sink);
        }
        if let Some(last) = last {
            last.gather().await;
        }
        let ReadPage { end, safe, kept } = self.alone(wanted, sink).await?;
        if let Some(last) = turn.as_deref_mut() {
            *last = kept.map(|kept| Arc::new(EndPage::new(query.after, safe, end, kept)));
        }
        Ok((end, safe))
    }

    /// Reads a page on a connection of the pool.
    async fn alone(&self, wanted: WantedPage<'_>, sink: Sink<'_>) -> Result<ReadPage, StoreError> {
        let found =
            again::read(&self.pool, PageRead { reader: self, wanted, sink, has_delivered: false }).await;
        self.pool.counters.pages.add(usize::from(found.is_ok()));
        if matches!(found, Err(StoreError::ForeignCheckpoint { .. })) {
            self.shared.forget();
        }
        found
    }

    pub(crate) async fn end(&self) -> Result<Checkpoint, StoreError> {
        again::read(&self.pool, EndRead { reader: self }).await
    }

    /// Closes its own connection.
    pub(crate) async fn close(&self) {
        self.reach.close().await;
    }
}

/// A page that was read.
struct ReadPage {
    end: PageEnd,
    safe: Safe,
    kept: Option<Kept>,
}

struct PageRead<'r, 'q, 's> {
    reader: &'r AllReader,
    wanted: WantedPage<'q>,
    sink: Sink<'s>,
    has_delivered: bool,
}

impl Read for PageRead<'_, '_, '_> {
    type Done = ReadPage;

    /// Reads a page up to the high-water mark, which is asked for in the same transaction if it is not known.
    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<ReadPage, ReadError> {
        let Self { reader, wanted: WantedPage { query, asker, began, at_end }, sink, has_delivered } = self;
        let mut watched = |event: RawEvent<'_>| {
            *has_delivered = true;
            sink(event)
        };
        let (reach, beyond) = (&reader.reach, query.after.position().get());
        let question = Question { beyond, asker: *asker, since: *began };
        let latest = if *at_end { None } else { reach.latest(session, query) };
        let safe = match latest {
            Some(safe) => Some(safe),
            None => reach.ask(session, question).await?,
        };
        let safe = reach.begin(session, safe, question).await?;
        if safe.is_behind(query.after) {
            pool.commit(&mut session.connection).await?;
            return Ok(ReadPage { end: PageEnd::nothing(query.after), safe, kept: None });
        }
        let keep = if *at_end { Keep::ForOthers } else { Keep::Not };
        let read = page::read(session, pool, &reader.streams, query, safe.position, keep, &mut watched);
        let (end, kept) = read.await?;
        if !end.cut {
            pool.commit(&mut session.connection).await?;
        }
        Ok(ReadPage { end, safe, kept })
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }

    fn leaves_unread(found: &ReadPage) -> bool {
        found.end.cut
    }
}

/// A read of the last event's position.
struct EndRead<'r> {
    reader: &'r AllReader,
}

impl Read for EndRead<'_> {
    type Done = Checkpoint;

    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<Checkpoint, ReadError> {
        let reach = &self.reader.reach;
        let question = Question { beyond: 0, asker: Asker::Query, since: Instant::now() };
        let safe = reach.ask_for_end(session, question).await?;
        let safe = reach.begin(session, safe, question).await?;
        let call = pool.statements.head.call().bind(safe.position.cast_signed());
        let row = pool.settings.answered(call.fetch_optional(&mut session.connection)).await?;
        pool.commit(&mut session.connection).await?;
        Ok(match row {
            Some(row) => columns::checkpoint(Columns(&row), head::POSITION, head::EVENT_ID)?,
            None => Checkpoint::START,
        })
    }

    fn has_delivered(&self) -> bool {
        false
    }
}
