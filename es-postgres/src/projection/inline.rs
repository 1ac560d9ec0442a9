//! A projection in the transactions of appends: events and read model are committed together.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use es_core::{
    Append, AppendIn, AppendOutcome, Appended, BoxError, CloseStreams, DecodeError, EventPlace, EventStore,
    FindEvents, ListStreams, OffsetDateTime, Projection, ProjectionFailure, RawEvent, ReadAll, StoreError,
};
use sqlx::{Connection, PgConnection, Row, raw_sql};

use super::batch::{COMMIT, run, standstill};
use super::cause::{Cause, with_sources};
use super::error::ProjectorError;
use super::projector::Projector;
use super::session::is_held_up;
use super::setup::{INLINE, sql};
use super::target::Target;
use super::transaction::Token;
use crate::connect::check::Backend;
use crate::connect::columns::search_path;
use crate::connect::failure::{Failure, unexpected};
use crate::connect::lock_timeout::{LockHolder, LockTimeout, find_holders};
use crate::connect::pool::Pool;
use crate::connect::watch::watched;
use crate::store::PostgresStore;
use crate::write::columns;
use crate::write::decided;
use crate::write::lost::Lost;
use crate::write::names;

/// Undoes an append and what it did to the model.
const UNDO: &str = "ROLLBACK TO SAVEPOINT es_inline";

/// A store that runs a projection in the transaction of each append; made by [`Projector::inline`].
///
/// Whoever reads the model sees every event that was appended before. The price: an append is a transaction
/// of several round trips, it waits for the rows of the model that others are changing, and an event that
/// cannot be projected cannot be appended. `append_in` and `load_in` work as ever, in the caller's
/// transaction.
///
/// ```no_run
/// # use es_core::{Aggregate, Projection};
/// # use es_postgres::{PostgresStore, Projector, ProjectorError};
/// # async fn open<Account: Aggregate, Balances: Projection<Model = sqlx::PgConnection>>(
/// #     store: PostgresStore, balances: Balances) -> Result<(), ProjectorError> {
/// let store = Projector::new(store, balances).inline().await?;
/// let accounts = es_core::Repository::<Account, _>::new(store);
/// # drop(accounts);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Inline<P, S = PostgresStore> {
    target: Target<P>,
    store: S,
}

impl<P, S: Clone> Clone for Inline<P, S> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), store: self.store.clone() }
    }
}

