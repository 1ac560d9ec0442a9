//! Reading the whole store in the order of positions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{AllPage, AllQuery, Checkpoint, RawEvent, Rest, Sink, StoreError};
use tokio::time::sleep;

use crate::connect::failure::Failure;
use crate::connect::pool::{Pool, Session};
use crate::read::all::page::{self, End, Kept};
use crate::read::all::replay::Replay;
use crate::read::all::shared::EndPage;
use crate::read::all::watermark::{self, Ledger, Safe};
use crate::read::load::ReadError;
use crate::read::row::Columns;

/// How long to wait before the server is asked again how far one may read.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How long a page behind a pooler waits, on one server process, for the appends that are open.
const POOLER_PATIENCE: Duration = Duration::from_millis(500);

pub(crate) async fn read_all(
    pool: &Arc<Pool>,
    query: AllQuery<'_>,
    sink: Sink<'_>,
) -> Result<AllPage, StoreError> {
    let began = Instant::now();
    let mut done = AllPage::new(query.after, 0, Rest::Nothing);
    let mut at_end = false;
    loop {
        let rest = AllQuery::after(done.checkpoint, query.filter)
            .limit(query.limit - done.events)
            .bytes(query.bytes)
            .following(query.following);
        at_end = at_end || !pool.watermark.is_far(&rest);
        let (end, safe) = match at_end && !pool.settings.pooler {
            true => shared(pool, &rest, began, sink).await?,
            false => {
                let (end, safe, _) = alone(pool, &rest, began, at_end, sink).await?;
                (end, safe)
            }
        };
        done.checkpoint = end.checkpoint;
        done.events += end.events;
        // What comes next would have to fit in as well.
        let bounded = query.bytes < usize::MAX && done.events > 0 && safe.began < began;
        if end.more || bounded {
            done.rest = Rest::More;
            return Ok(done);
        }
        if safe.began >= began {
            done.rest = if safe.held { Rest::Held } else { Rest::Nothing };
            return Ok(done);
        }
        at_end = true;
    }
}

/// At the end of the store: the page that another reader has found since this one began, or one for all to
/// find.
async fn shared(
    pool: &Arc<Pool>,
    query: &AllQuery<'_>,
    began: Instant,
    sink: Sink<'_>,
) -> Result<(End, Safe), StoreError> {
    let place = pool.ends.of(query.filter);
    let mut turn = place.turn().await;
    let last = turn.as_deref().and_then(Option::as_ref);
    if let Some(found) = last.filter(|last| last.answers(query, began)).map(Arc::clone) {
        drop(turn);
        return found.hand_out(query, began, sink);
    }
    if let Some(last) = last {
        last.gather().await;
    }
    let (end, safe, kept) = alone(pool, query, began, true, sink).await?;
    if let Some(last) = turn.as_deref_mut() {
        *last = kept.map(|kept| Arc::new(EndPage::new(query.after, safe, end, kept)));
    }
    Ok((end, safe))
}

/// Reads a page on a connection of the pool.
async fn alone(
    pool: &Arc<Pool>,
    query: &AllQuery<'_>,
    began: Instant,
    at_end: bool,
    sink: Sink<'_>,
) -> Result<(End, Safe, Option<Kept>), StoreError> {
    loop {
        let mut lease = pool.lease().await?;
        let mut handed_out = false;
        let mut watched = |event: RawEvent<'_>| {
            handed_out = true;
            sink(event)
        };
        let read = page(&mut lease.session, pool, query, began, at_end, &mut watched).await;
        if let Ok((End { cut: true, .. }, ..)) = read {
            // Its session is left with what is still on its way.
            return read.map_err(StoreError::from);
        }
        if let Some(page) = lease.settle(read, handed_out) {
            if matches!(page, Err(StoreError::ForeignCheckpoint { .. })) {
                pool.ends.forget();
            }
            return page;
        }
    }
}

pub(crate) async fn head(pool: &Arc<Pool>) -> Result<Checkpoint, StoreError> {
    loop {
        let mut lease = pool.lease().await?;
        let read = last_event(&mut lease.session, pool).await;
        if let Some(checkpoint) = lease.settle(read, false) {
            return checkpoint;
        }
    }
}

