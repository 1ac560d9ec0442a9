//! The command line of a column.

use std::env;
use std::time::Duration;

use crate::workloads::{append, catch_up, command, hot, load, lost, mixed, processes, round_trips};
use crate::{Column, Result, print};

/// The maximum number of connections of a store, however many callers it has.
const CONNECTIONS: u32 = 16;

/// The runner's settings of a run, from the environment.
pub(crate) struct Settings {
    /// `BENCH_SECS`: the duration of one timed run.
    pub(crate) span: Duration,
    /// `BENCH_EVENTS`: the number of events that are seeded, and read by the catch-up.
    pub(crate) events: u64,
}

impl Settings {
    fn from_env() -> Result<Self> {
        let read = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        let span = Duration::from_secs_f64(read("BENCH_SECS", "1").parse()?);
        Ok(Self { span, events: read("BENCH_EVENTS", "200000").parse()? })
    }
}

/// Runs the workload on the command line.
///
/// # Errors
///
/// Any error; the runner records it.
pub fn run<C: Column>() -> Result<()> {
    // As many threads as the machine has processors, which the server shares.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, workload] = &arguments[..] else {
        return Err("usage: <program> <url of the database> <workload>".into());
    };
    runtime.block_on(dispatch::<C>(url, workload, &Settings::from_env()?))
}

async fn dispatch<C: Column>(url: &str, workload: &str, settings: &Settings) -> Result<()> {
    let connect = |callers: u32| C::connect(url, callers.min(CONNECTIONS));
    let parts: Vec<&str> = workload.split('_').collect();
    match parts[..] {
        ["setup"] => connect(1).await?.setup().await,
        ["seed"] => append::seed(&connect(CONNECTIONS).await?, settings.events).await,
        ["w1"] => append::run(&connect(1).await?, workload, 1, 1, settings.span).await,
        ["w2"] => append::run(&connect(16).await?, workload, 16, 1, settings.span).await,
        ["w2", callers] => {
            let callers = callers.parse()?;
            append::run(&connect(callers).await?, workload, callers, 1, settings.span).await
        }
        ["w3", events, callers] => {
            let (events, callers) = (events.parse()?, callers.parse()?);
            append::run(&connect(callers).await?, workload, callers, events, settings.span).await
        }
        ["w1c"] => command::fresh(&connect(1).await?, workload, 1, settings.span).await,
        ["w2c"] => command::fresh(&connect(16).await?, workload, 16, settings.span).await,
        ["w4", events] => load::all(&connect(1).await?, events.parse()?, settings.span).await,
        ["w5"] => load::from_snapshot(&connect(1).await?).await,
        ["w6", callers] => {
            let callers = callers.parse()?;
            command::on_a_hundred(&connect(callers).await?, workload, callers, settings.span).await
        }
        ["w7"] => catch_up::run(&connect(CONNECTIONS).await?, settings.events).await,
        ["w8"] => hot::run(&connect(16).await?, workload, false, settings.span).await,
        // A command that waits for a lock holds a connection, while the one that has the lock needs another
        // one.
        ["w8", "lock"] => hot::run(&C::connect(url, 40).await?, workload, true, settings.span).await,
        ["w8", processes] => hot::in_processes(&connect(1).await?, url, workload, processes.parse()?).await,
        ["part", "w8", callers] => {
            hot::part(&connect(CONNECTIONS).await?, &processes::given()?, callers.parse()?, settings.span)
                .await
        }
        ["w11", "seed"] => mixed::seed(&connect(CONNECTIONS).await?).await,
        ["w11", processes, callers] => {
            let (processes, callers) = (processes.parse()?, callers.parse()?);
            mixed::run(&connect(CONNECTIONS).await?, url, workload, processes, callers).await
        }
        ["part", "w11", callers] => {
            mixed::part(&connect(CONNECTIONS).await?, callers.parse()?, settings.span * 4).await
        }
        ["w10", ..] => {
            let (writers, subscriber) = (C::connect(url, 20).await?, C::connect(url, 8).await?);
            lost::run(&writers, subscriber, workload, settings.span).await
        }
        ["rt"] => round_trips::run::<C>(url).await,
        _ => {
            let figures = connect(CONNECTIONS).await?.extra(workload).await?;
            print(workload, &figures);
            Ok(())
        }
    }
}
