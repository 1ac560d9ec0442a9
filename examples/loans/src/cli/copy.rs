//! `copy`: all events into another store, as they are.

use std::time::Instant;

use es_core::copy::{Copied, CopyError, copy_store};
use es_postgres::PostgresStore;
use es_sqlite::SqliteStore;

use super::failure::Failure;
use super::output::print;
use super::progress::rate;
use super::store::Chosen;
use crate::table::grouped;

pub(super) async fn copy(from: &Chosen, to: &str) -> Result<(), Failure> {
    let (start, from) = (Instant::now(), from.store());
    let copied = if to.starts_with("postgres://") || to.starts_with("postgresql://") {
        copy_store(&*from, &PostgresStore::migrate(to).await?).await?
    } else {
        let to = SqliteStore::open(to).await.map_err(Failure::unable)?;
        let copied = copy_store(&*from, &to).await?;
        to.close().await?;
        copied
    };
    let Copied { events, commands, closed, .. } = copied;
    let elapsed = start.elapsed();
    let (seconds, rate) = (elapsed.as_secs_f64(), grouped(rate(events.count, elapsed)));
    print(&format!(
        "{} events, {} commands and {} closed streams are in the copy as they are here ({seconds:.1} s, {rate} events a second)\n\
         hash of the events  {}",
        grouped(events.count),
        grouped(commands.count),
        grouped(closed.count),
        events.hash,
    ))
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        Self::unable(error)
    }
}
