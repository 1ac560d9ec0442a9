//! W11: loads and commands on fifty thousand streams, few of which have most of the calls, by several
//! processes.
//!
//! The streams have seven or eight events of 50 B to 20 kB at first. Six calls of ten are loads, the others
//! commands; their streams follow Zipf's law with the exponent 1.1. A conflict that the library returns to
//! its caller counts, and is not retried.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::WARM_UP;
use super::processes::{self, Processes};
use crate::domain::OF_MANY_LENGTHS;
use crate::measure::{Latencies, print};
use crate::{Column, Command, Failed, Result};

const STREAMS: u32 = 50_000;
const SKEW: f64 = 1.1;
const LOADS: f64 = 0.6;
/// The base of the accounts' ids, by which another program finds them again.
const IDS: u128 = 0x0191_0000_0000_7000_8000_0000_0000_0000;

#[derive(Default, Serialize, Deserialize)]
struct MixedDone {
    loads: Latencies,
    commands: Latencies,
    conflicts: u32,
}

impl MixedDone {
    fn extend(&mut self, other: Self) {
        self.loads.extend(other.loads);
        self.commands.extend(other.commands);
        self.conflicts += other.conflicts;
    }
}

fn id(stream: u32) -> String {
    Uuid::from_u128(IDS + u128::from(stream)).to_string()
}

/// Creates the streams, unless an earlier run has.
pub(crate) async fn seed<C: Column>(column: &C) -> Result<()> {
    const CALLERS: u32 = 16;
    if column.load(&id(STREAMS - 1)).await.is_ok_and(|events| events > 0) {
        return Ok(());
    }
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for caller in 0..CALLERS {
        let column = column.clone();
        tasks.spawn(async move {
            // The last stream is created last, so that an interrupted seed starts again.
            for stream in (caller..STREAMS).step_by(CALLERS as usize) {
                let (first, n) = (OF_MANY_LENGTHS + i64::from(stream) * 8, 6 + (stream % 2) as usize);
                for command in [Command::Open, Command::Deposit { first, n }] {
                    if let Err(Failed::Other(error)) = column.command(&id(stream), command).await {
                        return Err(error);
                    }
                }
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// Runs so many processes, each with so many callers.
pub(crate) async fn run<C: Column>(
    column: &C,
    url: &str,
    workload: &str,
    count: usize,
    callers: usize,
) -> Result<()> {
    seed(column).await?;
    let mut processes = Processes::start(count, url, &format!("part_w11_{callers}"), "")?;
    processes.begin()?;
    let start = Instant::now();
    let mut all = MixedDone::default();
    for done in processes.measure()? {
        all.extend(serde_json::from_value(done)?);
    }
    let took = start.elapsed().as_secs_f64();
    let (loads, commands, conflicts) = (all.loads.count(), all.commands.count(), f64::from(all.conflicts));
    print(
        workload,
        &[
            ("operations_s", (loads + commands) / took),
            ("load_p50_ms", all.loads.percentile(0.5)),
            ("load_p99_ms", all.loads.percentile(0.99)),
            ("command_p50_ms", all.commands.percentile(0.5)),
            ("command_p99_ms", all.commands.percentile(0.99)),
            ("worst_ms", all.commands.percentile(1.0)),
            ("conflicts_percent", 100.0 * conflicts / (commands + conflicts).max(1.0)),
        ],
    );
    Ok(())
}

/// Runs in one of the processes.
pub(crate) async fn part<C: Column>(column: &C, callers: usize, span: Duration) -> Result<()> {
    let nth = processes::nth()?;
    let streams = Arc::new(Zipf::new());
    call(column, &streams, nth, callers, WARM_UP).await?;
    processes::ready()?;
    processes::answer(&call(column, &streams, 1000 + nth, callers, span).await?)
}

async fn call<C: Column>(
    column: &C,
    streams: &Arc<Zipf>,
    seed: u64,
    callers: usize,
    span: Duration,
) -> Result<MixedDone> {
    let start = Instant::now();
    let mut tasks: JoinSet<Result<_>> = JoinSet::new();
    for caller in 0..callers {
        let (column, streams) = (column.clone(), Arc::clone(streams));
        let mut chance = Chance(seed << 32 | caller as u64);
        tasks.spawn(async move {
            let mut done = MixedDone::default();
            while start.elapsed() < span {
                let id = id(streams.draw(&mut chance));
                let called = Instant::now();
                if chance.next() < LOADS {
                    column.load(&id).await?;
                    done.loads.add(called);
                    continue;
                }
                let first = OF_MANY_LENGTHS + (chance.next() * 1e12) as i64;
                match column.command(&id, Command::Deposit { first, n: 1 }).await {
                    Ok(()) => done.commands.add(called),
                    Err(Failed::Conflict) => done.conflicts += 1,
                    Err(Failed::Other(error)) => return Err(error),
                }
            }
            Ok(done)
        });
    }
    let mut all = MixedDone::default();
    for done in tasks.join_all().await {
        all.extend(done?);
    }
    Ok(all)
}

/// SplitMix64, by Sebastiano Vigna: the same numbers in each run.
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }
}

/// The share of the calls for the first stream, the first two, and so on.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new() -> Self {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=STREAMS)
            .map(|rank| {
                sum += f64::from(rank).powf(-SKEW);
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Self(shares)
    }

    fn draw(&self, chance: &mut Chance) -> u32 {
        let drawn = chance.next();
        u32::try_from(self.0.partition_point(|share| *share < drawn)).unwrap_or(STREAMS).min(STREAMS - 1)
    }
}
