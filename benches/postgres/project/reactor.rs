//! A reactor whose effect does nothing, against a projection that does nothing.

use std::convert::Infallible;
use std::time::Instant;

use es_core::Recorded;
use es_core::reactor::{React, Reactor, ReactorRunner, Start};
use es_postgres::Projector;

use super::catch_up::Nothing;
use super::{Deposited, connect, rate_of, store_of};
use crate::report::Table;
use crate::{Result, Settings};

const CASE: &str = "react, 200,000 events, no-op reactor (floor: no-op projection)";
const EVENTS: i64 = 200_000;

/// Does nothing.
#[derive(Reactor)]
#[reactor(name = "idle", events(Deposited), error = Infallible)]
struct Idle;

impl React<Deposited> for Idle {
    async fn react(&self, event: &Recorded<Deposited>) -> std::result::Result<(), Infallible> {
        std::hint::black_box(event.event.amount);
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    if !settings.wants(CASE) {
        return Ok(());
    }
    let store = store_of(settings, EVENTS).await?;
    let mut db = connect(settings).await?;
    let (projector, runner) =
        (Projector::new(store.clone(), Nothing), ReactorRunner::new(store.clone(), Idle));
    runner.prepare().await?;
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let projected = rate_of(&projector, &mut db, EVENTS as f64).await?;
        runner.rewind_to(Start::Beginning).await?;
        let start = Instant::now();
        runner.catch_up().await?;
        let reacted = EVENTS as f64 / start.elapsed().as_secs_f64();
        if time > 0 {
            pairs.push((projected, reacted));
        }
    }
    table.rates(CASE, "events/s", &pairs, 0.8);
    store.close().await;
    Ok(())
}
