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
enum TransactionEnd {
    With(Vec<AppendOutcome>),
    /// The outcome of its commit is unknown.
    InDoubt(Failure),
}

impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> Inline<P, S> {
    /// Appends in a transaction of the store's own.
    async fn alone(
        &self,
        tx: &mut PgConnection,
        appends: &[Append<'_>],
    ) -> Result<TransactionEnd, StoreError> {
        // Begun by the driver, which then knows about the transaction.
        let mut tx = tx.begin_with("BEGIN; SAVEPOINT es_inline").await.map_err(Failure::from)?;
        // In the order of their names, in which batches lock streams.
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
            // Each step ends with a statement that fails in a failed transaction, so this COMMIT is not
            // turned into a rollback.
            return match tx.commit().await.map_err(Failure::from) {
                Ok(()) => Ok(TransactionEnd::With(outcomes)),
                Err(failure) if failure.has_unknown_outcome() => Ok(TransactionEnd::InDoubt(failure)),
                Err(failure) => Err(failure.into()),
            };
        }
        tx.rollback().await.map_err(Failure::from)?;
        for outcome in &mut outcomes {
            if matches!(outcome, AppendOutcome::Appended(_)) {
                *outcome = AppendOutcome::NotWritten;
            }
        }
        Ok(TransactionEnd::With(outcomes))
    }

    pub(super) async fn append_together(
        &self,
        appends: &[Append<'_>],
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let pool = self.pool();
        // It may wait long for locks of others, including those on rows of the model.
        let mut lease = pool.lease_kept().await?;
        let backend = lease.session.backend;
        let (done, holders) = {
            let work = Box::pin(self.alone(&mut lease.session.connection, appends));
            let work = pin!(watched(pool, backend, pool.settings.answer_within, work));
            find_holders(pool, backend, pool.settings.longest_lock_wait, work).await
        };
        let done = match done.unwrap_or_else(|silent| Ok(TransactionEnd::InDoubt(silent))) {
            Ok(TransactionEnd::With(outcomes)) => {
                lease.keep();
                Ok(outcomes)
            }
            Ok(TransactionEnd::InDoubt(failure)) => {
                lease.keep_after(&failure);
                Lost { backend, failure }.find_all(pool, appends).await
            }
            Err(error) => {
                if let StoreError::Unavailable { .. } = &error {
                    // This session, or its server, is unusable.
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

    /// Adds the holders of a lock to the error of an append that waited too long for it.
    pub(super) fn held_up(
        &self,
        error: StoreError,
        appends: &[Append<'_>],
        holders: Vec<LockHolder>,
    ) -> StoreError {
        // A handler may have used NOWAIT.
        let theirs = with_sources(&error).any(<dyn Error>::is::<ProjectionFailure>);
        if !is_held_up(&error) || theirs && holders.is_empty() {
            return error;
        }
        LockTimeout::new(self.pool(), appends.iter().map(|append| append.stream), holders).into()
    }
}

/// Whether an append failed with a certain failure of the server, such as that its command was decided
/// before.
fn is_of(error: &StoreError, matches: fn(&Failure) -> bool) -> bool {
    let StoreError::Backend { source, .. } = error else { return false };
    source.downcast_ref::<Failure>().is_some_and(matches)
}
