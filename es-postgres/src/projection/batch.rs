//! One batch: the transaction that holds model and checkpoint together.

use std::any::Any;
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;

use es_core::{BoxError, Checkpoint, EventPlace, Part, Projection, StoreError, StreamId};
use futures_util::FutureExt;
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};

use super::error::ProjectorError;
use super::target::Target;
use super::transaction::Token;
use crate::connect::columns::{ONLY, letter_streams};
use crate::connect::failure::{Failure, unexpected};
use crate::read::row::{Columns, required};

/// Fails in a failed transaction.
pub(super) const COMMIT: &str = "SELECT; COMMIT";

/// A transaction that begins with the fence, holds the checkpoint, and moves it at its end.
pub(super) struct Batch<'a, P> {
    target: &'a Target<P>,
    token: Token,
    /// What comes before the COMMIT, in the same round trip. Fails in any other transaction.
    end: String,
    /// Whether it passed that, and failed at the COMMIT, which has ended it.
    committing: bool,
    pub(super) connection: &'a mut PgConnection,
    /// The streams whose events have to wait behind dead letters.
    parked: HashSet<StreamId>,
}

/// From where to where a batch goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) from: Checkpoint,
    pub(super) to: Checkpoint,
    pub(super) events: usize,
    pub(super) per_second: f64,
}

/// What the user's code made of events.
pub(super) enum Projected {
    Done,
    Failed(BoxError),
}

impl<'a, P: Projection<Model = PgConnection>> Batch<'a, P> {
    /// Begins; `None` where another worker was faster.
    pub(super) async fn begin(
        target: &'a Target<P>,
        connection: &'a mut PgConnection,
        part: Part,
        step: Move,
    ) -> Result<Option<Self>, StoreError> {
        // Before anything is locked the transaction learns when the server is to end it, if its worker stands
        // still: even a fence that is closed leaves the checkpoint's row locked until the transaction ends.
        // Model and checkpoint are lost together or not at all, so the commit need not wait for the disk.
        let path = format!("SET LOCAL search_path = {}", target.search_path());
        let (standstill, locks) = (standstill(target), target.lock_timeout());
        let settings = [&*standstill, &locks, "SET LOCAL synchronous_commit = off", &path];
        let token = Token::begin(connection, &settings).await?;
        let options = &target.options;
        let row = target
            .statements()
            .checkpoint_hold
            .call()
            .bind(P::NAME)
            .bind(target.rev())
            .bind(part.index().cast_signed())
            .bind(part.of().cast_signed())
            .bind(position(step.from))
            .bind(position(step.to))
            .bind(step.to.event().map(|(_, id)| id))
            .bind(&options.owner)
            .bind(step.per_second)
            .bind(step.from.event().map(|(_, id)| id))
            .fetch_optional(&mut *connection)
            .await
            .map_err(Failure::from)?;
        let Some(row) = row else {
            raw_sql("ROLLBACK").execute(connection).await.map_err(Failure::from)?;
            return Ok(None);
        };
        let end = end(target, &token, part, step);
        let mut batch = Self { target, token, end, committing: false, connection, parked: HashSet::new() };
        if row.try_get(ONLY).map_err(unexpected)? {
            batch.read_parked().await?;
        }
        Ok(Some(batch))
    }

    /// In a transaction that moves no checkpoint.
    pub(super) fn within(target: &'a Target<P>, connection: &'a mut PgConnection, token: Token) -> Self {
        let end = target.check(&token);
        Self { target, token, end, committing: false, connection, parked: HashSet::new() }
    }

    async fn read_parked(&mut self) -> Result<(), StoreError> {
        let call = self.target.statements().letter_streams.call();
        let rows = call.bind(P::NAME).bind(self.target.rev()).fetch_all(&mut *self.connection).await;
        for row in rows.map_err(Failure::from)? {
            let row = Columns(&row);
            let category = required(letter_streams::CATEGORY, row.text(letter_streams::CATEGORY)?)?;
            let key = required(letter_streams::KEY, row.text(letter_streams::KEY)?)?;
            self.parked.insert(StreamId::new(category, key)?);
        }
        Ok(())
    }

    /// Whether the events of a stream have to wait.
    pub(super) fn parks(&self, stream: &StreamId) -> bool {
        !self.parked.is_empty() && self.parked.contains(stream)
    }

