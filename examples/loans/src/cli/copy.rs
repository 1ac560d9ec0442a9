//! `copy`: all events into another store, as they are.

use std::time::Instant;

use es_core::copy::{Copied, CopyError, copy_store};

use super::args::{Kept, StoreKind};
use super::failure::Failure;
use super::output::print;
use super::progress::rate;
use super::store::{Opened, Purpose};
use crate::table::grouped;

/// How many connections copy at once.
const CONNECTIONS: usize = 4;

pub(super) async fn copy(from: Kept, to: StoreKind) -> Result<(), Failure> {
    let start = Instant::now();
    let from = Opened::kept(from, Purpose::Read, CONNECTIONS).await?.store();
    let copied = match Opened::open(to, Purpose::Write, CONNECTIONS).await? {
        Opened::Database(to, _) => copy_store(&*from, &to).await?,
        Opened::File(to, _) => {
            let copied = copy_store(&*from, &to).await?;
            to.close().await?;
            copied
        }
        Opened::Memory(_) => return Err(Failure::unable("a copy in memory is gone with this program")),
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
