//! A reactor whose effect does nothing, against a projection that does nothing.

use std::convert::Infallible;
use std::time::Instant;

use es_core::Recorded;
use es_core::reactor::{React, Reactor, ReactorRunner};

use crate::domain::Placed;
use crate::fill::{Orders, with_orders};
use crate::report::Table;
use crate::stores::Stores;
use crate::{Result, Settings, rate};

const EVENTS: u64 = 200_000;

/// Does nothing.
#[derive(Reactor)]
#[reactor(name = "idle", events(Placed), error = Infallible)]
struct Idle;

impl React<Placed> for Idle {
    async fn react(&self, event: &Recorded<Placed>) -> std::result::Result<(), Infallible> {
        std::hint::black_box(event.event.cents);
        Ok(())
    }
}

pub(crate) async fn run<S: Stores>(stores: &S, settings: &Settings, table: &mut Table) -> Result<()> {
    let case = format!("reactor, {} (floor: no-op projection)", S::NAME);
    if !settings.wants(&case) {
        return Ok(());
    }
    let events = settings.size(EVENTS);
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let store = stores.empty().await?;
        with_orders(&store, Orders { events, events_a_stream: 100 }).await?;
        stores.filled(&store).await?;
        let projected = stores.read(&store, events).await?;
        let runner = ReactorRunner::new(store.clone(), Idle);
        runner.prepare().await?;
        let start = Instant::now();
        runner.catch_up().await?;
        let reacted = rate(events, start);
        stores.drop(store).await?;
        if time > 0 {
            pairs.push((projected, reacted));
        }
    }
    table.rates(&case, "events/s", &pairs, 0.8);
    Ok(())
}
