//! Reading the whole store in the order of positions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{AllPage, AllQuery, Checkpoint, Filter, Position, Rest, Sink, StoreError, StreamId};
use futures_util::TryStreamExt;

use crate::error::{Failure, unexpected};
use crate::load::ReadError;
use crate::names::{self, Known};
use crate::pool::{Pool, Session};
use crate::row::{self, Columns, required};
use crate::watermark::{Ledger, Safe};

/// How long a page behind a pooler waits, on one server process, for the appends that are open.
const POOLER_PATIENCE: Duration = Duration::from_millis(500);

/// How many events one statement looks at to find those that a filter takes. A page of more is looked for in as many.
const LOOKED_AT: usize = 20_000;

/// Where a page ended.
struct End {
    checkpoint: Checkpoint,
    events: usize,
    /// Whether more may be read at once.
    more: bool,
}

pub(crate) async fn read_all(
    pool: &Pool,
    query: AllQuery<'_>,
    sink: Sink<'_>,
) -> Result<AllPage, StoreError> {
    let began = Instant::now();
    let mut done = AllPage::new(query.after, 0, Rest::Nothing);
    let mut fresh = false;
    loop {
        let mut lease = pool.lease().await?;
        let opened = lease.session.opened;
        // What was safe a moment ago still is, and enough for a reader that is behind. At the end the server has to be asked.
        let latest = pool.watermark.latest(opened);
        let far = done.checkpoint.position().get().saturating_add(query.limit as u64);
        let usable = latest.filter(|safe| !fresh && safe.position >= far);
        let safe = match usable {
            _ if pool.settings.pooler => None,
            Some(safe) => Some(safe),
            None => match pool.watermark.since(pool, began.max(opened)).await {
                Ok(safe) => Some(safe),
                Err(error) => {
                    lease.keep();
                    return Err(error);
                }
            },
        };
        let mut handed_out = done.events;
        let mut counted = |event: es_core::RawEvent<'_>| {
            handed_out += 1;
            sink(event)
        };
        let rest = AllQuery::after(done.checkpoint, query.filter).limit(query.limit - done.events);
        match page(&mut lease.session, pool, &rest, safe, &mut counted).await {
            Ok((end, safe)) => {
                lease.keep();
                done.checkpoint = end.checkpoint;
                done.events += end.events;
                if end.more {
                    done.rest = Rest::More;
                    return Ok(done);
                }
                if safe.began >= began {
                    done.rest = if safe.held { Rest::Held } else { Rest::Nothing };
                    return Ok(done);
                }
                fresh = true;
            }
            Err(ReadError::Stopped(error)) => return Err(error),
            Err(ReadError::Failed(failure)) => {
                let again = lease.may_be_repeated(&failure, handed_out > done.events);
                lease.keep_after(&failure);
                if !again {
                    return Err(failure.into());
                }
            }
        }
    }
}

pub(crate) async fn head(pool: &Pool) -> Result<Checkpoint, StoreError> {
    loop {
        let mut lease = pool.lease().await?;
        let safe = if pool.settings.pooler {
            None
        } else {
            match pool.watermark.since(pool, Instant::now().max(lease.session.opened)).await {
                Ok(safe) => Some(safe),
                Err(error) => {
                    lease.keep();
                    return Err(error);
                }
            }
        };
        match last_event(&mut lease.session, pool, safe).await {
            Ok(checkpoint) => {
                lease.keep();
                return Ok(checkpoint);
            }
            Err(ReadError::Stopped(error)) => return Err(error),
            Err(ReadError::Failed(failure)) => {
                let again = lease.may_be_repeated(&failure, false);
                lease.keep_after(&failure);
                if !again {
                    return Err(failure.into());
                }
            }
        }
    }
}

async fn last_event(session: &mut Session, pool: &Pool, safe: Option<Safe>) -> Result<Checkpoint, ReadError> {
    pool.begin(&mut session.connection).await?;
    let safe = match safe {
        Some(safe) => safe,
        None => ask_here(session, pool, 0).await.map_err(ReadError::Failed)?,
    };
    let call = pool.statements.head.call().bind(safe.position.cast_signed());
    let row = call.fetch_optional(&mut session.connection).await?;
    pool.commit(&mut session.connection).await?;
    Ok(match row {
        Some(row) => checkpoint(Columns(&row), 0, 1)?,
        None => Checkpoint::START,
    })
}

