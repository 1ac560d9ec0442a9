//! W8: sixteen callers with commands on one stream, each retried at once after a conflict; in one process or
//! spread over several.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::processes::{self, Processes};
use super::{build, next_amount};
use crate::measure::{complain, print};
use crate::{Column, Command, Failed, Result};

const CALLERS: usize = 16;

#[derive(Default, Serialize, Deserialize)]
struct HotDone {
    committed: u32,
    conflicts: u32,
    longest: Duration,
}

/// `locked` uses the library's alternative, if it has one.
pub(crate) async fn run<C: Column>(column: &C, workload: &str, locked: bool, span: Duration) -> Result<()> {
    let id = build(column, 10).await?;
    if attempt(column, &id, locked).await.is_none() {
        return Ok(());
    }
    let before = column.load(&id).await?;
    let start = Instant::now();
    let all = call(column, &id, CALLERS, locked, span).await?;
    let took = start.elapsed();
    all.check(column, &id, before).await?;
    all.print(workload, took);
    Ok(())
}

/// The same by several processes, with as many callers in all.
pub(crate) async fn in_processes<C: Column>(
    column: &C,
    url: &str,
    workload: &str,
    count: usize,
) -> Result<()> {
    let id = build(column, 10).await?;
    let mut processes = Processes::start(count, url, &format!("part_w8_{}", CALLERS / count), &id)?;
    processes.begin()?;
    let before = column.load(&id).await?;
    let start = Instant::now();
    let mut all = HotDone::default();
    for done in processes.measure()? {
        all.extend(serde_json::from_value(done)?);
    }
    let took = start.elapsed();
    all.check(column, &id, before).await?;
    all.print(workload, took);
    Ok(())
}

/// In one of the processes.
pub(crate) async fn part<C: Column>(column: &C, id: &str, callers: usize, span: Duration) -> Result<()> {
    column.load(id).await?;
    processes::ready()?;
    let done = call(column, id, callers, false, span).await?;
    processes::answer(&done)
}

async fn call<C: Column>(column: &C, id: &str, callers: usize, locked: bool, span: Duration) -> Result<HotDone> {
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for _ in 0..callers {
        let (column, id) = (column.clone(), id.to_owned());
        tasks.spawn(async move {
            let mut done = HotDone::default();
            let mut called = Instant::now();
            while start.elapsed() < span {
                match attempt(&column, &id, locked).await {
                    None => return Err("the second way is gone".into()),
                    Some(Err(Failed::Conflict)) => done.conflicts += 1,
                    Some(Err(Failed::Other(error))) => return Err(error),
                    Some(Ok(())) => {
                        done.committed += 1;
                        done.longest = done.longest.max(called.elapsed());
                        called = Instant::now();
                    }
                }
            }
            // A command that is never executed has waited as well.
            done.longest = done.longest.max(called.elapsed());
            Ok(done)
        });
    }
    let mut all = HotDone::default();
    for done in tasks.join_all().await {
        all.extend(done?);
    }
    Ok(all)
}

impl HotDone {
    fn extend(&mut self, other: Self) {
        self.committed += other.committed;
        self.conflicts += other.conflicts;
        self.longest = self.longest.max(other.longest);
    }

    async fn check<C: Column>(&self, column: &C, id: &str, before: u64) -> Result<()> {
        let stored = column.load(id).await? - before;
        if stored != u64::from(self.committed) {
            let committed = self.committed;
            complain(C::NAME, &format!("{committed} commands were executed and {stored} events stored"));
        }
        Ok(())
    }

    fn print(&self, workload: &str, took: Duration) {
        let (committed, conflicts) = (f64::from(self.committed), f64::from(self.conflicts));
        let longest = self.longest.as_secs_f64() * 1e3;
        let rate = committed / took.as_secs_f64();
        print(
            workload,
            &[
                ("commands_s", rate),
                ("committed", committed),
                ("conflicts", conflicts),
                ("worst_ms", longest),
            ],
        );
    }
}

/// One attempt at a command; `None` if there is no alternative.
async fn attempt<C: Column>(column: &C, id: &str, locked: bool) -> Option<Result<(), Failed>> {
    let command = Command::Deposit { first: next_amount(1), n: 1 };
    match locked {
        true => column.command_locked(id, command).await,
        false => Some(column.command(id, command).await),
    }
}
