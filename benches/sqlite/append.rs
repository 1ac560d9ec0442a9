//! Appending one event and a hundred, and commands on cached states, by one caller and by many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Repository, Revision, StreamId};
use es_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::domain::{Account, Deposit, Deposited};
use crate::floor::Floor;
use crate::report::Table;
use crate::{Result, Settings, rate};

/// The number of appends to one stream before the next one is begun.
const APPENDS_A_STREAM: i64 = 10;

pub(crate) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    // The floor has one caller each time: a file has one writer.
    for (case, callers, events, wanted) in [
        ("append 1 event, 1 caller", 1, 1, 0.85),
        ("append 1 event, 16 callers", 16, 1, 0.0),
        ("append 1 event, 64 callers", 64, 1, 8.0),
        ("append 100 events in a call, 1 caller", 1, 100, 0.8),
        ("append 100 events in a call, 16 callers", 16, 100, 0.0),
    ] {
        if settings.wants(case) {
            appends(settings, table, case, (callers, events, wanted)).await?;
        }
    }
    for (case, callers, wanted) in [("warm command, 1 caller", 1, 0.0), ("warm command, 64 callers", 64, 8.0)]
    {
        if settings.wants(case) {
            commands(settings, table, case, (callers, wanted)).await?;
        }
    }
    Ok(())
}

async fn appends(
    settings: &Settings,
    table: &mut Table,
    case: &str,
    (callers, events, wanted): (u32, i64, f64),
) -> Result<()> {
    let store = settings.store("append.db").await?;
    let mut floor = Floor::open(&settings.file("append-floor.db")).await?;
    let mut peer = if events == 1 { settings.peer("append", callers)? } else { None };
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let by_hand;
        (floor, by_hand) = floor_rate(floor, events, settings.span).await?;
        let ours = store_rate(&store, callers, events, settings.span).await?;
        // The first round warms caches.
        if time > 0 {
            pairs.push((by_hand, ours));
        }
        if let Some(peer) = &mut peer {
            peer.round(ours)?;
        }
    }
    store.close().await?;
    table.rates(case, "events/s", &pairs, wanted);
    match peer {
        Some(peer) => peer.end(table, case, "events/s", wanted_of_peer(callers)),
        None => Ok(()),
    }
}

/// With many callers, who share commits, ours is to be so many times as fast as a peer.
fn wanted_of_peer(callers: u32) -> f64 {
    if callers == 64 { 3.0 } else { 0.0 }
}

async fn commands(
    settings: &Settings,
    table: &mut Table,
    case: &str,
    (callers, wanted): (u32, f64),
) -> Result<()> {
    let store = settings.store("commands.db").await?;
    let accounts = Repository::<Account, _>::new(store.clone()).with_cache(1_000);
    let mut ids = Vec::new();
    for _ in 0..callers {
        let id = Uuid::now_v7();
        append(&store, &StreamId::new("account", id.to_string())?, 0, 100).await?;
        accounts.execute(&id, Deposit).await?;
        ids.push(id);
    }
    let mut floor = Floor::open(&settings.file("commands-floor.db")).await?;
    let mut peer = settings.peer("command", callers)?;
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let by_hand;
        (floor, by_hand) = floor_rate(floor, 1, settings.span).await?;
        let ours = command_rate(&accounts, &ids, settings.span).await?;
        if time > 0 {
            pairs.push((by_hand, ours));
        }
        if let Some(peer) = &mut peer {
            peer.round(ours)?;
        }
    }
    store.close().await?;
    table.rates(case, "commands/s", &pairs, wanted);
    match peer {
        Some(peer) => peer.end(table, case, "commands/s", wanted_of_peer(callers)),
        None => Ok(()),
    }
}

async fn command_rate(
    accounts: &Repository<Account, SqliteStore>,
    ids: &[Uuid],
    span: Duration,
) -> Result<f64> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for &id in ids {
        let accounts = accounts.clone();
        running.spawn(async move {
            let mut done = 0;
            while start.elapsed() < span {
                accounts.execute(&id, Deposit).await?;
                done += 1;
            }
            Result::Ok(done)
        });
    }
    sum(running, start).await
}

/// In a task of the runtime, like our callers: a task is woken in another way than the main program.
async fn floor_rate(mut floor: Floor, events: i64, span: Duration) -> Result<(Floor, f64)> {
    tokio::spawn(async move {
        let rate = floor_appends(&mut floor, events, span).await?;
        Result::Ok((floor, rate))
    })
    .await?
}

async fn floor_appends(floor: &mut Floor, events: i64, span: Duration) -> Result<f64> {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < span {
        let mut stream = None;
        for append in 0..APPENDS_A_STREAM {
            match events {
                1 => floor.append(&mut stream, append + 1).await?,
                _ => floor.append_many(&mut stream, append * events, events).await?,
            }
            done += events;
        }
    }
    Ok(rate(done, start))
}

async fn store_rate(store: &SqliteStore, callers: u32, events: i64, span: Duration) -> Result<f64> {
    let start = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let store = store.clone();
        running.spawn(async move {
            let mut done = 0;
            while start.elapsed() < span {
                let stream = StreamId::new("account", Uuid::now_v7().to_string())?;
                for at in 0..APPENDS_A_STREAM {
                    append(&store, &stream, at * events, events).await?;
                    done += events;
                }
            }
            Result::Ok(done)
        });
    }
    sum(running, start).await
}

async fn sum(running: JoinSet<Result<i64>>, start: Instant) -> Result<f64> {
    let mut total = 0;
    for done in running.join_all().await {
        total += done?;
    }
    Ok(rate(total, start))
}

/// Encodes and appends, as a hand-written caller of the store would.
pub(crate) async fn append(store: &SqliteStore, stream: &StreamId, expected: i64, count: i64) -> Result<()> {
    let metadata = Arc::new(Metadata::new());
    let mut events = Vec::new();
    for number in 1..=count {
        let payload = serde_json::to_vec(&Deposited::new(expected + number))?;
        events.push(NewEvent::new("account.deposited", 1, payload, Arc::clone(&metadata)));
    }
    let expected = Revision::new(u64::try_from(expected)?);
    match store.append(Append::new(stream, expected, &events)).await? {
        AppendOutcome::Appended(_) => Ok(()),
        other => Err(format!("not appended: {other:?}").into()),
    }
}
