//! Seed, W1, W2 and W3: appends with the store's own call, a new stream every ten commits.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{WARM_UP, next_amount};
use crate::measure::{Latencies, events_a_second, print};
use crate::{Column, Result};

const COMMITS_A_STREAM: usize = 10;

pub(crate) async fn run<C: Column>(
    column: &C,
    workload: &str,
    callers: u32,
    events: usize,
    span: Duration,
) -> Result<()> {
    append_for(column, callers, events, WARM_UP).await?;
    let start = Instant::now();
    let mut latencies = append_for(column, callers, events, span).await?;
    let commits = latencies.count() / start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "at most a hundred")]
    let rate = commits * events as f64;
    let (p50, p99) = (latencies.percentile(0.5), latencies.percentile(0.99));
    print(workload, &[("events_s", rate), ("commits_s", commits), ("p50_ms", p50), ("p99_ms", p99)]);
    Ok(())
}

async fn append_for<C: Column>(column: &C, callers: u32, events: usize, span: Duration) -> Result<Latencies> {
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for _ in 0..callers {
        let column = column.clone();
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let mut stream = column.stream();
                for _ in 0..COMMITS_A_STREAM {
                    if start.elapsed() > span {
                        return Ok(latencies);
                    }
                    let called = Instant::now();
                    column.append(&mut stream, next_amount(events), events).await?;
                    latencies.add(called);
                }
            }
        });
    }
    let mut all = Latencies::default();
    for latencies in tasks.join_all().await {
        all.extend(latencies?);
    }
    Ok(all)
}

/// Streams of a hundred events, ten in each commit, by eight callers.
pub(crate) async fn seed<C: Column>(column: &C, events: u64) -> Result<()> {
    const CALLERS: u64 = 8;
    const A_COMMIT: usize = 10;
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for _ in 0..CALLERS {
        let column = column.clone();
        tasks.spawn(async move {
            for _ in 0..events / CALLERS / 100 {
                let mut stream = column.stream();
                for _ in 0..COMMITS_A_STREAM {
                    column.append(&mut stream, next_amount(A_COMMIT), A_COMMIT).await?;
                }
            }
            Ok(())
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    print("seed", &[("events_s", events_a_second(events, start))]);
    Ok(())
}