/// A watermark for a session that was asked for no earlier than this; none behind a pooler, where it is asked
/// for with the read.
///
/// Who does not follow the store asks twice or so, and asks on the connection of the read, as long as there
/// is no other for it. Where appends are open, one answer is not enough: those that belong together are kept,
/// with a connection of their own.
async fn safe_since(
    pool: &Arc<Pool>,
    session: &mut Session,
    following: bool,
    beyond: u64,
    moment: Instant,
) -> Result<Option<Safe>, ReadError> {
    if pool.settings.pooler {
        return Ok(None);
    }
    if pool.settings.read_only {
        // Sessions may lead to several servers, each of which has come as far as it has.
        let asked = session.replay.ask(&mut session.connection, &pool.statements, beyond);
        let safe = pool.settings.answered(asked).await.map_err(ReadError::Failed)?;
        pool.watermark.learn(safe);
        return Ok(Some(safe));
    }
    if !following && !pool.watermark.has_connection() {
        let mut ledger = Ledger::default();
        let asked = pool.settings.answered(ledger.ask(&mut session.connection, &pool.statements)).await;
        let safe = asked.map_err(ReadError::Failed)?;
        if !safe.held {
            pool.watermark.learn(safe);
            return Ok(Some(safe));
        }
    }
    let shared = watermark::since(pool, moment.max(session.opened)).await;
    shared.map(Some).map_err(ReadError::Elsewhere)
}

async fn last_event(session: &mut Session, pool: &Arc<Pool>) -> Result<Checkpoint, ReadError> {
    let began = Instant::now();
    let mut safe = safe_since(pool, session, false, 0, began).await?;
    let end = session.replay.last();
    // Those that were under way a moment ago have ended soon.
    while pool.settings.read_only
        && safe.is_some_and(|safe| safe.position < end)
        && began.elapsed() < POOLER_PATIENCE
    {
        sleep(LOOK_AGAIN).await;
        safe = safe_since(pool, session, false, 0, began).await?;
    }
    let safe = begin(session, pool, safe, 0).await?;
    let call = pool.statements.head.call().bind(safe.position.cast_signed());
    let row = pool.settings.answered(call.fetch_optional(&mut session.connection)).await?;
    pool.commit(&mut session.connection).await?;
    Ok(match row {
        Some(row) => page::checkpoint(Columns(&row), 0, 1)?,
        None => Checkpoint::START,
    })
}

/// Asks on the connection of the read itself: behind a pooler nobody can tell whether two connections, or two
/// transactions on one, lead to the same server process.
async fn ask_here(session: &mut Session, pool: &Pool, beyond: u64) -> Result<Safe, Failure> {
    let Pool { settings, statements, .. } = pool;
    let connection = &mut session.connection;
    let (mut ledger, mut replay) = (Ledger::default(), Replay::default());
    let started = Instant::now();
    let mut first = true;
    loop {
        let safe = if settings.read_only {
            settings.answered(replay.ask_within(connection, statements, beyond, first)).await?
        } else {
            settings.answered(ledger.ask(connection, statements)).await?
        };
        first = false;
        if !safe.held || safe.position > beyond || started.elapsed() > POOLER_PATIENCE {
            return Ok(safe);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// A page up to the watermark; without one it is asked for in the transaction of the page. A reader at the
/// end asks the server how far it may go; for another one, what was safe a moment ago still is, and enough.
async fn page(
    session: &mut Session,
    pool: &Arc<Pool>,
    query: &AllQuery<'_>,
    began: Instant,
    at_end: bool,
    sink: Sink<'_>,
) -> Result<(End, Safe, Option<Kept>), ReadError> {
    let passed = query.after.position().get();
    let latest = if at_end { None } else { latest(session, pool, query) };
    let safe = match latest {
        Some(safe) => Some(safe),
        None => safe_since(pool, session, query.following, passed, began).await?,
    };
    let safe = begin(session, pool, safe, passed).await?;
    if safe.is_behind(query.after) {
        pool.commit(&mut session.connection).await?;
        return Ok((End::nothing(query.after), safe, None));
    }
    let (end, kept) = page::read(session, pool, query, safe.position, at_end, sink).await?;
    if !end.cut {
        pool.commit(&mut session.connection).await?;
    }
    Ok((end, safe, kept))
}

/// The last answer, if it may be used on a session.
fn latest(session: &Session, pool: &Pool, query: &AllQuery<'_>) -> Option<Safe> {
    if !pool.settings.read_only {
        return pool.watermark.latest(session.opened);
    }
    let last = query.after.position().get().saturating_add(query.limit as u64);
    session.replay.latest().filter(|safe| safe.position >= last)
}

async fn begin(
    session: &mut Session,
    pool: &Pool,
    safe: Option<Safe>,
    beyond: u64,
) -> Result<Safe, ReadError> {
    pool.begin(&mut session.connection).await?;
    match safe {
        Some(safe) => Ok(safe),
        None => ask_here(session, pool, beyond).await.map_err(ReadError::Failed),
    }
}
