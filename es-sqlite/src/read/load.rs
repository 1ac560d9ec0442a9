//! Loads a snapshot, the events after it, the head, and the command's outcome in the ledger, with one
//! statement.

use es_core::shape::Fingerprint;
use es_core::store::{CommandOutcome, Contiguous, Load, LoadItem, LoadSink, StreamHead};
use es_core::{Position, Revision, StoreError, StreamId};
use futures_util::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::event;
use super::packed::{Kind, Packed};
use super::types::Types;
use crate::error::Failure;
use crate::{checksum, sql};

/// The result of a load.
enum Loaded {
    Head(StreamHead),
    /// The snapshot is not what was written; nothing was passed to the sink.
    BadSnapshot,
}

/// If the snapshot is damaged, all events are read instead, which only takes longer.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    types: &Types,
    load: Load<'_>,
    sink: LoadSink<'_>,
) -> Result<StreamHead, StoreError> {
    if let Loaded::Head(head) = once(connection, types, (load, load.snapshot), sink).await? {
        return Ok(head);
    }
    tracing::warn!(stream = %load.stream, "a snapshot is damaged; all events are read instead");
    match once(connection, types, (load, None), sink).await? {
        Loaded::Head(head) => Ok(head),
        Loaded::BadSnapshot => Err(Failure::damaged("a snapshot that was not asked for").into()),
    }
}

async fn once(
    connection: &mut SqliteConnection,
    types: &Types,
    (load, snapshot): (Load<'_>, Option<Fingerprint>),
    sink: LoadSink<'_>,
) -> Result<Loaded, StoreError> {
    let mut rows = sqlx::query(sql::LOAD)
        .bind(load.stream.category())
        .bind(load.stream.key())
        .bind(limited(load.after))
        .bind(limited(load.up_to))
        .bind(snapshot.map(Fingerprint::to_i64))
        .bind(load.command_id)
        .bind(types.last())
        .fetch(connection);
    let mut head = StreamHead::default();
    let mut order = Contiguous::after(load.stream, load.after);
    let mut next = Position::new(1);
    while let Some(row) = rows.try_next().await.map_err(|error| Failure::from(error).at(next))? {
        match Kind::of(&row)? {
            Kind::First(row) => head = self::head(row)?,
            Kind::Second(row) => match self::snapshot(row) {
                Ok((revision, state)) => {
                    order = Contiguous::after(load.stream, revision);
                    sink(LoadItem::snapshot(revision, state))?;
                }
                Err(_) => return Ok(Loaded::BadSnapshot),
            },
            Kind::Event(row) => event((row, load.stream, types), &mut order, &mut next, sink)?,
        }
    }
    order.reached(head.revision.min(load.up_to))?;
    Ok(Loaded::Head(head))
}

/// Passes the event of a row to the sink, if it is the next one of its stream.
pub(crate) fn event(
    (row, stream, types): (Packed<'_>, &StreamId, &Types),
    order: &mut Contiguous<'_>,
    next: &mut Position,
    sink: LoadSink<'_>,
) -> Result<(), StoreError> {
    let raw = event::of_stream(row, stream, types).map_err(|failure| event::damaged(failure, row, *next))?;
    order.take(raw.revision)?;
    *next = Position::new(raw.position.get() + 1);
    sink(LoadItem::Event(raw))
}

fn head(mut row: Packed<'_>) -> Result<StreamHead, Failure> {
    let head = head_of(&mut row)?;
    Ok(head.command(command(row)?))
}

/// The head of the stream, without the outcome of a command.
pub(crate) fn head_of(row: &mut Packed<'_>) -> Result<StreamHead, Failure> {
    let closed = flag(row)?;
    let revision = Revision::new(row.optional()?.unwrap_or_default().cast_unsigned());
    Ok(StreamHead::new(revision, row.id()?).closed(closed))
}

/// The outcome of the command, if it is in the command ledger.
fn command(mut row: Packed<'_>) -> Result<Option<CommandOutcome>, Failure> {
    let Some(first) = row.optional()? else { return Ok(None) };
    let (first, count) = (Revision::new(first.cast_unsigned()), row.number()?.cast_unsigned());
    let outcome = CommandOutcome::new(first, count)
        .rejected(flag(&mut row)?)
        .body_hash(row.optional()?)
        .name(if row.is_empty() { None } else { Some(row.rest()?.into()) });
    Ok(Some(outcome))
}

fn flag(row: &mut Packed<'_>) -> Result<bool, Failure> {
    match row.number()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Failure::damaged("neither true nor false")),
    }
}

pub(crate) fn snapshot(mut row: Packed<'_>) -> Result<(Revision, &[u8]), Failure> {
    let (revision, checksum) = (row.number()?, row.number()?);
    let state = row.rest()?;
    if checksum::of_snapshot(revision, state) != checksum {
        return Err(Failure::damaged("the snapshot is not what was written"));
    }
    Ok((Revision::new(revision.cast_unsigned()), state.as_bytes()))
}

/// A revision as the file stores it.
pub(crate) fn limited(revision: Revision) -> i64 {
    revision.min(Revision::MAX).get().cast_signed()
}
