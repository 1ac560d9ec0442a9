//! One module for each kind of workload.

pub(crate) mod append;
pub(crate) mod catch_up;
pub(crate) mod command;
pub(crate) mod hot;
pub(crate) mod load;
pub(crate) mod lost;
pub(crate) mod mixed;
pub(crate) mod processes;
pub(crate) mod round_trips;

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use crate::{Column, Result};

/// The warm-up before each timed run: connections, prepared statements, caches.
const WARM_UP: Duration = Duration::from_millis(200);

static NEXT: AtomicI64 = AtomicI64::new(1);

/// The first of `n` amounts that are unique in this program.
pub fn next_amount(n: usize) -> i64 {
    NEXT.fetch_add(i64::try_from(n).unwrap_or(i64::MAX), Relaxed)
}

/// Creates a stream of `n` deposits, a hundred in each commit.
///
/// # Errors
///
/// Of the column.
pub async fn build<C: Column>(column: &C, n: usize) -> Result<String> {
    let mut stream = column.stream();
    for done in (0..n).step_by(100) {
        let some = (n - done).min(100);
        column.append(&mut stream, next_amount(some), some).await?;
    }
    Ok(C::id(&stream))
}
