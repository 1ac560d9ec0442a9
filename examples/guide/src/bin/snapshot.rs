//! `cargo run -p guide --bin snapshot`
//!
//! A load begins at a snapshot and folds only the events after it. Take snapshots where streams have hundreds
//! of events or more; a short stream is read as fast without.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use es_core::{Aggregate, Apply, Events, Handle, Repository, emit, event};
use es_sqlite::SqliteStore;

/// How many events were folded.
static FOLDED: AtomicU32 = AtomicU32::new(0);

#[event(name = "meter.read")]
pub struct Read {
    pub units: u64,
}

// The state is stored, so it is `Serialize` and `Deserialize`. Raise `build` when `apply` changes.
#[derive(Aggregate, Debug, Default, serde::Serialize, serde::Deserialize)]
#[aggregate(name = "meter", id = u64, events(Read), snapshot(every = 100, build = 1))]
pub struct Meter {
    total: u64,
}

impl Apply<Read> for Meter {
    fn apply(&mut self, event: Read) {
        FOLDED.fetch_add(1, Ordering::Relaxed);
        self.total += event.units;
    }
}

pub struct Add(pub u64);

impl Handle<Add> for Meter {
    type Error = Infallible;
    fn handle(&self, command: &Add) -> Result<Events<Self>, Infallible> {
        emit(Read { units: command.0 })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let meters = Repository::<Meter, _>::new(SqliteStore::in_memory().await?);
    for units in 1..=250 {
        meters.execute(&7, Add(units)).await?;
    }
    // Snapshots are written beside the commands; this waits for the last one.
    meters.settle().await;

    FOLDED.store(0, Ordering::Relaxed);
    let meter = meters.load(&7).await?;
    println!("{:?} at revision {}", meter.state, meter.revision);
    println!("{} events were folded", FOLDED.load(Ordering::Relaxed));
    Ok(())
}
