//! The lease of a partition: the right to run its effects, for a limited time.

use std::time::Duration;

/// A worker's request for the lease of a partition, for a time on the target's clock.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Claim<'a> {
    /// The worker's name, for the status.
    pub owner: &'a str,
    /// For how long, from now on.
    pub lasts: Duration,
    /// The epoch of its current lease, to renew it.
    pub held: Option<u64>,
}

impl<'a> Claim<'a> {
    /// For a worker that has no lease.
    #[must_use]
    pub const fn new(owner: &'a str, lasts: Duration) -> Self {
        Self { owner, lasts, held: None }
    }

    /// For a worker that has, or had, the lease of an epoch.
    #[must_use]
    pub const fn held(mut self, epoch: Option<u64>) -> Self {
        self.held = epoch;
        self
    }
}

/// The outcome of a [`Claim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The worker owns the partition. Each owner has its own epoch (a fencing token), higher than all before
    /// it, and an owner that renews its lease keeps its epoch, even after the lease has expired, as long as
    /// nobody else has claimed the partition.
    Lease {
        /// The number of this owner.
        epoch: u64,
    },
    /// Another worker owns it; its lease expires after this time.
    Taken {
        /// The remaining time of that lease.
        rest: Duration,
    },
}
