//! The implementations of `es-core`'s store traits for [`Inline`].

use std::pin::pin;

use async_trait::async_trait;
use es_core::projection::Projection;
use es_core::store::{
    Append, AppendIn, AppendOutcome, CloseStreams, ExportStore, FindEvents, ListStreams, ReadAll,
};
use es_core::time::OffsetDateTime;
use es_core::{EventStore, StoreError};
use sqlx::{PgConnection, Row, raw_sql};

use super::{Inline, UNDO};
use crate::connect::check::Backend;
use crate::connect::failure::{Failure, unexpected};
use crate::connect::lock_timeout::find_holders;
use crate::connect::pool::Pool;
use crate::connect::watch::watched;
use crate::projection::cause::with_sources;
use crate::write::names;

/// Sets a savepoint in a transaction of the caller, and returns its server process.
async fn begin(pool: &Pool, tx: &mut PgConnection) -> Result<Backend, Failure> {
    let begin = raw_sql(
        "SAVEPOINT es_inline;
         SELECT a.pid, (extract(epoch FROM a.backend_start) * 1000000)::bigint AS started
         FROM pg_stat_get_activity(pg_backend_pid()) a",
    );
    let row = pool.settings.answered_to_caller(0, begin.fetch_one(tx)).await.map_err(Failure::from)?;
    let started: Option<i64> = row.try_get("started")?;
    let started =
        started.and_then(|micros| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok());
    Ok(Backend { pid: row.try_get("pid")?, started })
}

/// Whether the connection is lost.
fn is_lost(error: &StoreError) -> bool {
    with_sources(error).any(|source| source.downcast_ref().is_some_and(Failure::is_lost))
}

#[async_trait]
impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> AppendIn<PgConnection> for Inline<P, S> {
    es_core::forward_event_store!(AppendIn<PgConnection> to |this| &this.store, except append_in);

    async fn append_in(
        &self,
        tx: &mut PgConnection,
        append: Append<'_>,
    ) -> Result<AppendOutcome, StoreError> {
        let pool = self.pool();
        // The caller may continue after a failure, and must not commit events that are not in the model.
        let backend = begin(pool, tx).await?;
        let (done, holders) = {
            let work = Box::pin(self.step(&mut *tx, append));
            let work = pin!(watched(pool, backend, pool.settings.answer_within, work));
            find_holders(pool, backend, pool.settings.longest_lock_wait, work).await
        };
        // Nothing more is sent on a silent connection.
        let done = done?;
        if done.as_ref().is_err_and(is_lost) {
            return done;
        }
        let end = if done.is_ok() { "RELEASE SAVEPOINT es_inline" } else { UNDO };
        let ended = pool.settings.answered_to_caller(0, raw_sql(end).execute(tx)).await;
        let outcome = done.map_err(|error| self.held_up(error, &[append], holders))?;
        ended.map_err(Failure::from)?;
        Ok(outcome)
    }
}

#[async_trait]
impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> EventStore for Inline<P, S> {
    es_core::forward_event_store!(EventStore to |this| &this.store, except append, append_all);

    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        append.check(self.limits())?;
        let mut outcomes = self.append_together(&[append]).await?;
        outcomes.pop().ok_or_else(|| unexpected("no outcome"))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        let known = self.pool().names.known();
        // By the category's id, as two names may belong to one category; by its name if it has no id yet.
        let name = |append: &Append<'_>| {
            let category = append.stream.category();
            known.category(category).ok_or_else(|| category.to_owned())
        };
        Append::check_all(appends, self.limits())?;
        for (at, append) in appends.iter().enumerate() {
            let same =
                |other: &Append<'_>| other.stream.key() == append.stream.key() && name(other) == name(append);
            if appends[..at].iter().any(same) {
                return Err(StoreError::DuplicateStream { stream: append.stream.clone() });
            }
        }
        if appends.is_empty() {
            return Ok(Vec::new());
        }
        names::registered_apart(self.pool(), appends).await?;
        self.append_together(appends).await
    }
}

impl<P: Projection<Model = PgConnection>, S: ReadAll> ReadAll for Inline<P, S> {
    es_core::forward_event_store!(ReadAll to |this| &this.store);
}

impl<P: Projection<Model = PgConnection>, S: ListStreams> ListStreams for Inline<P, S> {
    es_core::forward_event_store!(ListStreams to |this| &this.store);
}

impl<P: Projection<Model = PgConnection>, S: FindEvents> FindEvents for Inline<P, S> {
    es_core::forward_event_store!(FindEvents to |this| &this.store);
}

impl<P: Projection<Model = PgConnection>, S: CloseStreams> CloseStreams for Inline<P, S> {
    es_core::forward_event_store!(CloseStreams to |this| &this.store);
}

/// There is no [`ImportStore`](es_core::store::ImportStore): imported events would be missing from the model.
impl<P: Projection<Model = PgConnection>, S: ExportStore> ExportStore for Inline<P, S> {
    es_core::forward_event_store!(ExportStore to |this| &this.store);
}
