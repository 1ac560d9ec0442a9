//! The outcome of an append, and the rows that it inserts: the same in the lane and in a caller's
//! transaction.

use es_core::record::stored_now;
use es_core::store::{AppendOutcome, Appended, CommandOutcome, CommandRecord, Remembered};
use es_core::time::OffsetDateTime;
use es_core::{Position, Revision, StoreError, StreamId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::known::Known;
use super::part::{Command, Decided, NewRow, Part, micros};
use super::rows::{CommandRow, EventRow, Rows, StreamRow};
use super::standing::{Key, Standing, Standings};
use crate::checksum::Fields;
use crate::error::Failure;

/// What prevents a write.
pub(crate) enum Obstacle {
    Repeated(CommandOutcome),
    Conflict { actual: Revision },
}

/// What a call would write to the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    Events,
    /// Only to the command ledger, if at all; a closed stream accepts that.
    Outcome,
}

/// The command ledger comes first: the repetition of an executed command is never a conflict.
fn obstacle(
    standing: &Standing,
    stream: &StreamId,
    (expected, head): (Revision, Option<Uuid>),
    command: Option<CommandRecord<'_>>,
    writes: Writes,
) -> Result<Option<Obstacle>, StoreError> {
    if let Some(command) = command
        && let Some(outcome) = standing.commands.get(&command.key.id)
    {
        outcome.check(stream, command)?;
        return Ok(Some(Obstacle::Repeated(outcome.clone())));
    }
    if standing.closed && writes == Writes::Events {
        return Err(StoreError::StreamClosed { stream: stream.clone() });
    }
    let actual = standing.revision;
    let other = actual != expected || head.is_some_and(|head| standing.head != Some(head));
    Ok(other.then_some(Obstacle::Conflict { actual }))
}

/// One transaction's writes, before they are inserted.
pub(crate) struct Plan<'a> {
    pub(crate) connection: &'a mut SqliteConnection,
    pub(crate) known: &'a mut Known,
    pub(crate) standings: Standings,
    pub(crate) rows: Rows,
    pub(crate) recorded_at: OffsetDateTime,
}

impl<'a> Plan<'a> {
    /// Nothing is written yet, on streams that stand like this.
    pub(crate) fn new(
        connection: &'a mut SqliteConnection,
        known: &'a mut Known,
        standings: Standings,
    ) -> Self {
        Self { connection, known, standings, rows: Rows::default(), recorded_at: stored_now() }
    }
}

