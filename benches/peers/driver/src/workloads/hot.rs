//! W8: sixteen callers with commands on one stream, each tried again at once after a conflict.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{build, next_amount};
use crate::measure::{complain, print};
use crate::{Column, Command, Failed, Result};

const CALLERS: usize = 16;

#[derive(Default)]
struct Done {
    committed: u32,
    conflicts: u32,
    longest: Duration,
}

/// `locked` takes the library's second way, if it has one.
pub(crate) async fn run<C: Column>(column: &C, workload: &str, locked: bool, span: Duration) -> Result<()> {
    let id = build(column, 10).await?;
    if attempt(column, &id, locked).await.is_none() {
        return Ok(());
    }
    let before = column.load(&id).await?;
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for _ in 0..CALLERS {
        let (column, id) = (column.clone(), id.clone());
        tasks.spawn(async move {
            let mut done = Done::default();
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
            // A command that is never carried out has waited as well.
            done.longest = done.longest.max(called.elapsed());
            Ok(done)
        });
    }
    let mut all = Done::default();
    for done in tasks.join_all().await {
        let done = done?;
        all.committed += done.committed;
        all.conflicts += done.conflicts;
        all.longest = all.longest.max(done.longest);
    }
    let took = start.elapsed().as_secs_f64();
    let stored = column.load(&id).await? - before;
    if stored != u64::from(all.committed) {
        complain(C::NAME, &format!("{} commands were carried out and {stored} events stored", all.committed));
    }
    let (committed, conflicts) = (f64::from(all.committed), f64::from(all.conflicts));
    let longest = all.longest.as_secs_f64() * 1e3;
    print(
        workload,
        &[
            ("commands_s", committed / took),
            ("committed", committed),
            ("conflicts", conflicts),
            ("worst_ms", longest),
        ],
    );
    Ok(())
}

/// One attempt at a command; `None` where there is no second way.
async fn attempt<C: Column>(column: &C, id: &str, locked: bool) -> Option<Result<(), Failed>> {
    let command = Command::Deposit { first: next_amount(1), n: 1 };
    match locked {
        true => column.command_locked(id, command).await,
        false => Some(column.command(id, command).await),
    }
}
