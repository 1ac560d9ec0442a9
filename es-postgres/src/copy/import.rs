//! Writing a copy of another store.

use std::borrow::Cow;
use std::sync::Arc;

use es_core::record::{EventPlace, RawEvent};
use es_core::shape::Fingerprint;
use es_core::store::{StoredCommand, StoredEventType, StoredNames};
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::Row;

use crate::connect::call::{rows_kept, value_kept};
use crate::connect::columns::{import_commands, import_events, import_names};
use crate::connect::failure::unexpected;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::read::row::Columns;
use crate::write::json::Json;

pub(super) async fn names(pool: &Arc<Pool>, names: &StoredNames) -> Result<(), StoreError> {
    // Pairs of a category's first name and each of its names.
    let pairs = names.categories.iter().flat_map(|category| {
        std::iter::once(&category.name).chain(&category.aliases).map(|name| (&*category.name, &**name))
    });
    let (first, aliases): (Vec<&str>, Vec<&str>) = pairs.unzip();
    let of =
        |event: &StoredEventType| (event.version.cast_signed(), event.fingerprint.map(Fingerprint::to_i64));
    let events: Vec<&str> = names.events.iter().map(|event| &*event.name).collect();
    let (versions, prints): (Vec<i32>, Vec<Option<i64>>) = names.events.iter().map(of).unzip();
    let call = pool.statements.import_names.call().bind(first).bind(aliases);
    let found = rows_kept(pool, call.bind(events).bind(versions).bind(prints)).await?;
    let Some(row) = found.first() else { return Ok(()) };
    let name = row.try_get(import_names::NAME).map_err(unexpected)?;
    if let Some(other) = row.try_get(import_names::OTHER).map_err(unexpected)? {
        return Err(StoreError::SplitCategory { name, other });
    }
    let print = |column| row.try_get(column).map(Fingerprint::from_i64).map_err(unexpected);
    Err(StoreError::SchemaConflict {
        name,
        version: Columns(row).integer(import_names::VERSION)?.cast_unsigned(),
        registered: print(import_names::REGISTERED)?,
        found: print(import_names::FOUND)?,
    })
}

pub(super) async fn events(pool: &Arc<Pool>, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
    let json = |json: &[u8]| Json(Cow::Owned(json.to_vec()));
    if events.is_empty() {
        return Ok(());
    }
    let call = pool.statements.import_events.call();
    let call = call
        .bind(column(events, |event| event.position.get().cast_signed()))
        .bind(column(events, |event| event.stream.category().to_owned()))
        .bind(column(events, |event| event.stream.key().to_owned()))
        .bind(column(events, |event| bigint(event.revision)))
        .bind(column(events, |event| event.name.to_owned()))
        .bind(column(events, |event| event.version.cast_signed()))
        .bind(column(events, |event| event.event_id))
        .bind(column(events, |event| event.recorded_at))
        .bind(column(events, |event| event.occurred))
        .bind(column(events, |event| event.correlation_id))
        .bind(column(events, |event| event.causation_id))
        .bind(column(events, |event| json(event.payload)))
        .bind(column(events, |event| event.metadata.map(json)));
    let answer = rows_kept(pool, call).await?;
    let row = Columns(answer.first().ok_or_else(|| unexpected("no answer"))?);
    if row.is_null(import_events::ORDINAL)? {
        return Ok(());
    }
    let at = usize::try_from(row.bigint(import_events::ORDINAL)?.saturating_sub(1)).unwrap_or(usize::MAX);
    let event = events.get(at).ok_or_else(|| unexpected("the answer refers to no event"))?;
    Err(StoreError::NotNext {
        place: Box::new(EventPlace::new(event)),
        last: Position::new(row.bigint(import_events::LAST)?),
        revision: Revision::new(row.bigint(import_events::REVISION)?),
    })
}

pub(super) async fn commands(pool: &Arc<Pool>, commands: &[StoredCommand]) -> Result<(), StoreError> {
    let call = pool.statements.import_commands.call();
    let call = call
        .bind(column(commands, |command| command.stream.category()))
        .bind(column(commands, |command| command.stream.key()))
        .bind(column(commands, |command| command.id))
        .bind(column(commands, |command| bigint(command.outcome.first)))
        .bind(column(commands, |command| i64::try_from(command.outcome.count).unwrap_or(i64::MAX)))
        .bind(column(commands, |command| command.outcome.rejected))
        .bind(column(commands, |command| command.outcome.body_hash))
        .bind(column(commands, |command| command.recorded_at))
        .bind(column(commands, |command| command.outcome.name.as_deref().unwrap_or_default()));
    let answer = rows_kept(pool, call).await?;
    let row = answer.first().ok_or_else(|| unexpected("no answer"))?;
    if Columns(row).is_null(import_commands::ORDINAL)? {
        return Ok(());
    }
    let at = Columns(row).bigint(import_commands::ORDINAL)?.saturating_sub(1);
    let command = commands.get(usize::try_from(at).unwrap_or(usize::MAX));
    let command = command.ok_or_else(|| unexpected("the answer refers to no command"))?;
    let first: Option<String> = row.try_get(import_commands::NAME).map_err(unexpected)?;
    Err(StoreError::CommandIdReused {
        stream: command.stream.clone(),
        command_id: command.id,
        first: first.map(String::into_boxed_str),
    })
}

pub(super) async fn closed(pool: &Arc<Pool>, streams: &[StreamId]) -> Result<(), StoreError> {
    let categories: Vec<&str> = streams.iter().map(StreamId::category).collect();
    let keys: Vec<&str> = streams.iter().map(StreamId::key).collect();
    let call = pool.statements.import_closed.call().bind(categories).bind(keys);
    value_kept::<bool>(pool, call).await.map(drop)
}

/// One column of an array parameter for each field.
fn column<'r, R, T>(rows: &'r [R], of: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