impl<P: Projection<Model = PgConnection>> Projector<P> {
    /// A store that runs this projection in the transaction of each append. The events that are there already
    /// are projected first, and then the projection is inline for good, until
    /// [`repartition`](Self::repartition).
    ///
    /// From then on every program appends through such a store: an append that does not is missing from the
    /// model.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; [`ProjectorError::Uneven`] when other programs append all the while.
    pub async fn inline(mut self) -> Result<Inline<P>, ProjectorError> {
        self.target.options.parts = 1;
        match self.target.prepare().await {
            Ok(()) => {
                self.catch_up().await?;
                self.target.turn_inline().await?;
            }
            Err(ProjectorError::Parts { found: INLINE, .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Inline { store: self.target.store.clone(), target: self.target })
    }
}

impl<P: Projection<Model = PgConnection>> Target<P> {
    async fn turn_inline(&self) -> Result<(), ProjectorError> {
        let mut session = self.session().await?;
        let db = &mut session.connection;
        let work = async {
            sql(db, format!("BEGIN; {}; {}", standstill(self), self.lock_timeout())).await?;
            let parts = self.hold_parts(db).await?;
            let (head, reached) = (self.store.head().await?, parts.first().map(|part| part.checkpoint));
            if reached != Some(head) {
                let lowest = reached.unwrap_or_default().position();
                let highest = head.position();
                return Err(ProjectorError::Uneven { projection: P::NAME, rev: P::REV, lowest, highest });
            }
            let call = self.statements().checkpoint_inline.call().bind(P::NAME).bind(self.rev());
            call.execute(&mut *db).await?;
            sql(db, COMMIT.to_owned()).await?;
            Ok(())
        };
        self.limited("turning inline", session.backend, work).await
    }
}

impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> Inline<P, S> {
    /// The same, with another projection beside this one.
    ///
    /// # Errors
    ///
    /// As [`Projector::inline`].
    pub async fn and<Q: Projection<Model = PgConnection>>(
        self,
        other: Projector<Q>,
    ) -> Result<Inline<Q, Self>, ProjectorError> {
        Ok(Inline { target: other.inline().await?.target, store: self })
    }

    fn pool(&self) -> &Arc<Pool> {
        self.target.store.pool()
    }

    /// Takes the events that were appended into the model.
    async fn project(
        &self,
        tx: &mut PgConnection,
        append: &Append<'_>,
        done: &Appended,
    ) -> Result<(), StoreError> {
        let mut revision = append.expected;
        let mut last = None;
        let mut events = Vec::with_capacity(append.events.len());
        for (event, position) in append.events.iter().zip(&done.positions) {
            revision = revision.next();
            let metadata = event.metadata.to_json();
            let raw = RawEvent {
                stream: append.stream,
                revision,
                position: *position,
                event_id: event.id,
                name: event.name,
                version: event.version,
                payload: &event.payload,
                recorded_at: done.recorded_at,
                occurred: columns::occurred(&event.metadata),
                correlation_id: event.metadata.correlation_id,
                causation_id: event.metadata.causation_id,
                metadata: metadata.as_deref(),
            };
            if let Some(event) = DecodeError::guard(&raw, || P::decode(&raw))? {
                events.push(event);
                last = Some(EventPlace::new(&raw));
            }
        }
        let Some(last) = last else { return Ok(()) };
        let statements = self.target.statements();
        let token = Token::new();
        let call = statements.search_path.call().bind(self.target.search_path()).bind(token.as_str());
        let call = call.bind(self.pool().settings.lock_timeout());
        let set = call.fetch_one(&mut *tx).await.map_err(Failure::from)?;
        let path: String = set.try_get(search_path::PATH).map_err(unexpected)?;
        let lock_timeout: String = set.try_get(search_path::LOCK_TIMEOUT).map_err(unexpected)?;
        if let Err(source) = run(&*self.target.projection, &events, tx).await {
            // Proves that the events are undone with what the handler did.
            let undone = raw_sql(UNDO).execute(tx).await.map_err(Failure::from);
            undone.map_err(|failure| unfinished::<P>(failure))?;
            return Err(self.refused(last, source));
        }
        let back = statements.search_path_back.call().bind(path).bind(token.as_str()).bind(lock_timeout);
        if let Err(failure) = back.execute(&mut *tx).await.map_err(Failure::from) {
            if failure.is_of_failed_transaction() {
                // The handler swallowed an error of SQL. Proves that it did so in this transaction.
                let undone = raw_sql(UNDO).execute(tx).await.map_err(Failure::from);
                undone.map_err(|failure| unfinished::<P>(failure))?;
                return Err(self.refused(last, failure.into()));
            }
            return Err(unfinished::<P>(failure));
        }
        Ok(())
    }

    /// An append that could not be projected.
    fn refused(&self, place: EventPlace, source: BoxError) -> StoreError {
        let cause = Cause::of(&source);
        let failure = ProjectionFailure::of::<P>(place, source);
        match cause {
            Cause::Passing => StoreError::Backend { source: Box::new(failure), retryable: true },
            Cause::Session => StoreError::Unavailable { source: Box::new(failure) },
            Cause::Setup => StoreError::Setup { source: Box::new(self.target.stopped(failure, cause)) },
            Cause::Hidden | Cause::Newer | Cause::Event => {
                StoreError::Backend { source: Box::new(failure), retryable: false }
            }
        }
    }

    /// A transaction of the store's own. `Err` with the failure when nobody knows what became of its commit.
    async fn alone(
        &self,
        tx: &mut PgConnection,
        appends: &[Append<'_>],
    ) -> Result<Result<Vec<AppendOutcome>, Failure>, StoreError> {
        // By the driver, which then knows of it.
        let mut tx = tx.begin_with("BEGIN; SAVEPOINT es_inline").await.map_err(Failure::from)?;
        // In the order of their names, as batches lock streams.
        let mut order: Vec<usize> = (0..appends.len()).collect();
        order.sort_by_key(|&at| appends[at].stream);
        let mut outcomes = vec![AppendOutcome::NotWritten; appends.len()];
        for at in order {
            outcomes[at] = self.step(&mut tx, appends[at]).await?;
        }
        if outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_))) {
            // Each step ends with a statement, which a failed transaction refuses: this cannot be a rollback
            // in disguise.
            return Ok(match tx.commit().await.map_err(Failure::from) {
                Ok(()) => Ok(outcomes),
                Err(failure) if failure.leaves_doubt() => Err(failure),
                Err(failure) => return Err(failure.into()),
            });
        }
        tx.rollback().await.map_err(Failure::from)?;
        for outcome in &mut outcomes {
            if matches!(outcome, AppendOutcome::Appended(_)) {
                *outcome = AppendOutcome::NotWritten;
            }
        }
        Ok(Ok(outcomes))
    }

