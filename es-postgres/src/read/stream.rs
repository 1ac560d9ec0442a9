//! Reading a range of a stream, row by row.

use std::sync::Arc;

use es_core::record::RawEvent;
use es_core::store::{Contiguous, Sink, StreamRange};
use es_core::{StoreError, StreamId};
use futures_util::TryStreamExt;

use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::{self, Read, ReadError};
use crate::read::new_names::NewNames;
use crate::read::row::{self, Columns};

pub(crate) async fn read_stream(
    pool: &Arc<Pool>,
    stream: &StreamId,
    range: StreamRange,
    sink: Sink<'_>,
) -> Result<(), StoreError> {
    again::read(pool, RangeRead { stream, range, sink, has_delivered: false }).await
}

struct RangeRead<'i, 's> {
    stream: &'i StreamId,
    range: StreamRange,
    sink: Sink<'s>,
    has_delivered: bool,
}

impl Read for RangeRead<'_, '_> {
    type Done = ();

    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<(), ReadError> {
        let Self { stream, range, sink, has_delivered } = self;
        let mut watched = |event: RawEvent<'_>| {
            *has_delivered = true;
            sink(event)
        };
        read(session, pool, stream, *range, &mut watched).await
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }
}

async fn read(
    session: &mut Session,
    pool: &Pool,
    stream: &StreamId,
    range: StreamRange,
    sink: Sink<'_>,
) -> Result<(), ReadError> {
    pool.begin(&mut session.connection).await?;
    let known = pool.names.known();
    let mut news = NewNames::default();
    let mut order = Contiguous::range(stream, range);
    let statement =
        if range.backward { &pool.statements.read_backward } else { &pool.statements.read_forward };
    let call = statement
        .call()
        .bind(stream.category())
        .bind(stream.key())
        .bind(bigint(range.from))
        .bind(bigint(range.to))
        .bind(known.last_type())
        .bind(known.token());
    {
        let mut rows = call.fetch(&mut session.connection);
        while let Some(row) = pool.settings.answered(rows.try_next()).await? {
            let row = Columns(&row);
            news.look(row)?;
            let event = row::event(stream, row::event_type(&known, row)?, row)?;
            order.take(event.revision)?;
            sink(event)?;
        }
    }
    news.learn(pool, &mut session.connection).await?;
    pool.commit(&mut session.connection).await?;
    Ok(())
}
