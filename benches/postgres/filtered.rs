//! Catching up with one event type in a thousand, against one statement that finds the same events.

use std::sync::Arc;
use std::time::Instant;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, Checkpoint, Filter, Rest};
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StreamId};
use es_postgres::PostgresStore;
use sqlx::{Connection, PgConnection, Row, raw_sql};

use crate::floor::Deposit;
use crate::report::Table;
use crate::{Result, Settings};

const CASE: &str = "catch-up of 1 event type in 1,000";
const SCHEMA: &str = "bench_filtered";
const STREAMS: usize = 300;
/// The events of each stream, the last of which is the rare one.
const EVENTS: usize = 1_000;

const BY_HAND: &str = "select e.position, e.revision, e.event_id, e.recorded_at, e.payload, s.key
    from bench_filtered.events e join bench_filtered.streams s on s.id = e.stream
    where e.type = (select id from bench_filtered.event_types where name = 'account.closed')
    order by e.position";

pub(crate) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    if !settings.wants(CASE) {
        return Ok(());
    }
    let mut db = PgConnection::connect(&settings.url).await?;
    raw_sql("drop schema if exists bench_filtered cascade").execute(&mut db).await?;
    let store = PostgresStore::options(&settings.url).schema(SCHEMA).connections(2).migrate().await?;
    for _ in 0..STREAMS {
        fill(&store).await?;
    }
    raw_sql("vacuum analyze bench_filtered.events, bench_filtered.streams").execute(&mut db).await?;
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let begun = Instant::now();
        let found = by_hand(&mut db).await?;
        let by_hand = rate(begun);
        let begun = Instant::now();
        let returned = catch_up(&store).await?;
        let ours = rate(begun);
        if (found, returned) != (STREAMS, STREAMS) {
            return Err(format!("{found} events by hand, {returned} by the store").into());
        }
        // The first round warms caches and connections.
        if time > 0 {
            pairs.push((by_hand, ours));
        }
    }
    table.rates(CASE, "events looked at/s", &pairs, 0.8);
    store.close().await;
    Ok(())
}

async fn fill(store: &PostgresStore) -> Result<()> {
    let stream = StreamId::new("account", Uuid::now_v7().to_string())?;
    let payload = serde_json::to_vec(&Deposit::new(1))?;
    let metadata = Arc::new(Metadata::new());
    let mut events = Vec::with_capacity(EVENTS);
    for number in 1..=EVENTS {
        let name = if number == EVENTS { "account.closed" } else { "account.deposited" };
        events.push(NewEvent::new(name, 1, payload.clone(), Arc::clone(&metadata)));
    }
    match store.append(Append::new(&stream, Revision::EMPTY, &events)).await? {
        AppendOutcome::Appended(_) => Ok(()),
        other => Err(format!("not appended: {other:?}").into()),
    }
}

/// All of them in one statement, reading each value.
async fn by_hand(db: &mut PgConnection) -> Result<usize> {
    let mut bytes = 0;
    let rows = sqlx::query(BY_HAND).fetch_all(db).await?;
    for row in &rows {
        let _position: i64 = row.try_get(0)?;
        let _revision: i64 = row.try_get(1)?;
        let _id: Uuid = row.try_get(2)?;
        bytes += row.try_get_raw(4)?.as_bytes().map_or(0, <[u8]>::len);
        bytes += row.try_get::<&str, _>(5)?.len();
    }
    if bytes == 0 { Err("nothing was read".into()) } else { Ok(rows.len()) }
}

async fn catch_up(store: &PostgresStore) -> Result<usize> {
    let filter = Filter::new().event_name("account.closed");
    let mut subscription = Subscription::new(store.clone()).from(Checkpoint::START).filter(filter);
    let (mut bytes, mut events) = (0, 0);
    loop {
        let page = subscription
            .page(&mut |event| {
                bytes += event.payload.len();
                Ok(())
            })
            .await?;
        events += page.events;
        if page.rest == Rest::Nothing {
            break;
        }
    }
    if bytes == 0 { Err("nothing was read".into()) } else { Ok(events) }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn rate(begun: Instant) -> f64 {
    (STREAMS * EVENTS) as f64 / begun.elapsed().as_secs_f64()
}
