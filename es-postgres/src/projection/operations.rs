//! What is done to a projection as a whole.

use es_core::{Position, Projection, StreamId};
use sqlx::PgConnection;

use super::error::ProjectorError;
use super::letters::{DeadLetter, Retried};
use super::projector::Projector;
use super::status::ProjectionStatus;

/// How many letters are listed, unless it is said how many.
const FIRST_LETTERS: usize = 1_000;

impl<P: Projection<Model = PgConnection>> Projector<P> {
    /// Makes the tables and the checkpoints, unless they are there. [`run`](Self::run) and
    /// [`catch_up`](Self::catch_up) begin with it. Views for readers that a restore has left out are made
    /// anew.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`]; nothing was made then. [`ProjectorError::TablesMissing`] where checkpoints are
    /// there without tables.
    pub async fn prepare(&self) -> Result<(), ProjectorError> {
        self.target.prepare().await
    }

    /// Divides the projection into another number of parts, at least one. Workers that run with the old
    /// number stop with [`ProjectorError::Parts`].
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Uneven`] unless all parts stand at one position: call [`catch_up`](Self::catch_up)
    /// before, with the old number and no event coming in; and one that is inline needs no program that
    /// appends. [`ProjectorError::NotSetUp`].
    pub async fn repartition(&self, parts: u32) -> Result<(), ProjectorError> {
        self.target.repartition(parts).await
    }

    /// Shows this revision to readers, in one transaction, unless they see it or a later one already.
    ///
    /// The views in the schema of the projection, such as `es_balances`, then stand for the tables of this
    /// revision. A view whose columns change is made anew, and loses its privileges: give those with ALTER
    /// DEFAULT PRIVILEGES IN SCHEMA. Columns that are added at the end change nothing for what depends on the
    /// view. Other objects in that schema are left alone.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Behind`] when it has not come as far as the revision that readers see.
    /// [`ProjectorError::NotOurs`] when something else has the name of a view, [`ProjectorError::InUse`] when
    /// something depends on a view that has to be made anew, [`ProjectorError::ForeignSchema`] when the views
    /// are another role's.
    pub async fn publish(&self) -> Result<(), ProjectorError> {
        self.target.publish().await
    }

    /// Drops what is kept of a revision: its tables, checkpoints and dead letters. To be called once nobody
    /// runs it any more.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::Live`] of the revision that readers see, unless its tables are missing;
    /// [`ProjectorError::InUse`] when something outside of its schema depends on its tables,
    /// [`ProjectorError::ForeignSchema`] when they are another role's.
    pub async fn drop_revision(&self, rev: u32) -> Result<(), ProjectorError> {
        self.target.drop_revision(rev).await
    }

    /// How far it has come, as the database knows it, whichever program runs it.
    ///
    /// # Errors
    ///
    /// [`ProjectorError::NotSetUp`] before it ran for the first time.
    pub async fn status(&self) -> Result<ProjectionStatus, ProjectorError> {
        self.target.status().await
    }

    /// The events that were put aside, in the order of their positions: the first 1,000 of them.
    /// [`dead_letters_after`](Self::dead_letters_after) lists the others, and
    /// [`status`](Self::status) says how many there are.
    ///
    /// # Errors
    ///
    /// [`StoreError`](es_core::StoreError) of the server.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.target.dead_letters(Position::default(), FIRST_LETTERS).await
    }

    /// The events after a position that were put aside, at most `limit` of them, in the order of their
    /// positions.
    ///
    /// ```no_run
    /// # use es_core::{Position, Projection};
    /// # use es_postgres::{Projector, ProjectorError};
    /// # async fn list<P: Projection<Model = sqlx::PgConnection>>(
    /// #     projector: Projector<P>,
    /// # ) -> Result<(), ProjectorError> {
    /// let mut after = Position::default();
    /// loop {
    ///     let letters = projector.dead_letters_after(after, 500).await?;
    ///     let Some(last) = letters.last() else { break };
    ///     after = last.position;
    ///     for letter in letters {
    ///         println!("{} at {}: {}", letter.event, letter.position, letter.reason);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`](es_core::StoreError) of the server.
    pub async fn dead_letters_after(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ProjectorError> {
        self.target.dead_letters(after, limit).await
    }

    /// Tries the dead letters of a stream again, in their order, up to the first that fails. Once none is
    /// left, later events of the stream are projected as ever.
    ///
    /// # Errors
    ///
    /// [`StoreError`](es_core::StoreError) of the server. That an event cannot be taken again is no error,
    /// but [`Retried::left`]. Where something else is in the way, which is not the event's fault, the
    /// letters stay as they are: [`ProjectorError::Failed`] of what passes or needs a newer program,
    /// [`ProjectorError::NotReady`].
    pub async fn retry(&self, stream: &StreamId) -> Result<Retried, ProjectorError> {
        self.target.retry(stream).await
    }

    /// Drops one dead letter: its event will not be in the model. Says whether it was there. Those behind it
    /// stay; [`retry`](Self::retry) them.
    ///
    /// # Errors
    ///
    /// [`StoreError`](es_core::StoreError) of the server.
    pub async fn discard(&self, letter: &DeadLetter) -> Result<bool, ProjectorError> {
        self.target.discard(letter).await
    }
}
