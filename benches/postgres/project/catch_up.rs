//! Catching up from the first event, against hand-written SQL with the same pages.

use std::time::Instant;

use es_core::Recorded;
use es_core::projection::{Project, ProjectBatch, ProjectSetup, Projection};
use es_postgres::Projector;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};

use super::{Deposited, connect, forget, rate_of, store_of};
use crate::floor::Deposit;
use crate::report::Table;
use crate::{Result, Settings};

/// The number of events in the cases that write rows.
const WRITTEN: i64 = 20_000;
const READ: i64 = 200_000;

/// Does nothing.
#[derive(Projection)]
#[projection(name = "nothing", events(Deposited), model = PgConnection, error = sqlx::Error)]
pub(super) struct Nothing;

impl Project<Deposited> for Nothing {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        _: &mut PgConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        std::hint::black_box(event.event.amount);
        Ok(())
    }
}

const MAKE: &str = "create table sums (account text primary key, total bigint not null)";
const UPSERT: &str = "insert into sums values ($1, $2) on conflict (account) do update set total = sums.total + excluded.total";

/// One row for each event.
#[derive(Projection)]
#[projection(name = "sums", events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
struct Sums;

impl ProjectSetup for Sums {
    async fn setup(&self, db: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
        sqlx::query(MAKE).execute(db).await.map(|_| ())
    }
}

impl Project<Deposited> for Sums {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        db: &mut PgConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        sqlx::query(UPSERT).bind(event.stream.key()).bind(event.event.amount).execute(db).await.map(|_| ())
    }
}

/// The same rows, one statement for each batch.
#[derive(Projection)]
#[projection(name = "bulk", events(Deposited), model = PgConnection, error = sqlx::Error, setup, batch)]
struct Bulk;

impl ProjectSetup for Bulk {
    async fn setup(&self, db: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
        sqlx::query(MAKE).execute(db).await.map(|_| ())
    }
}

impl ProjectBatch for Bulk {
    async fn project_batch(
        &self,
        events: &[BulkEvent],
        db: &mut PgConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        let (keys, amounts): (Vec<&str>, Vec<i64>) =
            events.iter().map(|BulkEvent::Deposited(event)| (event.stream.key(), event.event.amount)).unzip();
        sqlx::query(
            "insert into sums select account, sum(amount) from unnest($1::text[], $2::bigint[]) as e (account, amount) group by account
             on conflict (account) do update set total = sums.total + excluded.total",
        )
        .bind(keys)
        .bind(amounts)
        .execute(db)
        .await
        .map(|_| ())
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    let (read, written, bulk) = (
        "catch up, 200,000 events, no-op projection",
        "project, upsert an event",
        "project, ProjectBatch with unnest (floor: upsert an event)",
    );
    if settings.wants(read) {
        let store = store_of(settings, READ).await?;
        let mut db = connect(settings).await?;
        let projector = Projector::new(store.clone(), Nothing);
        let mut pairs = Vec::new();
        for time in 0..=settings.times {
            let by_hand = by_hand_read(&mut db).await?;
            let ours = rate_of(&projector, &mut db, READ as f64).await?;
            if time > 0 {
                pairs.push((by_hand, ours));
            }
        }
        table.rates(read, "events/s", &pairs, 0.8);
        store.close().await;
    }
    if settings.wants(written) || settings.wants(bulk) {
        let store = store_of(settings, WRITTEN).await?;
        let mut db = connect(settings).await?;
        let (one_by_one, at_once) =
            (Projector::new(store.clone(), Sums), Projector::new(store.clone(), Bulk));
        let (mut pairs, mut bulks) = (Vec::new(), Vec::new());
        for time in 0..=settings.times {
            let by_hand = by_hand_upserts(&mut db).await?;
            let ours = rate_of(&one_by_one, &mut db, WRITTEN as f64).await?;
            let batched = rate_of(&at_once, &mut db, WRITTEN as f64).await?;
            if time > 0 {
                pairs.push((by_hand, ours));
                bulks.push((ours, batched));
            }
        }
        forget::<Sums>(&mut db).await?;
        table.rates(written, "events/s", &pairs, 0.8);
        table.rates(bulk, "events/s", &bulks, 10.0);
        store.close().await;
    }
    Ok(())
}

/// Pages as large as those of the projector.
const PAGE: &str = "select e.position, s.key, e.payload from bench_read.events e join bench_read.streams s on s.id = e.stream
    where e.position > $1 order by e.position limit 4000";

/// The next page, decoded.
async fn page(db: &mut PgConnection, last: &mut i64) -> Result<Vec<(String, Deposit)>> {
    let mut events = Vec::with_capacity(4_000);
    for row in sqlx::query(PAGE).bind(*last).fetch_all(db).await? {
        let Json(deposit): Json<Deposit> = row.try_get(2)?;
        events.push((row.try_get(1)?, deposit));
        *last = row.try_get(0)?;
    }
    Ok(events)
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
async fn by_hand_read(db: &mut PgConnection) -> Result<f64> {
    let start = Instant::now();
    let (mut last, mut total) = (0, 0_usize);
    loop {
        let events = page(db, &mut last).await?;
        if events.is_empty() {
            return Ok(total as f64 / start.elapsed().as_secs_f64());
        }
        total += events.len();
        std::hint::black_box(events.iter().map(|(_, deposit)| deposit.amount).sum::<i64>());
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
async fn by_hand_upserts(db: &mut PgConnection) -> Result<f64> {
    sqlx::raw_sql("drop schema if exists bench_read_by_hand cascade; create schema bench_read_by_hand")
        .execute(&mut *db)
        .await?;
    sqlx::raw_sql("set search_path = bench_read_by_hand").execute(&mut *db).await?;
    sqlx::query(MAKE).execute(&mut *db).await?;
    let start = Instant::now();
    let (mut last, mut total) = (0, 0_usize);
    loop {
        let events = page(db, &mut last).await?;
        if events.is_empty() {
            break;
        }
        total += events.len();
        let mut tx = db.begin().await?;
        for (key, deposit) in events {
            sqlx::query(UPSERT).bind(key).bind(deposit.amount).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    let rate = total as f64 / start.elapsed().as_secs_f64();
    sqlx::raw_sql("reset search_path").execute(&mut *db).await?;
    Ok(rate)
}
