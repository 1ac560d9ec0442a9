//! Limits on the use of a store's connections.
//!
//! Calls that can take long, such as an append that waits for a lock, get at most half of them: the holder of
//! the lock may need a read to proceed, and other streams are not affected.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;

use crate::metrics::{Counters, Waits};

/// A call that got no connection of its store, or no place in the queue of appends, within
/// [`longest_connection_wait`](crate::PostgresOptions::longest_connection_wait). Nothing was sent, and trying
/// again can help. It is the source of [`StoreError::Unavailable`].
///
/// ```
/// fn log(error: &es_core::StoreError) {
///     if let es_core::StoreError::Unavailable { source } = error
///         && let Some(timeout) = source.downcast_ref::<es_postgres::PoolTimeout>()
///     {
///         println!("{:?}: all {} in use for {:?}", timeout.of, timeout.most, timeout.waited);
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolTimeout {
    /// What ran out.
    pub of: Scarce,
    /// The number of them.
    pub most: u32,
    /// How long the call waited.
    pub waited: Duration,
}

/// A limited resource of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scarce {
    /// [`connections`](crate::PostgresOptions::connections).
    Connections,
    /// The half of them that may be held for long: by appends that wait for locks of other transactions, and
    /// by the program's own [`StoreConnection`](crate::StoreConnection)s.
    HeldConnections,
    /// Places in the queue of appends, each of 64 KiB of
    /// [`waiting_bytes`](crate::PostgresOptions::waiting_bytes).
    Appends,
}

impl fmt::Display for PoolTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, most, waited } = self;
        match of {
            Scarce::Connections => write!(
                f,
                "all {most} connections of the store have been in use for {waited:?}; find out what holds \
                 them, or raise `PostgresOptions::connections` above {most}"
            ),
            Scarce::HeldConnections => write!(
                f,
                "all {most} connections of the store that may be held for long have been waiting for locks \
                 of others, or held by the program itself, for {waited:?}; end the transactions that hold \
                 the streams, or raise `PostgresOptions::connections`"
            ),
            Scarce::Appends => write!(
                f,
                "the queue of appends (places: {most}) has been full for {waited:?}; append less at \
                 once, end the transactions that hold the streams, or raise `PostgresOptions::waiting_bytes`"
            ),
        }
    }
}

impl std::error::Error for PoolTimeout {}

impl From<PoolTimeout> for StoreError {
    fn from(timeout: PoolTimeout) -> Self {
        Self::Unavailable { source: Box::new(timeout) }
    }
}

/// The connections of a store that may be used at the same time.
#[derive(Debug)]
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    connections: u32,
    counters: Arc<Counters>,
}

/// The right to one connection.
#[derive(Debug)]
pub(crate) struct Slot {
    _any: Option<OwnedSemaphorePermit>,
    _kept: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub(crate) fn new(connections: u32, counters: &Arc<Counters>) -> Self {
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        let (all, kept) = (semaphore(connections), semaphore(kept(connections)));
        Self { all, kept, connections, counters: Arc::clone(counters) }
    }

    /// For a call that waits only for the server.
    pub(crate) async fn any(&self, longest: Duration) -> Result<Slot, StoreError> {
        let any = self.acquire(&self.all, Scarce::Connections, self.connections, longest).await?;
        Ok(Slot { _any: Some(any), _kept: None })
    }

    /// For a call that others can keep waiting.
    pub(crate) async fn kept(&self, longest: Duration) -> Result<Slot, StoreError> {
        let share = kept(self.connections);
        let kept = self.acquire(&self.kept, Scarce::HeldConnections, share, longest).await?;
        // Half of one connection would be none: this is an additional one, and readers keep theirs.
        let any = match self.connections > share {
            true => Some(self.acquire(&self.all, Scarce::Connections, self.connections, longest).await?),
            false => None,
        };
        Ok(Slot { _any: any, _kept: Some(kept) })
    }

    async fn acquire(
        &self,
        semaphore: &Arc<Semaphore>,
        of: Scarce,
        most: u32,
        longest: Duration,
    ) -> Result<OwnedSemaphorePermit, StoreError> {
        acquire(semaphore, 1, of, most, longest, &self.counters.connections).await
    }

    /// The number in use.
    pub(crate) fn in_use(&self) -> usize {
        (self.connections as usize).saturating_sub(self.all.available_permits())
    }

    /// Waits until no connection is in use.
    pub(crate) async fn rest(&self) {
        // The semaphores are closed only afterwards, so this does not fail.
        let _kept = self.kept.acquire_many(kept(self.connections)).await;
        let _all = self.all.acquire_many(self.connections).await;
    }

    /// Refuses further calls.
    pub(crate) fn close(&self) {
        self.kept.close();
        self.all.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.all.is_closed()
    }
}

const fn kept(connections: u32) -> u32 {
    if connections < 4 { 1 } else { connections / 2 }
}

/// Waits for permits, at most this long.
pub(crate) async fn acquire(
    semaphore: &Arc<Semaphore>,
    permits: u32,
    of: Scarce,
    most: u32,
    longest: Duration,
    waits: &Waits,
) -> Result<OwnedSemaphorePermit, StoreError> {
    match Arc::clone(semaphore).try_acquire_many_owned(permits) {
        Ok(permit) => return Ok(permit),
        Err(TryAcquireError::Closed) => return Err(StoreError::Closed),
        Err(TryAcquireError::NoPermits) => {}
    }
    let began = Instant::now();
    let permit = timeout(longest, Arc::clone(semaphore).acquire_many_owned(permits)).await;
    waits.waited(began.elapsed(), &permit);
    match permit {
        Ok(permit) => permit.map_err(|_| StoreError::Closed),
        Err(_) => Err(PoolTimeout { of, most, waited: longest }.into()),
    }
}
