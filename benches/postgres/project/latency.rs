//! The time from the answer of an append to the commit of its projection, on an idle system.

use std::time::{Duration, Instant};

use es_core::projection::{Project, Projection};
use es_core::uuid::Uuid;
use es_core::{Recorded, StreamId};
use es_postgres::Projector;
use sqlx::PgConnection;
use sqlx::postgres::PgListener;

use super::{Deposited, connect, forget, store_of};
use crate::append::append_to;
use crate::report::{Table, median};
use crate::{Result, Settings};

/// Notifies when it is committed, as PostgreSQL sends notifications at the commit.
#[derive(Projection)]
#[projection(name = "bell", events(Deposited), model = PgConnection, error = sqlx::Error)]
struct Bell;

impl Project<Deposited> for Bell {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        db: &mut PgConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        sqlx::query("select pg_notify('bench_projected', $1)")
            .bind(event.stream.key())
            .execute(db)
            .await
            .map(|_| ())
    }
}

pub(super) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    let case = "latency, commit to projected";
    if !settings.wants(case) {
        return Ok(());
    }
    let store = store_of(settings, 0).await?;
    let mut db = connect(settings).await?;
    forget::<Bell>(&mut db).await?;
    let mut listener = PgListener::connect(&settings.url).await?;
    listener.listen("bench_projected").await?;
    let projector = Projector::new(store.clone(), Bell);
    projector.prepare().await?;
    let projecting = tokio::spawn(async move { projector.run().await });
    let (mut appends, mut latencies) = (Vec::new(), Vec::new());
    let rounds = 20 + settings.times * 40;
    for round in 0..rounds {
        let key = Uuid::now_v7().to_string();
        let stream = StreamId::new("account", key.clone())?;
        let start = Instant::now();
        append_to(&store, &stream, 0, 1).await?;
        let appended = start.elapsed();
        let told = listener.recv().await?;
        if told.payload() != key {
            return Err("another event was projected".into());
        }
        if round >= 20 {
            appends.push(appended.as_secs_f64() * 1_000.0);
            latencies.push((start.elapsed() - appended).as_secs_f64() * 1_000.0);
        }
        // Long enough for the projector to become idle.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    projecting.abort();
    latencies.sort_by(f64::total_cmp);
    let (append, p50) = (median(appends.iter().copied()), median(latencies.iter().copied()));
    let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    table.figure("latency, the append itself, p50", "ms", append, "");
    table.figure("latency, commit to projected, p50", "ms", p50, &format!("< {:.2}", append * 3.0));
    table.figure("latency, commit to projected, p99", "ms", p99, "");
    store.close().await;
    Ok(())
}
