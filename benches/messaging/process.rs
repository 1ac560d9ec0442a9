//! A process that records an event and sends a command for each input, against a projection that writes a row
//! for each of the same events.

use std::time::Instant;

use es_core::Repository;
use es_core::process::ProcessRunner;

use crate::domain::{Account, Bill};
use crate::fill::{Orders, with_orders};
use crate::report::Table;
use crate::stores::Stores;
use crate::{Result, Settings, all_done, rate};

const EVENTS: u64 = 20_000;

pub(crate) async fn run<S: Stores>(stores: &S, settings: &Settings, table: &mut Table) -> Result<()> {
    for (inputs, events_a_stream, wanted) in [("10 inputs an instance", 10, 0.4), ("new instances", 1, 0.0)] {
        let case = format!("process, {inputs}, {} (floor: a row an event)", S::NAME);
        if !settings.wants(&case) {
            continue;
        }
        let orders = Orders { events: settings.size(EVENTS), events_a_stream };
        let mut pairs = Vec::new();
        for time in 0..=settings.times {
            let store = stores.empty().await?;
            with_orders(&store, orders).await?;
            stores.filled(&store).await?;
            let rows = stores.write_rows(&store, orders.events).await?;
            let steps = step_rate(&store, orders.events).await?;
            stores.drop(store).await?;
            if time > 0 {
                pairs.push((rows, steps));
            }
        }
        table.rates(&case, "inputs/s", &pairs, wanted);
    }
    Ok(())
}

async fn step_rate<S>(store: &S, events: u64) -> Result<f64>
where
    S: es_core::EventStore + es_core::reactor::CheckpointStore,
{
    let accounts = Repository::<Account, _>::new(store.clone());
    let runner = ProcessRunner::<Bill, _>::new(store.clone()).target(accounts);
    runner.inputs().prepare().await?;
    runner.sender().prepare().await?;
    let start = Instant::now();
    runner.catch_up().await?;
    let steps = rate(events, start);
    all_done("commands sent", runner.metrics().sent, events)?;
    Ok(steps)
}
