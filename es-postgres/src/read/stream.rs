//! Reading a part of a stream, row by row.

use std::sync::Arc;

use es_core::{Contiguous, RawEvent, Sink, StoreError, StreamId, StreamRange};
use futures_util::TryStreamExt;

use crate::connect::pool::{Pool, Session};
use crate::read::load::ReadError;
use crate::read::row::{self, Columns};
use crate::write::columns::bigint;

pub(crate) async fn read_stream(
    pool: &Arc<Pool>,
    stream: &StreamId,
    range: StreamRange,
    sink: Sink<'_>,
) -> Result<(), StoreError> {
    loop {
        let mut lease = pool.lease().await?;
        let mut handed_out = false;
        let mut watched = |event: RawEvent<'_>| {
            handed_out = true;
            sink(event)
        };
        let done = read(&mut lease.session, pool, stream, range, &mut watched).await;
        if let Some(done) = lease.settle(done, handed_out) {
            return done;
        }
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
    let mut unknown_types = false;
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
            unknown_types |= !row.is_null(10)?;
            let event = row::event(stream, row::event_type(&known, row)?, row)?;
            order.take(event.revision)?;
            sink(event)?;
        }
    }
    if unknown_types {
        let refresh = pool.names.refresh(&mut session.connection, &pool.statements);
        pool.settings.answered(refresh).await.map_err(ReadError::Failed)?;
    }
    pool.commit(&mut session.connection).await?;
    Ok(())
}