    /// Whether there is any such stream.
    pub(super) fn parks_some(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Takes events into the model.
    pub(super) async fn project(&mut self, events: &[P::Event]) -> Result<(), BoxError> {
        run(&*self.target.projection, events, self.connection).await
    }

    /// The same of one event, undone if it fails.
    pub(super) async fn try_project(&mut self, event: &P::Event) -> Result<Projected, ProjectorError> {
        self.command("SAVEPOINT es_event".to_owned()).await?;
        let error = match self.project(std::slice::from_ref(event)).await {
            Err(error) => error,
            Ok(()) => {
                let checked = format!("{}; RELEASE SAVEPOINT es_event", self.target.check(&self.token));
                match raw_sql(AssertSqlSafe(checked)).execute(&mut *self.connection).await {
                    Ok(_) => return Ok(Projected::Done),
                    Err(error) => self.failed(error.into())?,
                }
            }
        };
        self.command("ROLLBACK TO SAVEPOINT es_event".to_owned()).await?;
        Ok(Projected::Failed(error))
    }

    /// Puts an event aside, and all later ones of its stream behind it.
    pub(super) async fn park(
        &mut self,
        place: &EventPlace,
        attempts: u32,
        reason: &str,
    ) -> Result<(), StoreError> {
        let call = self.target.statements().letter_park.call();
        let call = call.bind(P::NAME).bind(self.target.rev()).bind(place.position.get().cast_signed());
        let attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
        call.bind(attempts).bind(kept(reason)).execute(&mut *self.connection).await.map_err(Failure::from)?;
        if !self.parked.contains(&place.stream) {
            self.parked.insert(place.stream.clone());
        }
        Ok(())
    }

    /// Takes events into the model and commits, if none fails. The server turns the COMMIT of a failed
    /// transaction into a ROLLBACK and calls that a success, so it is asked for something else in the same
    /// round trip, which fails then: where a handler swallowed an error of SQL.
    pub(super) async fn project_and_commit(
        &mut self,
        events: &[P::Event],
    ) -> Result<Projected, ProjectorError> {
        if !events.is_empty()
            && let Err(error) = self.project(events).await
        {
            return Ok(Projected::Failed(error));
        }
        let commit = format!("{}; COMMIT", self.end);
        match raw_sql(AssertSqlSafe(commit)).execute(&mut *self.connection).await {
            Ok(_) => Ok(Projected::Done),
            // Or a constraint that is checked at the commit.
            Err(error) => {
                let failure = Failure::from(error);
                self.committing = !failure.is_of_failed_transaction();
                self.failed(failure).map(Projected::Failed)
            }
        }
    }

    /// Tells a failure of the user's code from one of the connection, and from one of a transaction that has
    /// ended.
    fn failed(&self, failure: Failure) -> Result<BoxError, ProjectorError> {
        if failure.is_lost() || failure.is_of_ended_transaction() {
            self.target.within(Err(failure))
        } else {
            Ok(failure.into())
        }
    }

    pub(super) async fn commit(mut self) -> Result<(), ProjectorError> {
        let commit = format!("{}; COMMIT", self.end);
        self.command(commit).await
    }

    pub(super) async fn roll_back(mut self) -> Result<(), ProjectorError> {
        if self.committing {
            return self.command("ROLLBACK".to_owned()).await;
        }
        self.target.roll_back(self.connection, &self.token).await
    }

    async fn command(&mut self, sql: String) -> Result<(), ProjectorError> {
        self.target.within(raw_sql(AssertSqlSafe(sql)).execute(&mut *self.connection).await.map(drop))
    }
}

/// Runs the user's code. A panic in it is a failure like another.
pub(super) async fn run<P: Projection>(
    projection: &P,
    events: &[P::Event],
    model: &mut P::Model,
) -> Result<(), BoxError> {
    let done = AssertUnwindSafe(projection.project_all(events, model)).catch_unwind().await;
    match done {
        Ok(done) => done.map_err(Into::into),
        Err(panic) => Err(panicked(&*panic)),
    }
}

/// The error that a panic in the user's code is.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> BoxError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message")).into()
}

/// Moves the checkpoint.
fn end<P: Projection<Model = PgConnection>>(
    target: &Target<P>,
    token: &Token,
    part: Part,
    step: Move,
) -> String {
    let (token, rev, part) = (token.as_str(), target.rev(), part.index().cast_signed());
    let (to, events) = (position(step.to), count(step.events));
    let event_id = step.to.event().map_or_else(|| "NULL".to_owned(), |(_, id)| format!("'{id}'"));
    // The name is of letters, digits and `_`.
    let name = P::NAME;
    target.text(&format!(
        "SELECT :schema.end_batch('{token}', '{name}', {rev}, {part}, {to}, {event_id}, {events})"
    ))
}

/// When the server is to end a transaction of which its program takes no notice any more.
pub(super) fn standstill<P>(target: &Target<P>) -> String {
    let longest = target.options.standstill.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    format!("SET LOCAL idle_in_transaction_session_timeout = {longest}")
}

pub(super) const fn position(checkpoint: Checkpoint) -> i64 {
    checkpoint.position().get().cast_signed()
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A reason as the server can keep it: text without NUL characters.
pub(super) fn kept(reason: &str) -> String {
    reason.replace('\0', "")
}
