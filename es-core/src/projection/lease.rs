//! The right to run the effects of a partition, for a time.

use std::time::Duration;

/// That a worker asks for a partition, for a time on the target's clock.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Claim<'a> {
    /// What the worker calls itself, for the status.
    pub owner: &'a str,
    /// For how long, from now on.
    pub lasts: Duration,
    /// The epoch of the lease that it had, to keep it for longer.
    pub held: Option<u64>,
}

impl<'a> Claim<'a> {
    /// Of a worker that has no lease.
    #[must_use]
    pub const fn new(owner: &'a str, lasts: Duration) -> Self {
        Self { owner, lasts, held: None }
    }

    /// Of one that has the lease of an epoch, or had it.
    #[must_use]
    pub const fn held(mut self, epoch: Option<u64>) -> Self {
        self.held = epoch;
        self
    }
}

/// What became of a [`Claim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The partition is the worker's. Each owner has an epoch of its own, higher than all before it, and an
    /// owner that has its lease prolonged keeps its epoch, even after the lease has run out, as long as
    /// nobody else has claimed the partition.
    Lease {
        /// The number of this owner.
        epoch: u64,
    },
    /// It is another worker's, whose lease runs out after this time.
    Taken {
        /// The rest of that lease.
        rest: Duration,
    },
}
