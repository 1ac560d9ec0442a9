//! Reading the whole store in the order of positions.

use std::time::{Duration, Instant};

use es_core::{AllPage, AllQuery, Checkpoint, Rest, Sink, StoreError};

use crate::error::Failure;
use crate::load::ReadError;
use crate::page::{self, End};
use crate::pool::{Pool, Session};
use crate::row::Columns;
use crate::watermark::{Ledger, Safe};

/// How long a page behind a pooler waits, on one server process, for the appends that are open.
const POOLER_PATIENCE: Duration = Duration::from_millis(500);

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
        Some(row) => page::checkpoint(Columns(&row), 0, 1)?,
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

/// A page up to the watermark; without one it is asked for in the transaction of the page.
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
    let end = page::read(session, pool, query, safe.position, sink).await?;
    pool.commit(&mut session.connection).await?;
    Ok((end, safe))
}
