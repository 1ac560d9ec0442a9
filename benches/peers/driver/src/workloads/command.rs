//! W1c, W2c and W6: commands, each a load, a decision and an append.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{WARM_UP, build, next_amount};
use crate::measure::{Latencies, print};
use crate::{Column, Command, Failed, Result};

const COMMANDS_A_STREAM: usize = 10;

/// The results of one caller, or of all.
#[derive(Default)]
struct CommandsDone {
    latencies: Latencies,
    conflicts: u32,
}

impl CommandsDone {
    fn extend(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.conflicts += other.conflicts;
    }

    fn print(mut self, workload: &str, took: Duration) {
        let rate = self.latencies.count() / took.as_secs_f64();
        let (p50, p99) = (self.latencies.percentile(0.5), self.latencies.percentile(0.99));
        let conflicts = f64::from(self.conflicts);
        print(
            workload,
            &[("commands_s", rate), ("p50_ms", p50), ("p99_ms", p99), ("false_conflicts", conflicts)],
        );
    }
}

/// One deposit, retried at once after a conflict.
async fn deposit<C: Column>(column: &C, id: &str, done: &mut CommandsDone) -> Result<()> {
    let called = Instant::now();
    loop {
        match column.command(id, Command::Deposit { first: next_amount(1), n: 1 }).await {
            Ok(()) => break,
            Err(Failed::Conflict) => done.conflicts += 1,
            Err(Failed::Other(error)) => return Err(error),
        }
    }
    done.latencies.add(called);
    Ok(())
}

/// New accounts: each is opened, then gets nine deposits.
pub(crate) async fn fresh<C: Column>(column: &C, workload: &str, callers: u32, span: Duration) -> Result<()> {
    fresh_for(column, callers, WARM_UP).await?;
    let start = Instant::now();
    let done = fresh_for(column, callers, span).await?;
    done.print(workload, start.elapsed());
    Ok(())
}

async fn fresh_for<C: Column>(column: &C, callers: u32, span: Duration) -> Result<CommandsDone> {
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for _ in 0..callers {
        let column = column.clone();
        tasks.spawn(async move {
            let mut done = CommandsDone::default();
            while start.elapsed() <= span {
                let called = Instant::now();
                let id = loop {
                    match column.open().await {
                        Ok(id) => break id,
                        Err(Failed::Conflict) => done.conflicts += 1,
                        Err(Failed::Other(error)) => return Err(error),
                    }
                };
                done.latencies.add(called);
                for _ in 1..COMMANDS_A_STREAM {
                    if start.elapsed() > span {
                        break;
                    }
                    deposit(&column, &id, &mut done).await?;
                }
            }
            Ok(done)
        });
    }
    all(tasks).await
}

/// Accounts of a hundred events: each has had a command already, and gets twenty more that are timed before
/// the next one has its turn.
pub(crate) async fn on_a_hundred<C: Column>(
    column: &C,
    workload: &str,
    callers: u32,
    span: Duration,
) -> Result<()> {
    let each = if callers == 1 { 60 } else { 20 };
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for _ in 0..callers {
        let column = column.clone();
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..each {
                let id = build(&column, 100).await?;
                deposit(&column, &id, &mut CommandsDone::default()).await?;
                ids.push(id);
            }
            Ok(ids)
        });
    }
    let accounts = tasks.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;

    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for ids in accounts {
        let column = column.clone();
        tasks.spawn(async move {
            let mut done = CommandsDone::default();
            for id in ids.iter().cycle() {
                for _ in 0..20 {
                    if start.elapsed() > span {
                        return Ok(done);
                    }
                    deposit(&column, id, &mut done).await?;
                }
            }
            Ok(done)
        });
    }
    let done = all(tasks).await?;
    done.print(workload, start.elapsed());
    Ok(())
}

async fn all(tasks: JoinSet<Result<CommandsDone>>) -> Result<CommandsDone> {
    let mut all = CommandsDone::default();
    for done in tasks.join_all().await {
        all.extend(done?);
    }
    Ok(all)
}
