//! A snapshot, the events after it, the head, and what the ledger says: one statement.

use es_core::{
    Contiguous, Fingerprint, Load, LoadItem, LoadSink, Position, Revision, StoreError, StreamHead,
};
use futures_util::TryStreamExt as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::event;
use super::row::{self, Kind, column, get, outcome};
use super::types::Types;
use crate::error::Failure;
use crate::{checksum, sql};

/// What a load came to.
enum Loaded {
    Head(StreamHead),
    /// The snapshot is not what was written; nothing was handed out.
    BadSnapshot,
}

/// A snapshot that is damaged only costs time.
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
        match Kind::of(&row) {
            Kind::First => head = self::head(&row)?,
            Kind::Second => match self::snapshot(&row) {
                Ok((revision, state)) => {
                    order = Contiguous::after(load.stream, revision);
                    sink(LoadItem::Snapshot { revision, state })?;
                }
                Err(_) => return Ok(Loaded::BadSnapshot),
            },
            Kind::Event => {
                let raw = event::event(&row, load.stream, types)
                    .map_err(|failure| row::damaged(failure, &row, next))?;
                order.take(raw.revision)?;
                next = Position::new(raw.position.get() + 1);
                sink(LoadItem::Event(raw))?;
            }
        }
    }
    order.reached(head.revision.min(load.up_to))?;
    Ok(Loaded::Head(head))
}

fn head(row: &SqliteRow) -> Result<StreamHead, Failure> {
    let revision: Option<i64> = get(row, column::REVISION)?;
    let revision = Revision::new(revision.unwrap_or_default().cast_unsigned());
    let head = StreamHead::new(revision, row::id(row, column::ID)?);
    let command = outcome(
        row,
        [
            column::RECORDED_AT,
            column::OCCURRED_AT,
            column::CORRELATION_ID,
            column::CAUSATION_ID,
            column::PAYLOAD,
        ],
    )?;
    Ok(head.closed(get(row, column::POSITION)?).command(command))
}

fn snapshot(row: &SqliteRow) -> Result<(Revision, &[u8]), Failure> {
    let revision: i64 = get(row, column::REVISION)?;
    let state: &str = get(row, column::PAYLOAD)?;
    if checksum::of_snapshot(revision, state) != get::<i64>(row, column::CHECKSUM)? {
        return Err(Failure::damaged("the snapshot is not the one that was written"));
    }
    Ok((Revision::new(revision.cast_unsigned()), state.as_bytes()))
}

/// A revision as the file has it.
pub(crate) fn limited(revision: Revision) -> i64 {
    revision.min(Revision::MAX).get().cast_signed()
}
