//! Appending one event and a hundred, by one caller and by many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StreamId};
use es_postgres::PostgresStore;
use tokio::task::JoinSet;

use crate::floor::{Deposit, Floor, Writer};
use crate::report::Table;
use crate::{Result, Settings};

/// The number of appends to one stream before the next one is begun.
const APPENDS_A_STREAM: i64 = 10;

pub(crate) async fn run(settings: &Settings, floor: &Floor, table: &mut Table) -> Result<()> {
    // The number of callers on our side; the floor has as many connections, at most 16.
    let cases = [
        ("append 1 event, 1 caller", 1, 1, 0.85),
        ("append 1 event, 16 callers", 16, 1, 0.65),
        ("append 1 event, 64 callers", 64, 1, 2.5),
        ("append 1 event, 256 callers", 256, 1, 2.5),
        ("append 100 events in a call, 1 caller", 1, 100, 0.85),
        ("append 100 events in a call, 16 callers", 16, 100, 0.85),
    ];
    for (case, callers, events, wanted) in cases {
        let connections = callers.min(16);
        if !settings.wants(case) {
            continue;
        }
        let store = settings.store(connections).await?;
        let mut writers = Vec::new();
        for _ in 0..connections {
            writers.push(floor.connect().await?);
        }
        let mut pairs = Vec::new();
        for time in 0..=settings.times {
            let (by_hand, back) = floor_rate(writers, events, settings.span).await?;
            writers = back;
            let ours = store_rate(&store, callers, events, settings.span).await?;
            // The first round warms caches and connections.
            if time > 0 {
                pairs.push((by_hand, ours));
            }
        }
        store.close().await;
        table.rates(case, "events/s", &pairs, wanted);
    }
    Ok(())
}

/// Events a second, and the writers back.
pub(crate) async fn floor_rate(
    writers: Vec<Writer>,
    events: i64,
    span: Duration,
) -> Result<(f64, Vec<Writer>)> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut writer in writers {
        tasks.spawn(async move {
            let mut done = 0;
            while start.elapsed() < span {
                let stream = writer.new_stream().await?;
                for append in 0..APPENDS_A_STREAM {
                    match events {
                        1 => writer.append(stream, append + 1).await?,
                        _ => writer.append_many(stream, append * events, events).await?,
                    }
                    done += events;
                }
            }
            Result::Ok((done, writer))
        });
    }
    let (mut total, mut writers) = (0, Vec::new());
    for result in tasks.join_all().await {
        let (done, writer) = result?;
        total += done;
        writers.push(writer);
    }
    Ok((rate(total, start), writers))
}

pub(crate) async fn store_rate(
    store: &PostgresStore,
    tasks: u32,
    events: i64,
    span: Duration,
) -> Result<f64> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let store = store.clone();
        running.spawn(async move {
            let mut done = 0;
            while start.elapsed() < span {
                let stream = StreamId::new("account", Uuid::now_v7().to_string())?;
                for append in 0..APPENDS_A_STREAM {
                    append_to(&store, &stream, append * events, events).await?;
                    done += events;
                }
            }
            Result::Ok(done)
        });
    }
    let mut total = 0;
    for done in running.join_all().await {
        total += done?;
    }
    Ok(rate(total, start))
}

/// Encodes and appends, as a hand-written caller of the store would.
pub(crate) async fn append_to(
    store: &PostgresStore,
    stream: &StreamId,
    expected: i64,
    count: i64,
) -> Result<()> {
    let metadata = Arc::new(Metadata::new());
    let mut events = Vec::new();
    for number in 0..count {
        let payload = serde_json::to_vec(&Deposit::new(expected + number + 1))?;
        events.push(NewEvent::new("account.deposited", 1, payload, Arc::clone(&metadata)));
    }
    let expected = Revision::new(u64::try_from(expected)?);
    match store.append(Append::new(stream, expected, &events)).await? {
        AppendOutcome::Appended(_) => Ok(()),
        other => Err(format!("not appended: {other:?}").into()),
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn rate(events: i64, start: Instant) -> f64 {
    events as f64 / start.elapsed().as_secs_f64()
}
