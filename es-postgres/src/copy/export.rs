//! Reading a store to copy it: everything except its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use es_core::shape::Fingerprint;
use es_core::store::{CommandOutcome, StoredCategory, StoredCommand, StoredEventType, StoredNames};
use es_core::{Revision, StoreError, StreamId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::connect::call::rows;
use crate::connect::columns::{export_closed, exported, names};
use crate::connect::failure::unexpected;
use crate::connect::pool::Pool;
use crate::read::row::{Columns, required};

/// The first name and the other names of a category.
#[derive(Default)]
struct Category {
    first: String,
    aliases: Vec<String>,
}

pub(super) async fn names(pool: &Arc<Pool>) -> Result<StoredNames, StoreError> {
    let mut categories: BTreeMap<i32, Category> = BTreeMap::new();
    let mut events = Vec::new();
    for row in rows(pool, pool.statements.names.call()).await? {
        let get = Columns(&row);
        let kind = required(names::KIND, get.text(names::KIND)?)?;
        let name = required(names::NAME, get.text(names::NAME)?)?.to_owned();
        let version = get.integer(names::VERSION)?;
        match kind {
            "category" => {
                let category = categories.entry(get.integer(names::ID)?).or_default();
                if version == 0 { category.first = name } else { category.aliases.push(name) }
            }
            "event type" => {
                let print: Option<i64> = row.try_get(names::FINGERPRINT).map_err(unexpected)?;
                let print = print.map(Fingerprint::from_i64);
                events.push(StoredEventType::new(name, version.cast_unsigned(), print));
            }
            _ => {}
        }
    }
    let categories = categories.into_values().map(|of| StoredCategory::new(of.first, of.aliases));
    Ok(StoredNames::new(categories.collect(), events))
}

/// First the commands that stored events, then the others.
pub(super) async fn commands(
    pool: &Arc<Pool>,
    after: Option<&StoredCommand>,
    limit: usize,
) -> Result<Vec<StoredCommand>, StoreError> {
    let decided = after.is_some_and(|after| after.outcome.count == 0);
    if !decided {
        let found = page(pool, Ledger::Commands, after, limit).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    page(pool, Ledger::Decisions, after.filter(|_| decided), limit).await
}

/// The two tables of the command ledger.
#[derive(Debug, Clone, Copy)]
enum Ledger {
    Commands,
    Decisions,
}

async fn page(
    pool: &Arc<Pool>,
    of: Ledger,
    after: Option<&StoredCommand>,
    limit: usize,
) -> Result<Vec<StoredCommand>, StoreError> {
    let statement = match of {
        Ledger::Commands => &pool.statements.export_commands,
        Ledger::Decisions => &pool.statements.export_decisions,
    };
    let call = statement.call().bind(after.map(|after| after.stream.category()));
    let call = call.bind(after.map(|after| after.stream.key())).bind(after.map(|after| after.id));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    rows(pool, call.bind(limit)).await?.iter().map(command).collect()
}

fn command(row: &PgRow) -> Result<StoredCommand, StoreError> {
    let get = Columns(row);
    let category = required(exported::CATEGORY, get.text(exported::CATEGORY)?)?;
    let stream = StreamId::new(category, required(exported::KEY, get.text(exported::KEY)?)?)?;
    let first = Revision::new(get.bigint(exported::FIRST)?);
    let outcome = CommandOutcome::new(first, get.bigint(exported::COUNT)?)
        .rejected(row.try_get(exported::REJECTED).map_err(unexpected)?)
        .body_hash(row.try_get(exported::BODY_HASH).map_err(unexpected)?)
        .name(get.text(exported::NAME)?.map(Arc::from));
    let id = required(exported::COMMAND_ID, get.uuid(exported::COMMAND_ID)?)?;
    let recorded_at = required(exported::RECORDED_AT, get.time(exported::RECORDED_AT)?)?;
    Ok(StoredCommand::new(stream, id, outcome, recorded_at))
}

pub(super) async fn closed(
    pool: &Arc<Pool>,
    after: Option<&StreamId>,
    limit: usize,
) -> Result<Vec<StreamId>, StoreError> {
    let call = pool.statements.export_closed.call();
    let call = call.bind(after.map(StreamId::category)).bind(after.map(StreamId::key));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut streams = Vec::new();
    for row in rows(pool, call.bind(limit)).await? {
        let get = Columns(&row);
        let category = required(export_closed::CATEGORY, get.text(export_closed::CATEGORY)?)?;
        let key = required(export_closed::KEY, get.text(export_closed::KEY)?)?;
        streams.push(StreamId::new(category, key)?);
    }
    Ok(streams)
}
