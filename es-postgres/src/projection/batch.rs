//! One batch: the transaction that keeps model and checkpoint consistent.

use std::collections::HashSet;

use es_core::projection::{Batch, Begun, Committed, LetterPlace, Parked, Projection, ProjectorError, Step};
use es_core::record::BoxError;
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};

use super::session::WorkerSession;
use super::target::PostgresTarget;
use super::transaction::{Token, sql, standstill};
use super::values::{count, kept, position};
use crate::connect::columns::{ONLY, letter_list_of, letter_streams};
use crate::connect::failure::{Failure, unexpected};
use crate::read::row::{Columns, required};

/// A transaction that begins with the fence, locks the checkpoint, and moves it at its end.
#[derive(Debug)]
pub struct PostgresBatch<P> {
    target: PostgresTarget<P>,
    session: WorkerSession,
    token: Token,
    /// The statement before the COMMIT, in the same round trip. It fails in any other transaction.
    end: String,
    /// Whether that succeeded and the COMMIT failed, which ended the transaction.
    committing: bool,
    /// The streams whose events are parked because of earlier dead letters.
    parked: HashSet<StreamId>,
}

impl<P: Projection<Model = PgConnection>> PostgresBatch<P> {
    /// Begins a batch, unless another worker has moved the checkpoint.
    pub(super) async fn begin(
        target: PostgresTarget<P>,
        mut session: WorkerSession,
        step: &Step<'_>,
    ) -> Result<Begun<Self, WorkerSession>, StoreError> {
        // The idle timeout is set before anything is locked: even a closed fence leaves the checkpoint's row
        // locked until the transaction ends. Model and checkpoint are lost together or not at all, so the
        // commit need not wait for the disk.
        let path = format!("SET LOCAL search_path = {}", target.search_path());
        let (standstill, locks) = (standstill(&target), target.lock_timeout());
        let settings = [&*standstill, &locks, "SET LOCAL synchronous_commit = off", &path];
        let connection = &mut session.connection;
        let token = Token::begin(connection, &settings).await?;
        let row = target
            .statements()
            .checkpoint_hold
            .call()
            .bind(P::NAME)
            .bind(target.build())
            .bind(step.partition.index().cast_signed())
            .bind(step.partition.of().cast_signed())
            .bind(position(step.from))
            .bind(position(step.to))
            .bind(target.event_here(step.to))
            .bind(kept(step.owner))
            .bind(step.per_second)
            .bind(step.from.event().map(|(_, id)| id))
            .bind(step.epoch.map(u64::cast_signed))
            .fetch_optional(&mut *connection)
            .await
            .map_err(Failure::from)?;
        let Some(row) = row else {
            raw_sql("ROLLBACK").execute(connection).await.map_err(Failure::from)?;
            return Ok(Begun::Overtaken(session));
        };
        let has_letters = row.try_get(ONLY).map_err(unexpected)?;
        let end = end(&target, &token, step);
        let mut batch = Self { target, session, token, end, committing: false, parked: HashSet::new() };
        if has_letters {
            batch.read_parked().await?;
        }
        Ok(Begun::Batch(batch))
    }

    /// Begins a batch that moves no checkpoint. No other batch runs at the same time: it could park a later
    /// event of a stream behind dead letters that are gone by then, and that event would stay parked forever.
    pub(super) async fn begin_letters(
        target: PostgresTarget<P>,
        mut session: WorkerSession,
    ) -> Result<Self, ProjectorError> {
        let db = &mut session.connection;
        let token = Token::begin(db, &[&standstill(&target), &target.lock_timeout()]).await?;
        target.hold_partitions(db).await?;
        sql(db, format!("SET LOCAL search_path = {}", target.search_path())).await?;
        let end = target.check(&token);
        Ok(Self { target, session, token, end, committing: false, parked: HashSet::new() })
    }

    async fn read_parked(&mut self) -> Result<(), StoreError> {
        let call = self.target.letter_statements().streams.call();
        let call = call.bind(P::NAME).bind(self.target.build());
        let rows = call.fetch_all(&mut self.session.connection).await;
        for row in rows.map_err(Failure::from)? {
            let row = Columns(&row);
            let category = required(letter_streams::CATEGORY, row.text(letter_streams::CATEGORY)?)?;
            let key = required(letter_streams::KEY, row.text(letter_streams::KEY)?)?;
            self.parked.insert(StreamId::new(category, key)?);
        }
        Ok(())
    }

    /// Distinguishes a failure of the user's code from one of the connection, and from one of a transaction
    /// that has ended.
    fn failed(&self, failure: Failure) -> Result<BoxError, ProjectorError> {
        if failure.is_lost() || failure.is_of_ended_transaction() {
            self.target.within(Err(failure))
        } else {
            Ok(failure.into())
        }
    }

    async fn command(&mut self, sql: String) -> Result<(), ProjectorError> {
        let done = raw_sql(AssertSqlSafe(sql)).execute(&mut self.session.connection).await;
        self.target.within(done.map(drop))
    }
}

impl<P: Projection<Model = PgConnection>> Batch<P> for PostgresBatch<P> {
    type Session = WorkerSession;

