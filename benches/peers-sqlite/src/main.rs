//! evento on SQLite, with the appends and commands of `benches/sqlite/append.rs`, which runs this program.
//!
//! `evento-sqlite FOLDER append|command CALLERS SECONDS` prints its name once it is ready. Each line that it
//! reads is a round of so many seconds, whose rate it prints in a line; it ends with its input.

mod account;
mod missed;
mod store;

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use self::account::{deposit, execute};
use self::missed::Missed;
use self::store::{Store, open};

/// The number of appends to one stream before the next one is begun.
const APPENDS_A_STREAM: u16 = 10;

/// The events of a stream before its first command is measured.
const EVENTS_BEFORE: u16 = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, case, callers, seconds] = arguments.as_slice() else {
        anyhow::bail!("call it with FOLDER append|command CALLERS SECONDS");
    };
    let callers: u32 = callers.parse()?;
    let span = Duration::from_secs_f64(seconds.parse()?);
    let store = open(Path::new(folder)).await?;
    let accounts = match case.as_str() {
        "append" => Vec::new(),
        "command" => prepare(&store, callers).await?,
        _ => anyhow::bail!("there is no case {case}"),
    };
    say("evento")?;
    let mut missed = Missed::default();
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let mut running = JoinSet::new();
        match case.as_str() {
            "append" => (0..callers).for_each(|_| {
                running.spawn(append(store.clone(), start, span));
            }),
            _ => accounts.iter().for_each(|id| {
                running.spawn(command(store.clone(), id.clone(), start, span));
            }),
        }
        let mut total = 0_u32;
        for ended in running.join_all().await {
            let (done, tried_again) = ended?;
            total += done;
            missed.add(tried_again);
        }
        say(&(f64::from(total) / start.elapsed().as_secs_f64()).to_string())?;
    }
    eprintln!("evento, {case}, {callers} callers: {missed}");
    Ok(())
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// An account for each caller, whose state is in memory afterwards.
async fn prepare(store: &Store, callers: u32) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for _ in 0..callers {
        let mut events = evento::create();
        for number in 1..=EVENTS_BEFORE {
            events.event(&deposit(i64::from(number)));
        }
        let id = events.commit(store).await?;
        execute(store, &id).await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Appends one event a call until the span is over; returns how many.
async fn append(store: Store, start: Instant, span: Duration) -> anyhow::Result<(u32, Missed)> {
    let (mut done, mut missed) = (0, Missed::default());
    while start.elapsed() < span {
        let id = loop {
            let appended = evento::create().event(&deposit(1)).commit(&store).await;
            if let Some(id) = missed.take(appended.map_err(Into::into))? {
                break id;
            }
        };
        let mut version = 1;
        while version < APPENDS_A_STREAM {
            let next = deposit(i64::from(version) + 1);
            let appended = evento::append(&id).original_version(version).event(&next).commit(&store).await;
            if missed.take(appended.map_err(Into::into))?.is_some() {
                version += 1;
            }
        }
        done += u32::from(APPENDS_A_STREAM);
    }
    Ok((done, missed))
}

/// Executes commands on one account until the span is over; returns how many.
async fn command(store: Store, id: String, start: Instant, span: Duration) -> anyhow::Result<(u32, Missed)> {
    let (mut done, mut missed) = (0, Missed::default());
    while start.elapsed() < span {
        if missed.take(execute(&store, &id).await)?.is_some() {
            done += 1;
        }
    }
    Ok((done, missed))
}