/// Asks on the connection of the read itself: behind a pooler nobody can tell whether two connections, or two
/// transactions on one, lead to the same server process.
async fn ask_here(session: &mut Session, pool: &Pool, beyond: u64) -> Result<Safe, Failure> {
    let mut ledger = Ledger::default();
    let started = Instant::now();
    loop {
        let safe = ledger.ask(&mut session.connection, &pool.statements).await?;
        if !safe.held || safe.position > beyond || started.elapsed() > POOLER_PATIENCE {
            return Ok(safe);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn page(
    session: &mut Session,
    pool: &Pool,
    query: &AllQuery<'_>,
    safe: Option<Safe>,
    sink: Sink<'_>,
) -> Result<(End, Safe), ReadError> {
    pool.begin(&mut session.connection).await?;
    let after = query.after.position().get();
    let safe = match safe {
        Some(safe) => safe,
        None => ask_here(session, pool, after).await.map_err(ReadError::Failed)?,
    };
    let names = Arc::clone(&session.names);
    let known = names.known();
    let mut unknown_names = false;
    let mut end = End { checkpoint: query.after, events: 0, more: false };
    let filter = query.filter;
    let filtered = *filter != Filter::new();
    let statement = if filtered { &pool.statements.read_some } else { &pool.statements.read_all };
    let mut call = statement
        .call()
        .bind(after.cast_signed())
        .bind(safe.position.cast_signed())
        .bind(bigint(query.limit))
        .bind(known.last_type())
        .bind(known.last_category());
    if filtered {
        call = call
            .bind(category_names(filter))
            .bind(event_names(filter))
            .bind(bigint(query.limit.max(LOOKED_AT)));
    }
    {
        let mut rows = call.fetch(&mut session.connection);
        let mut first = true;
        let mut last = after;
        let mut stream: Option<(i32, StreamId)> = None;
        while let Some(row) = rows.try_next().await? {
            let columns = Columns(&row);
            if first {
                first = false;
                same_history(query.after, columns)?;
                if !columns.is_null(1)? {
                    end.checkpoint = checkpoint(columns, 1, 3)?;
                    end.more = columns.bigint(0)? < safe.position;
                }
                continue;
            }
            let (category, key) = (columns.integer(12)?, required(11, columns.text(11)?)?);
            unknown_names |= category > known.last_category() || columns.integer(2)? > known.last_type();
            let stream = match &mut stream {
                Some((of, stream)) if *of == category && stream.key() == key => &*stream,
                other => {
                    let name = category_name(filter, &known, category, columns.text(13)?)?;
                    &other.insert((category, StreamId::new(name, key).map_err(StoreError::from)?)).1
                }
            };
            let event = row::event(stream, &known, &row)?;
            let position = event.position.get();
            if position <= last {
                return Err(unexpected(format!("position {position} after {last}")).into());
            }
            last = position;
            end.events += 1;
            let full = end.events == query.limit;
            if full || !filtered {
                end.checkpoint = Checkpoint::behind(event.position, event.event_id);
                end.more |= full;
            }
            sink(event)?;
        }
    }
    if unknown_names {
        let found = names::read(&mut session.connection, &pool.statements).await;
        names.learn(found.map_err(ReadError::Failed)?);
    }
    pool.commit(&mut session.connection).await?;
    Ok((end, safe))
}

/// Refuses a checkpoint whose event is not here.
fn same_history(checkpoint: Checkpoint, row: Columns<'_>) -> Result<(), StoreError> {
    let Some((position, event_id)) = checkpoint.event() else { return Ok(()) };
    let found = row.uuid(6)?;
    if found == Some(event_id) {
        Ok(())
    } else {
        Err(StoreError::ForeignCheckpoint { position, event_id, found })
    }
}

fn bigint(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn checkpoint(row: Columns<'_>, position: usize, event_id: usize) -> Result<Checkpoint, StoreError> {
    let id = required(event_id, row.uuid(event_id)?)?;
    Ok(Checkpoint::behind(Position::new(row.bigint(position)?), id))
}

fn category_names(filter: &Filter) -> Option<Vec<&str>> {
    let categories = &filter.categories;
    (!categories.is_empty()).then(|| categories.iter().flat_map(es_core::CategoryNames::names).collect())
}

fn event_names(filter: &Filter) -> Option<Vec<&str>> {
    (!filter.events.is_empty()).then(|| filter.events.iter().map(AsRef::as_ref).collect())
}

/// How a reader calls a category: as its filter does, else by the first name that it had.
pub(crate) fn category_name(
    filter: &Filter,
    known: &Known,
    id: i32,
    note: Option<&str>,
) -> Result<std::borrow::Cow<'static, str>, StoreError> {
    let first = known.category_name(id).or(note);
    let first = first.ok_or_else(|| unexpected(format!("category {id} is not in categories")))?;
    let asked = filter.categories.iter().find(|category| {
        category.has(first) || category.names().any(|name| known.category(name) == Some(id))
    });
    Ok(asked.map_or_else(|| first.to_owned().into(), |category| category.name.clone()))
}