    fn model(&mut self) -> &mut PgConnection {
        &mut self.session.connection
    }

    fn parks_some(&self) -> bool {
        !self.parked.is_empty()
    }

    fn parks(&self, stream: &StreamId) -> bool {
        !self.parked.is_empty() && self.parked.contains(stream)
    }

    async fn park(&mut self, letter: &Parked<'_>) -> Result<(), ProjectorError> {
        let call = self.target.park_letter(letter);
        call.execute(&mut self.session.connection).await.map_err(Failure::from)?;
        if !self.parked.contains(&letter.place.stream) {
            self.parked.insert(letter.place.stream.clone());
        }
        Ok(())
    }

    /// The server turns the COMMIT of a failed transaction into a ROLLBACK and reports success. That happens
    /// after a handler swallowed an SQL error. So another statement is sent in the same round trip, which
    /// fails then.
    async fn commit(mut self) -> Result<Committed<Self, WorkerSession>, ProjectorError> {
        let commit = format!("{}; COMMIT", self.end);
        match raw_sql(AssertSqlSafe(commit)).execute(&mut self.session.connection).await {
            Ok(_) => Ok(Committed::Done(self.session)),
            // Possibly a constraint that is checked at the commit.
            Err(error) => {
                let failure = Failure::from(error);
                self.committing = !failure.is_of_failed_transaction();
                let error = self.failed(failure)?;
                Ok(Committed::Refused(self, error))
            }
        }
    }

    async fn roll_back(mut self) -> Result<WorkerSession, ProjectorError> {
        if self.committing {
            self.command("ROLLBACK".to_owned()).await?;
        } else {
            self.target.roll_back(&mut self.session.connection, &self.token).await?;
        }
        Ok(self.session)
    }

    async fn letters_of(
        &mut self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<LetterPlace>, ProjectorError> {
        let call = self.target.letter_statements().list_of.call().bind(P::NAME).bind(self.target.build());
        let call = call.bind(stream.category()).bind(stream.key());
        let call = call.bind(after.get().cast_signed()).bind(count(limit));
        let read = |row: &PgRow| -> Result<_, StoreError> {
            let row = Columns(row);
            let revision = Revision::new(row.bigint(letter_list_of::REVISION)?);
            let position = Position::new(row.bigint(letter_list_of::POSITION)?);
            Ok(LetterPlace::new(revision, position, row.uuid(letter_list_of::EVENT_ID)?))
        };
        let rows = call.fetch_all(&mut self.session.connection).await.map_err(Failure::from)?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn begin_event(&mut self) -> Result<(), ProjectorError> {
        self.command("SAVEPOINT es_event".to_owned()).await
    }

    async fn end_event(&mut self) -> Result<Option<BoxError>, ProjectorError> {
        let checked = format!("{}; RELEASE SAVEPOINT es_event", self.target.check(&self.token));
        match raw_sql(AssertSqlSafe(checked)).execute(&mut self.session.connection).await {
            Ok(_) => Ok(None),
            Err(error) => self.failed(error.into()).map(Some),
        }
    }

    async fn undo_event(&mut self) -> Result<(), ProjectorError> {
        self.command("ROLLBACK TO SAVEPOINT es_event".to_owned()).await
    }

    async fn remove_letter(&mut self, position: Position) -> Result<(), ProjectorError> {
        let call = self.target.statements().letter_remove.call().bind(P::NAME).bind(self.target.build());
        let call = call.bind(position.get().cast_signed());
        call.execute(&mut self.session.connection).await.map_err(Failure::from)?;
        Ok(())
    }

    async fn keep_letter(&mut self, position: Position, reason: &str) -> Result<(), ProjectorError> {
        let call = self.target.statements().letter_failed.call().bind(P::NAME).bind(self.target.build());
        let call = call.bind(position.get().cast_signed()).bind(kept(reason));
        call.execute(&mut self.session.connection).await.map_err(Failure::from)?;
        Ok(())
    }

    async fn count_letters(&mut self, stream: &StreamId) -> Result<usize, ProjectorError> {
        let call = self.target.letter_statements().count.call().bind(P::NAME).bind(self.target.build());
        let call = call.bind(stream.category()).bind(stream.key());
        let row = call.fetch_one(&mut self.session.connection).await.map_err(Failure::from)?;
        Ok(usize::try_from(Columns(&row).bigint(ONLY)?).unwrap_or(usize::MAX))
    }
}

/// Moves the checkpoint.
fn end<P: Projection<Model = PgConnection>>(
    target: &PostgresTarget<P>,
    token: &Token,
    step: &Step<'_>,
) -> String {
    let (token, build, partition) = (token.as_str(), target.build(), step.partition.index().cast_signed());
    let (to, events) = (position(step.to), count(step.events));
    let event_id = step.to.event().map_or_else(|| "NULL".to_owned(), |(_, id)| format!("'{id}'"));
    // The name consists of letters, digits, `-`, `_` and `.`.
    let name = P::NAME;
    target.text(&format!(
        "SELECT :schema.end_batch('{token}', '{name}', {build}, {partition}, {to}, {event_id}, {events})"
    ))
}
