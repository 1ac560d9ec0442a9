//! The lease of a worker that runs effects: claimed before the first one, and renewed while they run.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, warn};

use crate::projection::error::ProjectorError;
use crate::projection::lease::{Claim, Claimed};
use crate::projection::settings::RunnerOptions;
use crate::projection::target::Target;
use crate::projection::{Partition, Projection};
use crate::store::Checkpoint;
use crate::stream::Position;

/// A lease is renewed after a share of its duration: one of this many, so that two renewals may fail.
const SHARES: u32 = 3;

/// What a worker knows of a partition that it owns.
#[derive(Debug, Default)]
pub(super) struct Owned {
    pub(super) lease: Lease,
    pub(super) unsaved: Option<Unsaved>,
    /// Whether it is known that there are no dead letters: only the owner parks events.
    pub(super) no_letters: bool,
}

/// Effects that have run, and whose checkpoint was not moved, as far as is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsaved {
    pub(super) from: Checkpoint,
    pub(super) last: Position,
}

/// What a worker knows of its lease.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lease {
    pub(super) epoch: Option<u64>,
    /// When it counts as lost. By this program's clock, and counted from before the claim was sent: the
    /// target's lease ends later.
    ends: Option<Instant>,
}

/// Whether this worker owns the partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ownership {
    /// As before.
    Still,
    /// From now on: another worker may have moved the checkpoint before.
    Newly,
    /// Another worker has it for this long.
    Not(Duration),
}

impl Owned {
    /// Asks the target for the lease before the next effect, as if it had expired.
    pub(super) const fn invalidate(&mut self) {
        self.lease.ends = None;
        (self.unsaved, self.no_letters) = (None, false);
    }
}

impl Lease {
    /// Claims the partition, or renews the lease once a fraction of it has passed.
    pub(super) async fn hold<P: Projection, T: Target<P>>(
        &mut self,
        target: &T,
        partition: Partition,
        options: &RunnerOptions,
    ) -> Result<Ownership, ProjectorError> {
        if self.ends.is_some_and(|ends| ends > Instant::now() + share(options) * (SHARES - 1)) {
            return Ok(Ownership::Still);
        }
        let began = Instant::now();
        let claim = Claim::new(&options.owner, options.lease).held(self.epoch);
        match target.claim(partition, &claim).await? {
            Claimed::Lease { epoch } => {
                let held = if self.epoch == Some(epoch) { Ownership::Still } else { Ownership::Newly };
                *self = Self { epoch: Some(epoch), ends: Some(began + options.lease) };
                Ok(held)
            }
            Claimed::Taken { rest } => {
                *self = Self::default();
                Ok(Ownership::Not(rest))
            }
        }
    }

    /// Runs work of any duration, renewing the lease meanwhile. `None` once another worker has the partition,
    /// or may have it: the work is then dropped.
    pub(super) async fn keep<P: Projection, T: Target<P>, R>(
        &mut self,
        target: &T,
        partition: Partition,
        options: &RunnerOptions,
        work: impl Future<Output = R>,
    ) -> Option<R> {
        let mut work = pin!(work);
        loop {
            let ends = self.ends?;
            let due = (ends - share(options) * (SHARES - 1)).max(Instant::now() + share(options) / 10);
            // In this order: a program that was suspended for long must not continue its work first.
            tokio::select! {
                biased;
                () = sleep_until(ends) => {
                    warn!(
                        projection = P::NAME, partition = partition.index(),
                        "the lease has expired: another worker may continue"
                    );
                    *self = Self::default();
                    return None;
                }
                done = &mut work => return Some(done),
                () = sleep_until(due.min(ends)) => {}
            }
            let prolonged = {
                let mut asked = pin!(self.prolonged::<P, T>(target, partition, options));
                // The work continues while the target is asked, but not beyond the end of the lease.
                tokio::select! {
                    biased;
                    () = sleep_until(ends) => continue,
                    prolonged = &mut asked => prolonged,
                    done = &mut work => return Some(done),
                }
            };
            *self = prolonged;
        }
    }

    /// The lease after the attempt to renew it: unchanged, if the target did not respond.
    async fn prolonged<P: Projection, T: Target<P>>(
        &self,
        target: &T,
        partition: Partition,
        options: &RunnerOptions,
    ) -> Self {
        let mut asked = Self { epoch: self.epoch, ends: None };
        match asked.hold(target, partition, options).await {
            Ok(Ownership::Still) => asked,
            Ok(Ownership::Newly | Ownership::Not(_)) => {
                warn!(
                    projection = P::NAME,
                    partition = partition.index(),
                    "another worker has taken over the partition"
                );
                Self::default()
            }
            Err(error) => {
                debug!(projection = P::NAME, %error, "the lease was not renewed");
                *self
            }
        }
    }

    /// Waits, and renews the lease meanwhile, if there is one.
    pub(super) async fn keep_for<P: Projection, T: Target<P>>(
        &mut self,
        target: &T,
        partition: Partition,
        options: &RunnerOptions,
        wait: Duration,
    ) {
        if self.epoch.is_none() || self.keep(target, partition, options, sleep(wait)).await.is_none() {
            sleep(wait).await;
        }
    }
}

fn share(options: &RunnerOptions) -> Duration {
    options.lease / SHARES
}
