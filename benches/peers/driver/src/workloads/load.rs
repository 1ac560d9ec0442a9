//! W4 and W5: folding a stream, without and with a snapshot.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::build;
use crate::measure::{Latencies, complain, print};
use crate::{Column, Result};

/// Enough for a median, if the time allows.
const MOST_LOADS: usize = 500;
const FEWEST_LOADS: usize = 5;

/// All events of a stream.
pub(crate) async fn all<C: Column>(column: &C, events: usize, span: Duration) -> Result<()> {
    let id = build(column, events).await?;
    // The first load warms the server's cache, and is checked.
    let loaded = column.load(&id).await?;
    if loaded != events as u64 {
        complain(C::NAME, &format!("a load of {events} events gave {loaded}"));
    }
    let start = Instant::now();
    let mut latencies = Latencies::default();
    while latencies.len() < FEWEST_LOADS || (start.elapsed() < span && latencies.len() < MOST_LOADS) {
        let called = Instant::now();
        black_box(column.load(&id).await?);
        latencies.add(called);
    }
    let median = latencies.percentile(0.5);
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let rate = events as f64 / median * 1e3;
    print(&format!("w4_{events}"), &[("ms", median), ("events_s", rate)]);
    Ok(())
}

/// Ten thousand events behind a snapshot, and fifty after it.
pub(crate) async fn from_snapshot<C: Column>(column: &C) -> Result<()> {
    const EVENTS: usize = 10_050;
    const LOADS: usize = 200;
    let Some(id) = column.snapshot_build(EVENTS).await? else { return Ok(()) };
    let loaded = column.snapshot_load(&id).await?;
    if loaded != EVENTS as u64 {
        complain(C::NAME, &format!("a load of {EVENTS} events with a snapshot gave {loaded}"));
    }
    let mut latencies = Latencies::default();
    for _ in 0..LOADS {
        let called = Instant::now();
        black_box(column.snapshot_load(&id).await?);
        latencies.add(called);
    }
    print("w5", &[("ms", latencies.percentile(0.5))]);
    Ok(())
}
