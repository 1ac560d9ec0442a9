//! One batch: the transaction that contains both model and checkpoint.

use std::collections::HashSet;
use std::marker::PhantomData;

use es_core::projection::{
    Batch, Begun, Committed, LetterPlace, Parked, Partition, Projection, ProjectorError, Step,
};
use es_core::record::BoxError;
use es_core::store::Checkpoint;
use es_core::{Position, Revision, StreamId};
use sqlx::error::DatabaseError;
use sqlx::{SqliteConnection, raw_sql};

use super::cause::{failed, lacks_tables};
use super::session::{SqliteSession, is_ended};
use super::target::SqliteTarget;
use crate::open::files::Identity;
use crate::sql;

/// A transaction that starts with the fence, and moves the checkpoint at its end.
#[derive(Debug)]
pub struct SqliteBatch<P> {
    session: SqliteSession,
    /// Where the checkpoint moves; `None` in a batch for dead letters.
    moves: Option<(Partition, Checkpoint, usize)>,
    /// The streams whose events must wait, because earlier ones are dead letters.
    parked: HashSet<StreamId>,
    projection: PhantomData<fn() -> P>,
}

pub(super) fn position(checkpoint: Checkpoint) -> i64 {
    checkpoint.position().get().cast_signed()
}

pub(super) fn event_id(checkpoint: Checkpoint) -> Option<Vec<u8>> {
    checkpoint.event().map(|(_, id)| id.as_bytes().to_vec())
}

impl<P: Projection<Model = SqliteConnection>> SqliteBatch<P> {
    /// Begins a batch, unless another worker was faster.
    pub(super) async fn begin(
        target: &SqliteTarget<P>,
        mut session: SqliteSession,
        step: &Step<'_>,
    ) -> Result<Begun<Self, SqliteSession>, ProjectorError> {
        if Identity::of(&target.own()).ok() != Some(session.file) {
            // Writes to a file that was removed would be lost.
            session = target.dial().await?;
        }
        session.begin().await?;
        let hold = if step.epoch.is_some() { sql::CHECKPOINT_HOLD_LEASED } else { sql::CHECKPOINT_HOLD };
        let held = sqlx::query_scalar::<_, bool>(hold)
            .bind(step.partition.index())
            .bind(step.partition.of())
            .bind(position(step.from))
            .bind(event_id(step.from))
            .bind(step.owner)
            .bind(step.per_second);
        let held = match step.epoch {
            Some(epoch) => held.bind(epoch.cast_signed()),
            None => held,
        };
        let held = held.fetch_all(&mut session.db).await;
        let held = match held {
            // Dropped: the caller finds out when it reads the checkpoint.
            Err(error) if lacks_tables(&error) => Vec::new(),
            held => held.map_err(failed)?,
        };
        let Some(&has_letters) = held.first() else {
            session.roll_back().await?;
            return Ok(Begun::Overtaken(session));
        };
        let moves = Some((step.partition, step.to, step.events));
        let mut batch = Self { session, moves, parked: HashSet::new(), projection: PhantomData };
        if has_letters {
            batch.read_parked().await?;
        }
        Ok(Begun::Batch(batch))
    }

    /// Begins a batch that does not move the checkpoint.
    pub(super) async fn begin_letters(mut session: SqliteSession) -> Result<Self, ProjectorError> {
        session.begin().await?;
        Ok(Self { session, moves: None, parked: HashSet::new(), projection: PhantomData })
    }

    async fn read_parked(&mut self) -> Result<(), ProjectorError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql::LETTER_STREAMS).fetch_all(&mut self.session.db).await.map_err(failed)?;
        for (category, key) in rows {
            let stream = StreamId::new(category, key).map_err(es_core::StoreError::from)?;
            self.parked.insert(stream);
        }
        Ok(())
    }

    /// Executes a statement that fails if the transaction has ended.
    async fn within(&mut self, statement: &'static str) -> Result<(), ProjectorError> {
        match raw_sql(statement).execute(&mut self.session.db).await {
            Err(error) if is_ended(&error) => Err(SqliteTarget::<P>::ended().into()),
            done => done.map(drop).map_err(failed),
        }
    }

    async fn move_checkpoint(&mut self) -> Result<(), ProjectorError> {
        let Some((partition, to, events)) = self.moves else { return Ok(()) };
        let done = sqlx::query(sql::CHECKPOINT_MOVE)
            .bind(partition.index())
            .bind(position(to))
            .bind(event_id(to))
            .bind(count(events))
            .execute(&mut self.session.db)
            .await
            .map_err(failed)?;
        // The row is missing if a handler has dropped the table.
        if done.rows_affected() == 1 { Ok(()) } else { Err(ProjectorError::not_set_up::<P>()) }
    }
}

