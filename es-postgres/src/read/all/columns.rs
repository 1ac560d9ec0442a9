//! Columns of a page's rows, besides those of the event.

use es_core::store::Checkpoint;
use es_core::{Position, StoreError};
use sqlx::postgres::PgRow;

use crate::connect::columns::{event, paged, streams_of_ids};
use crate::connect::names::{Known, TypeName};
use crate::read::all::streams::{KnownStream, StreamsOf};
use crate::read::row::{self, Columns, required};

pub(super) fn type_of<'k>(known: &'k Known, row: Columns<'_>) -> Result<&'k TypeName, StoreError> {
    let id = row.integer(event::TYPE)?;
    known.event_type(id).ok_or_else(|| row::no_event_type(row, id))
}

pub(super) fn stream_of(row: Columns<'_>) -> Result<i64, StoreError> {
    row.bigint(paged::STREAM).map(u64::cast_signed)
}

/// The stream of an event, if it is known, or created by this event.
pub(super) fn stream_in(
    streams: &StreamsOf,
    row: Columns<'_>,
    known: &Known,
) -> Result<Option<KnownStream>, StoreError> {
    let id = stream_of(row)?;
    if let Some(stream) = streams.get(id) {
        return Ok(Some(stream));
    }
    let Some(made) = row.text(paged::MADE)? else { return Ok(None) };
    streams.learn_made(id, made, known)
}

/// Whether events or streams have a type or a category that is not known.
pub(super) fn has_unknown_names(
    known: &Known,
    events: &[PgRow],
    streams: &[PgRow],
) -> Result<bool, StoreError> {
    let beyond = |rows: &[PgRow], column: usize, last: i32| {
        rows.iter()
            .try_fold(false, |news, row| Ok::<_, StoreError>(news | (Columns(row).integer(column)? > last)))
    };
    Ok(beyond(events, event::TYPE, known.last_type())?
        || beyond(streams, streams_of_ids::CATEGORY, known.last_category())?)
}

pub(super) fn checkpoint(
    row: Columns<'_>,
    position: usize,
    event_id: usize,
) -> Result<Checkpoint, StoreError> {
    let id = required(event_id, row.uuid(event_id)?)?;
    Ok(Checkpoint::behind(Position::new(row.bigint(position)?), id))
}
