//! The first command of a program: a connection, and one append over it.

use std::sync::Arc;
use std::time::Instant;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StreamId};
use es_postgres::PostgresStore;

use crate::floor::{Deposit, Floor};
use crate::report::Table;
use crate::{Result, SCHEMA, Settings};

const CASE: &str = "first append of a program";
/// The number of programs that start on one side before it is the other one's turn.
const PROGRAMS: u32 = 10;

pub(crate) async fn run(settings: &Settings, floor: &Floor, table: &mut Table) -> Result<()> {
    if !settings.wants(CASE) {
        return Ok(());
    }
    // The tables exist, and the names have their ids.
    let store = settings.store(1).await?;
    append(&store).await?;
    store.close().await;
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let begun = Instant::now();
        for _ in 0..PROGRAMS {
            let mut writer = floor.connect().await?;
            let stream = writer.new_stream().await?;
            writer.append(stream, 1).await?;
        }
        let by_hand = f64::from(PROGRAMS) / begun.elapsed().as_secs_f64();
        let mut ours = 0.0;
        for _ in 0..PROGRAMS {
            let begun = Instant::now();
            let store = PostgresStore::options(&settings.url).schema(SCHEMA).connect().await?;
            append(&store).await?;
            ours += begun.elapsed().as_secs_f64();
            // What it does after its append is not part of how the next program starts.
            store.close().await;
        }
        // The first round warms caches.
        if time > 0 {
            pairs.push((by_hand, f64::from(PROGRAMS) / ours));
        }
    }
    table.rates(CASE, "programs/s", &pairs, 0.5);
    Ok(())
}

async fn append(store: &PostgresStore) -> Result<()> {
    let stream = StreamId::new("account", Uuid::now_v7().to_string())?;
    let payload = serde_json::to_vec(&Deposit::new(1))?;
    let event = NewEvent::new("account.deposited", 1, payload, Arc::new(Metadata::new()));
    match store.append(Append::new(&stream, Revision::EMPTY, &[event])).await? {
        AppendOutcome::Appended(_) => Ok(()),
        other => Err(format!("not appended: {other:?}").into()),
    }
}