impl Plan<'_> {
    /// The outcomes of a call; all of its appends are written, or none.
    pub(crate) async fn append(
        &mut self,
        parts: Vec<Part>,
    ) -> Result<Result<Vec<AppendOutcome>, StoreError>, Failure> {
        let mut obstacles = Vec::with_capacity(parts.len());
        for Part { stream, expected, head, command, events } in &parts {
            let standing = self.standings.of(Key::new(self.known, stream));
            let command = command.as_ref().map(Command::record);
            let writes = if events.is_empty() { Writes::Outcome } else { Writes::Events };
            match obstacle(standing, stream, (*expected, *head), command, writes) {
                Ok(found) => obstacles.push(found),
                Err(error) => return Ok(Err(error)),
            }
        }
        if obstacles.iter().any(Option::is_some) {
            return Ok(Ok(obstacles.into_iter().map(outcome).collect()));
        }
        let mut outcomes = Vec::with_capacity(parts.len());
        for part in parts {
            let appended = match part {
                part if part.events.is_empty() => self.note(part).await?,
                part => self.write(part).await?,
            };
            outcomes.push(AppendOutcome::Appended(appended));
        }
        Ok(Ok(outcomes))
    }

    /// The outcome of a decision without events.
    pub(crate) async fn remember(
        &mut self,
        decided: Decided,
    ) -> Result<Result<Remembered, StoreError>, Failure> {
        let Decided { stream, revision, head, command, rejected } = decided;
        let standing = self.standings.of(Key::new(self.known, &stream));
        match obstacle(standing, &stream, (revision, head), Some(command.record()), Writes::Outcome) {
            Err(error) => return Ok(Err(error)),
            Ok(Some(Obstacle::Repeated(outcome))) => return Ok(Ok(Remembered::Repeated(outcome))),
            Ok(Some(Obstacle::Conflict { actual })) => return Ok(Ok(Remembered::Conflict { actual })),
            Ok(None) => {}
        }
        let verdict = if rejected { Verdict::Rejected } else { Verdict::Nothing };
        self.decided(&stream, revision, command, verdict).await?;
        Ok(Ok(Remembered::Kept))
    }

    /// Records in the command ledger that a command wrote no event to the stream.
    async fn decided(
        &mut self,
        stream: &StreamId,
        first: Revision,
        command: Command,
        verdict: Verdict,
    ) -> Result<(), Failure> {
        let (_, id) = self.stream(stream).await?;
        let outcome = CommandOutcome::new(first, 0)
            .rejected(verdict == Verdict::Rejected)
            .body_hash(command.key.body_hash)
            .name(Some(command.name));
        self.enter(stream, id, command.key.id, outcome).await
    }

    /// Records a condition that is met: only its command is written.
    async fn note(&mut self, condition: Part) -> Result<Appended, Failure> {
        if let Some(command) = condition.command {
            self.decided(&condition.stream, condition.expected, command, Verdict::Nothing).await?;
        }
        Ok(Appended::new(Vec::new(), self.recorded_at))
    }

    /// The category and the number of a stream, which is created if it does not exist.
    async fn stream(&mut self, stream: &StreamId) -> Result<(Key, i64), Failure> {
        let category = self.known.category(self.connection, stream.category()).await?;
        let key = Key::new(self.known, stream);
        let standing = self.standings.of(key.clone());
        let id = *standing.stream.get_or_insert_with(|| {
            self.known.last_stream += 1;
            let id = self.known.last_stream;
            self.rows.streams.push(StreamRow { id, category, key: stream.key().to_owned() });
            id
        });
        Ok((key, id))
    }

    async fn write(&mut self, part: Part) -> Result<Appended, Failure> {
        let (key, stream) = self.stream(&part.stream).await?;
        let (first, count) = (part.expected.next(), part.events.len() as u64);
        let mut positions = Vec::with_capacity(part.events.len());
        let head = part.events.last().map(|row| row.id);
        for (revision, row) in (first.get().cast_signed()..).zip(part.events) {
            positions.push(self.event((&part.stream, stream), revision, row).await?);
        }
        if let Some(command) = part.command {
            let outcome =
                CommandOutcome::new(first, count).body_hash(command.key.body_hash).name(Some(command.name));
            self.enter(&part.stream, stream, command.key.id, outcome).await?;
        }
        let standing = self.standings.of(key);
        standing.revision = part.expected.plus(count);
        standing.head = head;
        Ok(Appended::new(positions, self.recorded_at))
    }

    /// Adds to an event what only the writer knows.
    async fn event(
        &mut self,
        (of, stream): (&StreamId, i64),
        revision: i64,
        row: NewRow,
    ) -> Result<Position, Failure> {
        let event_type = self.known.make_type(self.connection, row.name, row.version, None).await?;
        self.known.last_position += 1;
        let (position, recorded_at) = (self.known.last_position, micros(self.recorded_at));
        let checksum = Fields {
            key: of.key(),
            position,
            revision,
            id: row.id,
            name: row.name,
            version: row.version,
            recorded_at,
            occurred_at: row.occurred_at,
            correlation_id: row.correlation_id,
            causation_id: row.causation_id,
            payload: &row.payload,
            metadata: row.metadata.as_deref(),
        }
        .checksum();
        self.rows.events.push(EventRow {
            position,
            stream,
            revision,
            event_type,
            recorded_at,
            checksum,
            row,
        });
        Ok(Position::new(position.cast_unsigned()))
    }

    /// Adds an outcome to the command ledger.
    async fn enter(
        &mut self,
        of: &StreamId,
        stream: i64,
        id: Uuid,
        outcome: CommandOutcome,
    ) -> Result<(), Failure> {
        let name = self.known.command(self.connection, outcome.name.as_deref().unwrap_or_default()).await?;
        self.rows.commands.push(CommandRow {
            stream,
            id,
            first: outcome.first.get().cast_signed(),
            count: outcome.count.cast_signed(),
            rejected: outcome.rejected,
            body_hash: outcome.body_hash,
            name,
            recorded_at: micros(self.recorded_at),
        });
        self.standings.of(Key::new(self.known, of)).commands.insert(id, outcome);
        Ok(())
    }
}

fn outcome(obstacle: Option<Obstacle>) -> AppendOutcome {
    match obstacle {
        None => AppendOutcome::NotWritten,
        Some(Obstacle::Repeated(outcome)) => AppendOutcome::Repeated(outcome),
        Some(Obstacle::Conflict { actual }) => AppendOutcome::Conflict { actual },
    }
}

/// A decision without events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Nothing,
    Rejected,
}
