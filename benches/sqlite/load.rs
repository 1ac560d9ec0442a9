//! Loading a stream of ten thousand events, all of them, and from a snapshot on.

use std::time::Instant;

use es_core::model::NewSnapshot;
use es_core::uuid::Uuid;
use es_core::{EventStore, Repository, Revision, StreamId};

use crate::append::append;
use crate::domain::Account;
use crate::floor::Floor;
use crate::report::Table;
use crate::{Result, Settings, rate};

const EVENTS: i64 = 10_000;
/// Events after the snapshot.
const TAIL: i64 = 50;

pub(crate) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    let (all, tail) = ("load 10,000 events", "load with a snapshot");
    if !settings.wants(all) && !settings.wants(tail) {
        return Ok(());
    }
    let store = settings.store("load.db").await?;
    let accounts = Repository::<Account, _>::new(store.clone());
    let mut floor = Floor::open(&settings.file("load-floor.db")).await?;
    let (id, mut stream) = (Uuid::now_v7(), None);
    let ours = StreamId::new("account", id.to_string())?;
    for at in (0..EVENTS).step_by(1_000) {
        append(&store, &ours, at, 1_000).await?;
        floor.append_many(&mut stream, at, 1_000).await?;
    }
    let stream = stream.ok_or("no stream")?;
    if settings.wants(all) {
        let mut pairs = Vec::new();
        for time in 0..=settings.times {
            let mut totals = Vec::new();
            let start = Instant::now();
            totals.push(floor.load(stream, 0).await?);
            let by_hand = rate(EVENTS, start);
            let start = Instant::now();
            totals.push(accounts.load(&id).await?.state.total);
            let ours = rate(EVENTS, start);
            same(&totals)?;
            if time > 0 {
                pairs.push((by_hand, ours));
            }
        }
        table.rates(all, "events/s", &pairs, 0.85);
    }
    if settings.wants(tail) {
        let total = accounts.load(&id).await?.state.total;
        floor.keep_snapshot(stream, EVENTS, total).await?;
        let (snapshots, state) =
            (<Account as es_core::Aggregate>::snapshots(), format!(r#"{{"total":{total}}}"#));
        let fingerprint = snapshots.ok_or("no snapshots")?.fingerprint;
        let revision = Revision::new(u64::try_from(EVENTS)?);
        store.save_snapshot(NewSnapshot::new(ours.clone(), revision, fingerprint, state.into())).await?;
        append(&store, &ours, EVENTS, TAIL).await?;
        floor.append_many(&mut Some(stream), EVENTS, TAIL).await?;
        let mut pairs = Vec::new();
        for time in 0..=settings.times {
            let (mut by_hand, mut found) = (0, Vec::new());
            let start = Instant::now();
            while start.elapsed() < settings.span / 2 {
                found.push(floor.load_with_snapshot(stream).await?);
                by_hand += 1;
            }
            let by_hand = rate(by_hand, start);
            let (mut loads, start) = (0, Instant::now());
            while start.elapsed() < settings.span / 2 {
                found.push(accounts.load(&id).await?.state.total);
                loads += 1;
            }
            let ours = rate(loads, start);
            same(&found)?;
            if time > 0 {
                pairs.push((by_hand, ours));
            }
        }
        table.rates(tail, "loads/s", &pairs, 0.85);
    }
    Ok(store.close().await?)
}

fn same(totals: &[i64]) -> Result<()> {
    if totals.windows(2).all(|pair| pair[0] == pair[1]) { Ok(()) } else { Err("other totals".into()) }
}