fn violates_foreign_key(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation)
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl<P: Projection<Model = SqliteConnection>> Batch<P> for SqliteBatch<P> {
    type Session = SqliteSession;

    fn model(&mut self) -> &mut SqliteConnection {
        &mut self.session.db
    }

    fn parks_some(&self) -> bool {
        !self.parked.is_empty()
    }

    fn parks(&self, stream: &StreamId) -> bool {
        !self.parked.is_empty() && self.parked.contains(stream)
    }

    async fn park(&mut self, letter: &Parked<'_>) -> Result<(), ProjectorError> {
        let place = letter.place;
        sqlx::query(sql::LETTER_PARK)
            .bind(place.position.get().cast_signed())
            .bind(place.stream.category())
            .bind(place.stream.key())
            .bind(place.revision.get().cast_signed())
            .bind(letter.event)
            .bind(letter.attempts)
            .bind(letter.reason)
            .execute(&mut self.session.db)
            .await
            .map_err(failed)?;
        if !self.parked.contains(&place.stream) {
            self.parked.insert(place.stream.clone());
        }
        Ok(())
    }

    async fn commit(mut self) -> Result<Committed<Self, SqliteSession>, ProjectorError> {
        self.within("RELEASE es_batch").await?;
        self.move_checkpoint().await?;
        match self.session.commit().await {
            Ok(()) => Ok(Committed::Done(self.session)),
            // A foreign key that is checked at the commit leaves the transaction open.
            Err(error) if violates_foreign_key(&error) => Ok(Committed::Refused(self, error.into())),
            Err(error) => Err(failed(error)),
        }
    }

    async fn roll_back(mut self) -> Result<SqliteSession, ProjectorError> {
        self.session.roll_back().await?;
        if self.session.tried_to_commit() {
            return Err(SqliteTarget::<P>::ended().into());
        }
        Ok(self.session)
    }

    async fn letters_of(
        &mut self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<LetterPlace>, ProjectorError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(sql::LETTER_LIST_OF)
            .bind(stream.category())
            .bind(stream.key())
            .bind(after.get().cast_signed())
            .bind(count(limit))
            .fetch_all(&mut self.session.db)
            .await
            .map_err(failed)?;
        let place = |(revision, position): (i64, i64)| {
            let revision = Revision::new(revision.cast_unsigned());
            LetterPlace::new(revision, Position::new(position.cast_unsigned()), None)
        };
        Ok(rows.into_iter().map(place).collect())
    }

    async fn begin_event(&mut self) -> Result<(), ProjectorError> {
        self.within("SAVEPOINT es_event").await
    }

    async fn end_event(&mut self) -> Result<Option<BoxError>, ProjectorError> {
        self.within("RELEASE es_event").await.map(|()| None)
    }

    async fn undo_event(&mut self) -> Result<(), ProjectorError> {
        self.within("ROLLBACK TO es_event; RELEASE es_event").await
    }

    async fn remove_letter(&mut self, position: Position) -> Result<(), ProjectorError> {
        let call = sqlx::query(sql::LETTER_REMOVE).bind(position.get().cast_signed());
        call.execute(&mut self.session.db).await.map_err(failed)?;
        Ok(())
    }

    async fn keep_letter(&mut self, position: Position, reason: &str) -> Result<(), ProjectorError> {
        let call = sqlx::query(sql::LETTER_FAILED).bind(position.get().cast_signed()).bind(reason);
        call.execute(&mut self.session.db).await.map_err(failed)?;
        Ok(())
    }

    async fn count_letters(&mut self, stream: &StreamId) -> Result<usize, ProjectorError> {
        let call = sqlx::query_scalar::<_, i64>(sql::LETTER_COUNT).bind(stream.category()).bind(stream.key());
        let found = call.fetch_one(&mut self.session.db).await.map_err(failed)?;
        Ok(usize::try_from(found).unwrap_or(usize::MAX))
    }
}
