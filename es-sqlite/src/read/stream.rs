//! A range of one stream, in either direction.

use es_core::store::{Contiguous, Sink, StreamRange};
use es_core::{Position, StoreError, StreamId};
use futures_util::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::event;
use super::load::limited;
use super::packed::Packed;
use super::types::Types;
use crate::error::Failure;
use crate::sql;

pub(crate) async fn read(
    connection: &mut SqliteConnection,
    types: &Types,
    stream: &StreamId,
    range: StreamRange,
    sink: Sink<'_>,
) -> Result<(), StoreError> {
    let statement = if range.backward { sql::STREAM_BACKWARD } else { sql::STREAM_FORWARD };
    let mut rows = sqlx::query(statement)
        .bind(stream.category())
        .bind(stream.key())
        .bind(limited(range.from))
        .bind(limited(range.to))
        .bind(types.last())
        .fetch(connection);
    let mut order = Contiguous::range(stream, range);
    let mut next = Position::new(1);
    while let Some(row) = rows.try_next().await.map_err(|error| Failure::from(error).at(next))? {
        let row = Packed::of(&row)?;
        let raw =
            event::of_stream(row, stream, types).map_err(|failure| event::damaged(failure, row, next))?;
        order.take(raw.revision)?;
        next = Position::new(raw.position.get() + 1);
        sink(raw)?;
    }
    Ok(())
}
