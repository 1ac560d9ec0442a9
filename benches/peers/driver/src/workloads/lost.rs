//! W10: whether a running subscription receives every event that sixteen writers commit.
//!
//! The runner may have put a trigger on the events that sleeps in the writers' transactions.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::measure::print;
use crate::{Column, Result, Seen};

const WRITERS: i64 = 16;
const COMMITS_A_STREAM: usize = 20;
/// How long a subscription may be silent before missing events count as lost, and the longest wait.
const SILENCE: Duration = Duration::from_secs(4);
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) async fn run<C: Column>(writers: &C, subscriber: C, workload: &str, span: Duration) -> Result<()> {
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    let subscription = tokio::spawn(async move { subscriber.subscribe(shared).await });
    // Time to start; events that are written before must be received as well.
    sleep(Duration::from_millis(500)).await;
    if subscription.is_finished() {
        return match subscription.await?? {
            false => Ok(()),
            true => Err("the subscription has ended by itself".into()),
        };
    }
    let committed = write(writers, span).await?;
    let (start, mut last) = (Instant::now(), (seen.count(), Instant::now()));
    while last.1.elapsed() < SILENCE && start.elapsed() < LONGEST {
        sleep(Duration::from_millis(100)).await;
        let count = seen.count();
        if count != last.0 {
            last = (count, Instant::now());
        }
    }
    seen.stop();
    let amounts = seen.amounts();
    let missed = committed.iter().filter(|amount| !amounts.contains_key(amount)).count();
    let duplicates: u32 = amounts.values().map(|times| times - 1).sum();
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    print(
        workload,
        &[
            ("committed", committed.len() as f64),
            ("missed", missed as f64),
            ("duplicates", f64::from(duplicates)),
        ],
    );
    Ok(())
}

/// One to three events in each commit, each with a unique amount; returns the acknowledged ones.
async fn write<C: Column>(column: &C, span: Duration) -> Result<HashSet<i64>> {
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for writer in 0..WRITERS {
        let column = column.clone();
        tasks.spawn(async move {
            let (mut committed, mut next) = (Vec::new(), (writer + 100) * 10_000_000);
            loop {
                let mut stream = column.stream();
                for commit in 0..COMMITS_A_STREAM {
                    if start.elapsed() > span {
                        return Ok(committed);
                    }
                    let n = 1 + commit % 3;
                    column.append(&mut stream, next, n).await?;
                    committed.extend(crate::amounts(next, n));
                    next += 3;
                }
            }
        });
    }
    let mut all = HashSet::new();
    for committed in tasks.join_all().await {
        all.extend(committed?);
    }
    Ok(all)
}
