//! Calls that may have to wait for a lock of another transaction.
//!
//! They first wait only for [`append_lock_timeout`](crate::PostgresOptions::append_lock_timeout). A call that
//! has to wait longer is sent again on one of the connections that may be held for long: the first attempt
//! wrote nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{StoreError, StreamId};

use crate::connect::check::Backend;
use crate::connect::failure::CallError;
use crate::connect::lease::Lease;
use crate::connect::lock_timeout::{LockHolder, LockTimeout, answered_or_held};
use crate::connect::pool::Pool;
use crate::connect::settings::milliseconds;

/// How long a call waits for locks of other transactions: first shortly, then long.
#[derive(Debug)]
pub(crate) struct LockWait {
    began: Instant,
    long: bool,
    holders: Vec<LockHolder>,
}

impl LockWait {
    /// For a call that was not sent yet.
    pub(crate) fn of(pool: &Pool) -> Self {
        let long = pool.settings.append_lock_timeout >= pool.settings.longest_lock_wait;
        Self { began: Instant::now(), long, holders: Vec::new() }
    }

    /// For a call that has waited shortly, and has to wait longer.
    pub(crate) fn long(pool: &Pool) -> Self {
        pool.counters.lock_waits.count();
        Self { began: Instant::now(), long: true, holders: Vec::new() }
    }

    /// A connection to wait on.
    pub(crate) async fn lease(&self, pool: &Arc<Pool>) -> Result<Lease, StoreError> {
        if !self.long {
            return pool.lease().await;
        }
        let slot = pool.slots.kept(pool.settings.longest_lock_wait).await?;
        pool.lease_with(slot).await
    }

    /// The `lock_timeout` of the next attempt, in milliseconds.
    pub(crate) fn lock_timeout(&self, pool: &Pool) -> String {
        self.milliseconds(pool).to_string()
    }

    pub(crate) fn milliseconds(&self, pool: &Pool) -> i64 {
        milliseconds(self.longest(pool))
    }

    fn longest(&self, pool: &Pool) -> Duration {
        let (moment, longest) = (pool.settings.append_lock_timeout, pool.settings.longest_lock_wait);
        if self.long { longest.saturating_sub(self.began.elapsed()).max(moment.min(longest)) } else { moment }
    }

    /// Waits for the answer to a call that takes this many locks.
    pub(crate) async fn answer<T>(
        &mut self,
        pool: &Arc<Pool>,
        backend: Backend,
        locks: usize,
        call: Pin<&mut (impl Future<Output = Result<T, CallError>> + Send)>,
    ) -> Result<T, CallError> {
        let longest = self.longest(pool);
        if !self.long {
            return pool.settings.answered_after(longest, locks, call).await;
        }
        let (answer, holders) = answered_or_held(pool, backend, longest, locks, call).await;
        self.holders = holders;
        answer
    }

    /// Handles a lock timeout: the call is sent again, or fails if it has waited long.
    pub(crate) fn held_up<'a>(
        &mut self,
        pool: &Pool,
        streams: impl IntoIterator<Item = &'a StreamId>,
    ) -> Result<(), LockTimeout> {
        if !std::mem::replace(&mut self.long, true) {
            pool.counters.lock_waits.count();
            return Ok(());
        }
        Err(LockTimeout::new(pool, streams, std::mem::take(&mut self.holders)))
    }
}