    async fn step(&self, tx: &mut PgConnection, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
        let outcome = self.store.append_in(tx, append).await?;
        if let AppendOutcome::Appended(done) = &outcome {
            self.project(tx, &append, done).await?;
        }
        Ok(outcome)
    }

    async fn append_together(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        let pool = self.pool();
        // It waits for locks of others for as long as they are held, those of the model too.
        let mut lease = pool.lease_kept().await?;
        let backend = lease.session.backend;
        let (done, holders) = {
            let work = Box::pin(self.alone(&mut lease.session.connection, appends));
            let work = pin!(watched(pool, backend, pool.settings.answer_within, work));
            find_holders(pool, backend, pool.settings.longest_lock_wait, work).await
        };
        let done = match done.unwrap_or_else(|silent| Ok(Err(silent))) {
            Ok(Ok(outcomes)) => {
                lease.keep();
                Ok(outcomes)
            }
            Ok(Err(failure)) => {
                lease.keep_after(&failure);
                Lost { backend, failure }.find_all(pool, appends).await
            }
            Err(error) => {
                if let StoreError::Unavailable { .. } = &error {
                    // Of this session, or of its server, nothing is to be had any more.
                    pool.distrust(&mut lease.session);
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
    fn held_up(&self, error: StoreError, appends: &[Append<'_>], holders: Vec<LockHolder>) -> StoreError {
        // A handler may have asked for a lock at once or not at all.
        let theirs = with_sources(&error).any(<dyn Error>::is::<ProjectionFailure>);
        if !is_held_up(&error) || theirs && holders.is_empty() {
            return error;
        }
        LockTimeout::new(self.pool(), appends.iter().map(|append| append.stream), holders).into()
    }
}

/// Begins what can be undone in a transaction of the caller; whose server process that is.
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

/// Whether an append failed by what the server said of it, such as that its command was decided before
/// without events.
fn is_of(error: &StoreError, said: fn(&Failure) -> bool) -> bool {
    let StoreError::Backend { source, .. } = error else { return false };
    source.downcast_ref::<Failure>().is_some_and(said)
}

/// Whether the connection is lost.
fn is_lost(error: &StoreError) -> bool {
    with_sources(error).any(|source| source.downcast_ref().is_some_and(Failure::is_lost))
}

/// What an end of the transaction by the handler leaves behind. Any other failure is one of the server.
fn unfinished<P: Projection<Model = PgConnection>>(failure: Failure) -> StoreError {
    if failure.is_of_ended_transaction() {
        StoreError::Backend { source: Box::new(Target::<P>::ended()), retryable: false }
    } else {
        failure.into()
    }
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
        // The caller may go on after a failure, and must not commit events that are not in the model.
        let backend = begin(pool, tx).await?;
        let (done, holders) = {
            let work = Box::pin(self.step(&mut *tx, append));
            let work = pin!(watched(pool, backend, pool.settings.answer_within, work));
            find_holders(pool, backend, pool.settings.longest_lock_wait, work).await
        };
        // Of a connection that is silent nothing more is asked.
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
        let mut outcomes = self.append_together(&[append]).await?;
        outcomes.pop().ok_or_else(|| unexpected("no outcome"))
    }

    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
        let known = self.pool().names.known();
        // By its id, as two names may mean one category; by its name as long as it has none.
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
