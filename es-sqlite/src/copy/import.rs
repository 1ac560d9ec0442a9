//! Imports the events, command ledger and closed streams of another store.

use std::collections::HashMap;

use es_core::record::RawEvent;
use es_core::store::{Following, StoredCommand};
use es_core::{Position, Revision, StoreError, StreamId};
use serde_json::json;
use sqlx::SqliteConnection;

use crate::error::Failure;
use crate::read::row::{get, outcome};
use crate::sql;
use crate::write::part::micros;
use crate::write::rows::{self, ImportedRow, StreamRow};

/// A stream before the import.
#[derive(Debug, Clone, Copy)]
struct Place {
    category: i64,
    id: Option<i64>,
    revision: Revision,
}

pub(super) async fn events(
    connection: &mut SqliteConnection,
    events: &[RawEvent<'_>],
) -> Result<(), StoreError> {
    let mut places = places(connection, events.iter().map(|event| event.stream)).await?;
    let types = types(connection).await?;
    let last = sqlx::query(sql::IMPORT_LAST).fetch_one(&mut *connection).await.map_err(Failure::from)?;
    let (last, mut last_stream): (i64, i64) = (get(&last, 0)?, get(&last, 1)?);
    let mut following = Following::after(Position::new(last.cast_unsigned()));
    let (mut streams, mut imported) = (Vec::new(), Vec::with_capacity(events.len()));
    for event in events {
        let unknown =
            || Failure::damaged("a category or an event type that was not imported before its events");
        let place = places.get_mut(event.stream).ok_or_else(unknown)?;
        following.check(event, place.revision)?;
        place.revision = event.revision;
        let stream = *place.id.get_or_insert_with(|| {
            last_stream += 1;
            let key = event.stream.key().to_owned();
            streams.push(StreamRow { id: last_stream, category: place.category, key });
            last_stream
        });
        let event_type = *types.get(&(event.name.to_owned(), event.version)).ok_or_else(unknown)?;
        imported.push(ImportedRow::new(event, stream, event_type)?);
    }
    rows::import(connection, &streams, &imported).await?;
    Ok(())
}

pub(super) async fn commands(
    connection: &mut SqliteConnection,
    commands: &[StoredCommand],
) -> Result<(), StoreError> {
    let mut places = places(connection, commands.iter().map(|command| &command.stream)).await?;
    for command in commands {
        let unknown = || Failure::damaged("a category that was not imported before its commands");
        let place = places.get_mut(&command.stream).ok_or_else(unknown)?;
        let stream = match place.id {
            Some(id) => id,
            None => *place.id.insert(make_stream(connection, place.category, command.stream.key()).await?),
        };
        let known = sqlx::query(sql::FIND_COMMAND).bind(stream).bind(command.id);
        let known = known.fetch_optional(&mut *connection).await.map_err(Failure::from)?;
        match known.as_ref().map(|row| outcome(row, [0, 1, 2, 3, 4])).transpose()?.flatten() {
            Some(known) => same(command, &known)?,
            None => add(connection, stream, command).await?,
        }
    }
    Ok(())
}

fn same(command: &StoredCommand, known: &es_core::store::CommandOutcome) -> Result<(), StoreError> {
    if *known == command.outcome {
        return Ok(());
    }
    let (stream, first) = (command.stream.clone(), known.name.as_deref().map(Box::from));
    Err(StoreError::CommandIdReused { stream, command_id: command.id, first })
}

async fn add(connection: &mut SqliteConnection, stream: i64, command: &StoredCommand) -> Result<(), Failure> {
    let outcome = &command.outcome;
    let name = outcome.name.as_deref().unwrap_or_default();
    sqlx::query(sql::IMPORT_COMMAND_NAME).bind(name).execute(&mut *connection).await?;
    sqlx::query(sql::IMPORT_COMMAND)
        .bind(stream)
        .bind(command.id)
        .bind(outcome.first.get().cast_signed())
        .bind(outcome.count.cast_signed())
        .bind(outcome.rejected)
        .bind(outcome.body_hash)
        .bind(name)
        .bind(micros(command.recorded_at))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn closed(
    connection: &mut SqliteConnection,
    streams: &[StreamId],
) -> Result<(), StoreError> {
    let places = places(connection, streams.iter()).await?;
    for id in places.values().filter_map(|place| place.id) {
        sqlx::query(sql::CLOSE_STREAM).bind(id).execute(&mut *connection).await.map_err(Failure::from)?;
    }
    Ok(())
}

async fn make_stream(connection: &mut SqliteConnection, category: i64, key: &str) -> Result<i64, Failure> {
    let made = sqlx::query_scalar(sql::IMPORT_STREAM).bind(category).bind(key);
    Ok(made.fetch_one(connection).await?)
}

/// The numbers of streams, for the categories that exist.
async fn places<'s>(
    connection: &mut SqliteConnection,
    streams: impl Iterator<Item = &'s StreamId>,
) -> Result<HashMap<&'s StreamId, Place>, Failure> {
    let mut distinct: Vec<&StreamId> = streams.collect();
    distinct.sort_unstable();
    distinct.dedup();
    let asked: Vec<_> = distinct.iter().map(|stream| json!([stream.category(), stream.key()])).collect();
    let asked = serde_json::Value::Array(asked).to_string();
    let mut places = HashMap::with_capacity(distinct.len());
    for row in &sqlx::query(sql::IMPORT_STREAMS).bind(asked).fetch_all(connection).await? {
        let item = usize::try_from(get::<i64>(row, 0)?).unwrap_or(usize::MAX);
        if let (Some(stream), Some(category)) = (distinct.get(item), get::<Option<i64>>(row, 1)?) {
            let revision = get::<Option<i64>>(row, 3)?.unwrap_or_default().cast_unsigned();
            let place = Place { category, id: get(row, 2)?, revision: Revision::new(revision) };
            places.insert(*stream, place);
        }
    }
    Ok(places)
}

async fn types(connection: &mut SqliteConnection) -> Result<HashMap<(String, u32), i64>, Failure> {
    let rows = sqlx::query(sql::TYPES).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(((get(row, 0)?, get(row, 1)?), get(row, 2)?))).collect()
}
