//! Catching up from the first event with a projection that does nothing, against hand-written SQL that reads
//! and decodes the same pages.

use std::convert::Infallible;
use std::time::Instant;

use es_core::projection::{MemoryProjection, Project, Projection};
use es_core::uuid::Uuid;
use es_core::{Recorded, StreamId};

use crate::append::append;
use crate::domain::Deposited;
use crate::floor::Floor;
use crate::report::Table;
use crate::{Result, Settings, rate};

const CASE: &str = "catch-up of 200,000 events into a no-op";
const EVENTS: i64 = 200_000;
const A_STREAM: i64 = 100;
const PAGE: i64 = 1_000;

/// Counts events.
#[derive(Projection)]
#[projection(name = "nothing", events(Deposited), model = i64, error = Infallible)]
struct Nothing;

impl Project<Deposited> for Nothing {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        count: &mut i64,
    ) -> std::result::Result<(), Infallible> {
        std::hint::black_box(event.event.amount);
        *count += 1;
        Ok(())
    }
}

pub(crate) async fn run(settings: &Settings, table: &mut Table) -> Result<()> {
    if !settings.wants(CASE) {
        return Ok(());
    }
    let store = settings.store("catch_up.db").await?;
    let mut floor = Floor::open(&settings.file("catch_up-floor.db")).await?;
    for _ in 0..EVENTS / A_STREAM {
        append(&store, &StreamId::new("account", Uuid::now_v7().to_string())?, 0, A_STREAM).await?;
        floor.append_many(&mut None, 0, A_STREAM).await?;
    }
    let mut pairs = Vec::new();
    for time in 0..=settings.times {
        let start = Instant::now();
        let (mut after, mut read) = (0, 0);
        while let (last, count @ 1..) = floor.page(after, PAGE).await? {
            (after, read) = (last, read + count);
        }
        let by_hand = rate(EVENTS, start);
        let start = Instant::now();
        let nothing = MemoryProjection::with_model(store.clone(), Nothing, 0);
        nothing.catch_up().await?;
        let ours = rate(EVENTS, start);
        if (read, *nothing.model()) != (EVENTS, EVENTS) {
            return Err(format!("{read} events by hand, {} by the store", nothing.model()).into());
        }
        if time > 0 {
            pairs.push((by_hand, ours));
        }
    }
    table.rates(CASE, "events/s", &pairs, 0.85);
    Ok(store.close().await?)
}
