//! Timers that are all due, against updates of as many rows.

use std::time::Instant;

use es_core::EventStore;
use es_core::process::{Clock, ProcessRunner};
use es_core::reactor::CheckpointStore;
use es_core::store::Registration;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use serde_json::json;

use crate::domain::Reminder;
use crate::fill::append;
use crate::report::Table;
use crate::stores::Stores;
use crate::{Result, Settings, all_done, rate};

const TIMERS: u64 = 100_000;
const ROWS_A_TRANSACTION: u64 = 1_000;

const DUE: &str = "2026-01-31T08:00:00Z";

pub(crate) async fn run<S: Stores>(stores: &S, settings: &Settings, table: &mut Table) -> Result<()> {
    let timers = settings.size(TIMERS);
    let case = format!("timers due at once, {} (floor: one-row updates)", S::NAME);
    if !settings.wants(&case) {
        return Ok(());
    }
    let keys: Vec<u64> = (0..timers).collect();
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let store = stores.empty().await?;
        store.register(&[Registration::new("process.stepped", 1)]).await?;
        append(&store, "reminder", &keys, 0, scheduled).await?;
        stores.filled(&store).await?;
        let rows = stores.update_rows(timers, ROWS_A_TRANSACTION).await?;
        let fired = fire_rate(&store, timers).await?;
        stores.drop(store).await?;
        if time > 0 {
            pairs.push((rows, fired));
        }
    }
    table.rates(&case, "timers/s", &pairs, 0.5);
    Ok(())
}

async fn fire_rate<S: EventStore + CheckpointStore>(store: &S, timers: u64) -> Result<f64> {
    let clock = Clock::at(OffsetDateTime::UNIX_EPOCH);
    let runner = ProcessRunner::<Reminder, _>::new(store.clone()).clock(clock.clone());
    // The sender processes what was scheduled; nothing is due.
    runner.catch_up().await?;
    all_done("timers fired before", runner.metrics().fired, 0)?;
    clock.set(OffsetDateTime::now_utc());
    let start = Instant::now();
    runner.catch_up().await?;
    let fired = rate(timers, start);
    all_done("timers fired", runner.metrics().fired, timers)?;
    Ok(fired)
}

/// The step of a process that has scheduled a timer, as it is stored.
fn scheduled(_: u64) -> Result<(&'static str, Vec<u8>)> {
    let timer = json!({ "name": "reminder.due", "version": 1, "due": DUE, "payload": "{}" });
    let step = json!({
        "step": Uuid::now_v7(), "input": "order.placed", "input_id": Uuid::now_v7(),
        "sent": [], "scheduled": [timer], "cancelled": [], "finished": false,
    });
    Ok(("process.stepped", serde_json::to_vec(&step)?))
}
