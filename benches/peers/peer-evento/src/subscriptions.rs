//! The subscriptions of W7 and W10.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use driver::Seen;
use evento::Executor;
use evento::metadata::Event;
use evento::subscription::Context;

use crate::account::Deposited;

#[evento::subscription]
pub(crate) async fn count<E: Executor>(
    context: &Context<'_, E>,
    event: Event<Deposited>,
) -> anyhow::Result<()> {
    let events: Arc<AtomicU64> = context.extract();
    std::hint::black_box(&event.data);
    events.fetch_add(1, Relaxed);
    Ok(())
}

#[evento::subscription]
pub(crate) async fn follow<E: Executor>(
    context: &Context<'_, E>,
    event: Event<Deposited>,
) -> anyhow::Result<()> {
    let seen: Arc<Seen> = context.extract();
    seen.see(event.data.amount);
    Ok(())
}
