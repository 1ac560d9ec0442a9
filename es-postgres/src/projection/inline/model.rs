//! Projects the events of an append into the model.

use es_core::StoreError;
use es_core::projection::{Cause, Projection, ProjectionFailure, ProjectorError, project};
use es_core::record::{BoxError, DecodeError, EventPlace, RawEvent};
use es_core::store::{Append, AppendIn, AppendOutcome, Appended};
use sqlx::{PgConnection, Row, raw_sql};

use super::{Inline, UNDO};
use crate::connect::columns::search_path;
use crate::connect::failure::{Failure, unexpected};
use crate::projection::cause::cause_of_error;
use crate::projection::target::PostgresTarget;
use crate::projection::transaction::Token;
use crate::write::columns;

/// The events of an append that the projection handles, and the place of the last one.
struct HandledEvents<P: Projection> {
    events: Vec<P::Event>,
    last: EventPlace,
}

/// The settings of a transaction before they were changed for a handler.
struct SavedSettings {
    token: Token,
    search_path: String,
    lock_timeout: String,
}

impl<P: Projection<Model = PgConnection>, S: AppendIn<PgConnection>> Inline<P, S> {
    /// Appends, and projects the events into the model.
    pub(super) async fn step(
        &self,
        tx: &mut PgConnection,
        append: Append<'_>,
    ) -> Result<AppendOutcome, StoreError> {
        let outcome = self.store.append_in(tx, append).await?;
        if let AppendOutcome::Appended(done) = &outcome {
            self.project(tx, &append, done).await?;
        }
        Ok(outcome)
    }

    async fn project(
        &self,
        tx: &mut PgConnection,
        append: &Append<'_>,
        done: &Appended,
    ) -> Result<(), StoreError> {
        let Some(HandledEvents { events, last }) = HandledEvents::<P>::of(append, done)? else {
            return Ok(());
        };
        let before = self.set(tx).await?;
        if let Err(source) = project(&*self.projection, &events, tx).await {
            // Ensures that the events are undone together with the handler's changes.
            undo::<P>(tx).await?;
            return Err(self.refused(last, source));
        }
        match self.restore(tx, before).await {
            Err(failure) if failure.is_of_failed_transaction() => {
                // The handler swallowed an SQL error. Ensures that this happened in this transaction.
                undo::<P>(tx).await?;
                Err(self.refused(last, failure.into()))
            }
            done => done.map_err(unfinished::<P>),
        }
    }

    /// Changes the settings of the transaction for a handler.
    async fn set(&self, tx: &mut PgConnection) -> Result<SavedSettings, StoreError> {
        let token = Token::new();
        let call = self.target.statements().search_path.call();
        let call = call.bind(self.target.search_path()).bind(token.as_str());
        let call = call.bind(self.pool().settings.lock_timeout());
        let set = call.fetch_one(tx).await.map_err(Failure::from)?;
        let search_path = set.try_get(search_path::PATH).map_err(unexpected)?;
        let lock_timeout = set.try_get(search_path::LOCK_TIMEOUT).map_err(unexpected)?;
        Ok(SavedSettings { token, search_path, lock_timeout })
    }

    async fn restore(&self, tx: &mut PgConnection, before: SavedSettings) -> Result<(), Failure> {
        let SavedSettings { token, search_path, lock_timeout } = before;
        let call = self.target.statements().search_path_back.call();
        call.bind(search_path).bind(token.as_str()).bind(lock_timeout).execute(tx).await?;
        Ok(())
    }

    /// The error of an append that could not be projected.
    fn refused(&self, place: EventPlace, source: BoxError) -> StoreError {
        let cause = Cause::of(&source, cause_of_error);
        let failure = ProjectionFailure::of::<P>(place, source, cause);
        match cause {
            Cause::Passing => StoreError::Backend { source: Box::new(failure), retryable: true },
            Cause::Session => StoreError::Unavailable { source: Box::new(failure) },
            Cause::Setup => {
                let stopped = ProjectorError::stopped(failure, || self.target.remedy());
                StoreError::Setup { source: Box::new(stopped) }
            }
            _ => StoreError::Backend { source: Box::new(failure), retryable: false },
        }
    }
}

impl<P: Projection> HandledEvents<P> {
    /// Returns `None` if the projection handles none of the events.
    fn of(append: &Append<'_>, done: &Appended) -> Result<Option<Self>, StoreError> {
        let mut revision = append.expected;
        let mut last = None;
        let mut events = Vec::with_capacity(append.events.len());
        for (event, position) in append.events.iter().zip(&done.positions) {
            revision = revision.next();
            let metadata = event.metadata.to_json();
            let (place, named) = ((revision, *position), (event.name, event.version));
            let raw = RawEvent::new(append.stream, place, event.id, named, &event.payload, done.recorded_at)
                .occurred(columns::occurred(&event.metadata))
                .correlation_id(event.metadata.correlation_id)
                .causation_id(event.metadata.causation_id)
                .metadata_json(metadata.as_deref());
            if let Some(event) = DecodeError::guard(&raw, || P::decode(&raw))? {
                events.push(event);
                last = Some(EventPlace::new(&raw));
            }
        }
        Ok(last.map(|last| Self { events, last }))
    }
}

async fn undo<P: Projection<Model = PgConnection>>(tx: &mut PgConnection) -> Result<(), StoreError> {
    match raw_sql(UNDO).execute(tx).await {
        Ok(_) => Ok(()),
        Err(error) => Err(unfinished::<P>(error.into())),
    }
}

/// Converts a failure after a handler: it may have ended the transaction; any other failure is one of the
/// server.
fn unfinished<P: Projection<Model = PgConnection>>(failure: Failure) -> StoreError {
    if failure.is_of_ended_transaction() {
        StoreError::Backend { source: Box::new(PostgresTarget::<P>::ended()), retryable: false }
    } else {
        failure.into()
    }
}
