//! W7: a projection that does nothing, from the first event to the last.

use std::time::Instant;

use crate::measure::{complain, events_a_second, print};
use crate::{Column, Result};

pub(crate) async fn run<C: Column>(column: &C, expected: u64) -> Result<()> {
    column.before_catch_up().await?;
    let start = Instant::now();
    let Some(events) = column.catch_up(expected).await? else { return Ok(()) };
    let rate = events_a_second(events, start);
    if events < expected {
        complain(C::NAME, &format!("a catch-up of {expected} events gave {events}"));
    }
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    print("w7", &[("events_s", rate), ("events", events as f64)]);
    Ok(())
}
