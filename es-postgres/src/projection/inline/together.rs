//! Appends in a transaction of the store's own.

use std::error::Error;
use std::pin::pin;

use es_core::StoreError;
use es_core::projection::{Projection, ProjectionFailure};
use es_core::store::{Append, AppendIn, AppendOutcome};
use sqlx::{Connection, PgConnection, raw_sql};

use super::Inline;
use crate::connect::failure::Failure;
use crate::connect::lock_timeout::{LockHolder, LockTimeout, find_holders};
use crate::connect::watch::watched;
use crate::projection::cause::with_sources;
use crate::projection::session::is_held_up;
use crate::write::decided;
use crate::write::lost::Lost;
use crate::write::several;

/// How a transaction ended.
enum Ended {
    With(Vec<AppendOutcome>),
    /// Nobody knows what became of its commit.
    InDoubt(Failure),
}

impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> Inline<P, S> {
    /// A transaction of the store's own.
    async fn alone(&self, tx: &mut PgConnection, appends: &[Append<'_>]) -> Result<Ended, StoreError> {
        // By the driver, which then knows of it.
        let mut tx = tx.begin_with("BEGIN; SAVEPOINT es_inline").await.map_err(Failure::from)?;
        // In the order of their names, as batches lock streams.
        let mut order: Vec<usize> = (0..appends.len()).collect();
        order.sort_by_key(|&at| appends[at].stream);
        let mut outcomes = vec![AppendOutcome::NotWritten; appends.len()];
        for at in order {
            outcomes[at] = match appends[at] {
                condition if condition.is_condition() => {
                    several::hold(self.pool(), &mut tx, condition).await?
                }
                append => self.step(&mut tx, append).await?,
            };
        }
        if outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_))) {
            // Each step ends with a statement, which a failed transaction refuses: this cannot be a rollback
            // in disguise.
            return match tx.commit().await.map_err(Failure::from) {
                Ok(()) => Ok(Ended::With(outcomes)),
                Err(failure) if failure.leaves_doubt() => Ok(Ended::InDoubt(failure)),
                Err(failure) => Err(failure.into()),
            };
        }
        tx.rollback().await.map_err(Failure::from)?;
        for outcome in &mut outcomes {
            if matches!(outcome, AppendOutcome::Appended(_)) {
                *outcome = AppendOutcome::NotWritten;
            }
        }
        Ok(Ended::With(outcomes))
    }

    pub(super) async fn append_together(
        &self,
        appends: &[Append<'_>],
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let pool = self.pool();
        // It waits for locks of others for as long as they are held, those of the model too.
        let mut lease = pool.lease_kept().await?;
        let backend = lease.session.backend;
        let (done, holders) = {
            let work = Box::pin(self.alone(&mut lease.session.connection, appends));
            let work = pin!(watched(pool, backend, pool.settings.answer_within, work));
            find_holders(pool, backend, pool.settings.longest_lock_wait, work).await
        };
        let done = match done.unwrap_or_else(|silent| Ok(Ended::InDoubt(silent))) {
            Ok(Ended::With(outcomes)) => {
                lease.keep();
                Ok(outcomes)
            }
            Ok(Ended::InDoubt(failure)) => {
                lease.keep_after(&failure);
                Lost { backend, failure }.find_all(pool, appends).await
            }
            Err(error) => {
                if let StoreError::Unavailable { .. } = &error {
                    // Of this session, or of its server, nothing is to be had any more.
                    pool.invalidate_idle(&mut lease.session);
                } else if pool
                    .settings
                    .answered(raw_sql("ROLLBACK").execute(&mut lease.session.connection))
                    .await
                    .is_ok()
                {
                    lease.keep();
                }
                if is_of(&error, Failure::is_decided) {
                    decided::all(pool, appends).await
                } else {
                    Err(self.held_up(error, appends, holders))
                }
            }
        };
        self.target.store.wake().appended();
        done
    }

    /// The error of an append that has waited for a lock for too long, with those who hold it, if it has.
    pub(super) fn held_up(
        &self,
        error: StoreError,
        appends: &[Append<'_>],
        holders: Vec<LockHolder>,
    ) -> StoreError {
        // A handler may have asked for a lock at once or not at all.
        let theirs = with_sources(&error).any(<dyn Error>::is::<ProjectionFailure>);
        if !is_held_up(&error) || theirs && holders.is_empty() {
            return error;
        }
        LockTimeout::new(self.pool(), appends.iter().map(|append| append.stream), holders).into()
    }
}

/// Whether an append failed by what the server said of it, such as that its command was decided before
/// without events.
fn is_of(error: &StoreError, said: fn(&Failure) -> bool) -> bool {
    let StoreError::Backend { source, .. } = error else { return false };
    source.downcast_ref::<Failure>().is_some_and(said)
}
