//! What the append functions return.

mod outcome;
mod record;

use std::sync::Arc;

use es_core::store::{Append, AppendOutcome, Appended, CommandOutcome, CommandRecord, Remembered};
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use self::outcome::Outcome;
use self::record::Record;
use crate::connect::columns::{command, decision};
use crate::connect::failure::{CallError, unexpected};
use crate::connect::statements::Statements;

/// The outcome of one append, of a chain of appends in a batch, or of a decision.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// Of all events.
    positions: Vec<Position>,
    recorded_at: Option<OffsetDateTime>,
    revision: Option<i64>,
    event_count: Option<i64>,
    body_hash: Option<i64>,
    /// Of the command that was executed first; read separately by [`name`](Self::name).
    command_name: Option<Arc<str>>,
    /// Whether that command was rejected; read together with its name.
    rejected: bool,
}

impl Answer {
    const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            positions: Vec::new(),
            recorded_at: None,
            revision: None,
            event_count: None,
            body_hash: None,
            command_name: None,
            rejected: false,
        }
    }

    /// Reads the answer of `append_many` or `append`.
    pub(crate) fn read(row: &PgRow) -> Result<Self, StoreError> {
        Self::of_append(row, |record| record.field::<Option<Vec<i64>>>().map(Option::unwrap_or_default))
    }

    /// Reads the answer of `append_one`.
    pub(crate) fn read_one(row: &PgRow) -> Result<Self, StoreError> {
        Self::of_append(row, |record| record.field::<Option<i64>>().map(Vec::from_iter))
    }

    fn of_append(
        row: &PgRow,
        positions: impl FnOnce(&mut Record<'_>) -> Result<Vec<i64>, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut record = Record::of(row)?;
        let mut answer = Self::new(Outcome::of(&record.field::<String>()?)?);
        answer.positions = positions(&mut record)?.into_iter().map(position).collect();
        answer.recorded_at = record.field()?;
        // A stored append returns no further fields.
        if answer.outcome != Outcome::Appended {
            answer.refused(&mut record)?;
        }
        Ok(answer)
    }

    /// Reads the answer of `remember`.
    pub(crate) fn read_decision(row: &PgRow) -> Result<Self, StoreError> {
        let mut record = Record::of(row)?;
        let mut answer = Self::new(Outcome::of(&record.field::<String>()?)?);
        answer.refused(&mut record)?;
        Ok(answer)
    }

    /// Why nothing was written.
    fn refused(&mut self, record: &mut Record<'_>) -> Result<(), StoreError> {
        self.revision = record.field()?;
        self.event_count = record.field()?;
        self.body_hash = record.field()?;
        Ok(())
    }

    /// Reads the answer of `append_all`; `counts` is the number of events in each append.
    pub(crate) fn read_all(row: &PgRow, counts: &[usize]) -> Result<Vec<Self>, StoreError> {
        let mut record = Record::of(row)?;
        let mut answers = Self::of_each(&mut record, counts)?;
        let numbers = |record: &mut Record<'_>| record.field::<Option<Vec<Option<i64>>>>();
        let (counts, body_hashes) = (numbers(&mut record)?, numbers(&mut record)?);
        let numbers = counts.into_iter().flatten().zip(body_hashes.into_iter().flatten());
        for (answer, (event_count, body_hash)) in answers.iter_mut().zip(numbers) {
            (answer.event_count, answer.body_hash) = (event_count, body_hash);
        }
        Ok(answers)
    }

    /// Reads the answer of `append_batch`; `counts` is the number of events in each chain.
    pub(crate) fn read_batch(row: &PgRow, counts: &[usize]) -> Result<Vec<Self>, StoreError> {
        Self::of_each(&mut Record::of(row)?, counts)
    }

    /// Reads one element for each append, and the positions of all events in one array. Fails unless each
    /// appended event has a position.
    fn of_each(record: &mut Record<'_>, counts: &[usize]) -> Result<Vec<Self>, StoreError> {
        let incomplete = || unexpected("the answer does not cover every append");
        let outcomes: Option<Vec<String>> = record.field()?;
        let positions: Vec<i64> = record.field::<Option<_>>()?.unwrap_or_default();
        let recorded_at = record.field()?;
        let revisions: Option<Vec<Option<i64>>> = record.field()?;
        // Without outcomes, all were appended.
        if outcomes.as_ref().is_some_and(|outcomes| outcomes.len() != counts.len()) {
            return Err(incomplete());
        }
        let mut outcomes = outcomes.into_iter().flatten();
        let mut revisions = revisions.into_iter().flatten();
        let mut positions = positions.into_iter().map(position);
        let mut answers = Vec::with_capacity(counts.len());
        for count in counts {
            let outcome = outcomes.next().map_or(Ok(Outcome::Appended), |word| Outcome::of(&word))?;
            let mut answer = Self { recorded_at, revision: revisions.next().flatten(), ..Self::new(outcome) };
            if answer.outcome == Outcome::Appended {
                answer.positions.extend(positions.by_ref().take(*count));
            }
            answers.push(answer);
        }
        if positions.next().is_some() { Err(incomplete()) } else { Ok(answers) }
    }

    /// Reads the name of the command that was executed first, if there was one: the functions do not return
    /// it.
    pub(crate) async fn name(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
        stream: &StreamId,
        command: Option<CommandRecord<'_>>,
    ) -> Result<(), CallError> {
        if let (Some(command), Outcome::Repeated) = (command, &self.outcome) {
            let found = command_of(connection, statements, stream, command.key.id, self.event_count()?);
            (self.command_name, self.rejected) = Box::pin(found).await?;
        }
        Ok(())
    }

    fn event_count(&self) -> Result<u64, StoreError> {
        let count = self.event_count.map(u64::try_from);
        count
            .transpose()
            .ok()
            .flatten()
            .ok_or_else(|| unexpected("a repeated command without the number of its events"))
    }

    /// The conflicting revision of the stream, or the revision of the command's first event.
    pub(crate) fn revision(&self) -> Result<Revision, StoreError> {
        let number = self.revision.map(u64::try_from).transpose().ok().flatten();
        number.map(Revision::new).ok_or_else(|| unexpected("the answer has no revision"))
    }

    /// The positions of an append of this many events, and the time at which they were stored.
    pub(crate) fn appended(self, events: usize) -> Result<Appended, StoreError> {
        match self {
            Self { positions, recorded_at: Some(recorded_at), .. } if positions.len() == events => {
                Ok(Appended::new(positions, recorded_at))
            }
            _ => Err(unexpected("the answer to an append lacks the positions or the time of its events")),
        }
    }

    /// The stored outcome of a repeated command.
    fn repeated(
        self,
        stream: &StreamId,
        command: Option<CommandRecord<'_>>,
    ) -> Result<CommandOutcome, StoreError> {
        let (first, count) = (self.revision()?, self.event_count()?);
        let outcome = CommandOutcome::new(first, count)
            .rejected(self.rejected)
            .body_hash(self.body_hash)
            .name(self.command_name);
        if let Some(command) = command {
            outcome.check(stream, command)?;
        }
        Ok(outcome)
    }

    /// Converts this answer to the outcome of its append.
    pub(crate) fn of(self, append: &Append<'_>) -> Result<AppendOutcome, StoreError> {
        match self.outcome {
            Outcome::Appended => Ok(AppendOutcome::Appended(self.appended(append.events.len())?)),
            Outcome::Conflict => Ok(AppendOutcome::Conflict { actual: self.revision()? }),
            Outcome::Repeated => Ok(AppendOutcome::Repeated(self.repeated(append.stream, append.command)?)),
            Outcome::NotWritten => Ok(AppendOutcome::NotWritten),
            Outcome::Closed => Err(StoreError::StreamClosed { stream: append.stream.clone() }),
            Outcome::IsolationLevel(found) => Err(StoreError::IsolationLevel { found }),
            other => Err(unexpected(format!("the append was answered with {other:?}"))),
        }
    }

    /// Converts this answer to the outcome of its decision.
    pub(crate) fn of_decision(
        self,
        stream: &StreamId,
        command: CommandRecord<'_>,
    ) -> Result<Remembered, StoreError> {
        match self.outcome {
            Outcome::Remembered => Ok(Remembered::Kept),
            Outcome::Conflict => Ok(Remembered::Conflict { actual: self.revision()? }),
            Outcome::Repeated => Ok(Remembered::Repeated(self.repeated(stream, Some(command))?)),
            Outcome::Held => Err(later("another transaction is creating the stream")),
            Outcome::IsolationLevel(found) => Err(StoreError::IsolationLevel { found }),
            other => Err(unexpected(format!("the decision was answered with {other:?}"))),
        }
    }
}

const fn position(number: i64) -> Position {
    Position::new(number.cast_unsigned())
}

/// The name of a command that was executed or decided before, and whether it was rejected. Its outcome may
/// have been pruned in the meantime.
pub(crate) async fn command_of(
    connection: &mut PgConnection,
    statements: &Statements,
    stream: &StreamId,
    id: Uuid,
    count: u64,
) -> Result<(Option<Arc<str>>, bool), CallError> {
    let statement = if count == 0 { &statements.decision } else { &statements.command_name };
    let call = statement.call().bind(stream.category()).bind(stream.key()).bind(id);
    match call.fetch_optional(connection).await? {
        Some(row) => {
            let rejected = count == 0 && row.try_get(decision::REJECTED)?;
            Ok((Some(row.try_get::<&str, _>(command::NAME)?.into()), rejected))
        }
        None if count == 0 => Err(later("the outcome of the command is being pruned").into()),
        None => Ok((None, false)),
    }
}

/// A retryable error, for a call that ran into a concurrent change.
pub(crate) fn later(source: &'static str) -> StoreError {
    StoreError::Backend { source: source.into(), retryable: true }
}
