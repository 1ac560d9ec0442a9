//! What the append functions answer.

use std::sync::Arc;

use es_core::{Append, AppendOutcome, Appended, CommandOutcome, Position, Revision, StoreError, StreamId};
use sqlx::error::BoxDynError;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgRecordDecoder;
use sqlx::{PgConnection, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::connect::columns::{ONLY, command, decision};
use crate::connect::failure::{CallError, unexpected};
use crate::connect::statements::Statements;

/// The one record of `append_one`, `append_many` or `append`, or one place of the arrays of `append_all`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: String,
    pub(crate) positions: Vec<Position>,
    pub(crate) recorded_at: Option<OffsetDateTime>,
    pub(crate) revision: Option<i64>,
    pub(crate) event_count: Option<i64>,
    pub(crate) body_hash: Option<i64>,
    /// Of the command that was carried out first; read apart, as [`name`](Self::name) does.
    pub(crate) command_name: Option<Arc<str>>,
    /// Whether that command was rejected; read together with its name.
    pub(crate) rejected: bool,
}

pub(crate) fn positions(numbers: Vec<i64>) -> Vec<Position> {
    numbers.into_iter().map(|number| Position::new(number.cast_unsigned())).collect()
}

impl Answer {
    /// Reads the answer of `append_many` or `append`.
    pub(crate) fn read(row: &PgRow) -> Result<Self, StoreError> {
        Self::record(row, |record| record.try_decode::<Option<Vec<i64>>>().map(Option::unwrap_or_default))
    }

    /// Reads the answer of `append_one`.
    pub(crate) fn read_one(row: &PgRow) -> Result<Self, StoreError> {
        Self::record(row, |record| record.try_decode::<Option<i64>>().map(Vec::from_iter))
    }

    fn record(
        row: &PgRow,
        read_positions: impl FnOnce(&mut PgRecordDecoder<'_>) -> Result<Vec<i64>, BoxDynError>,
    ) -> Result<Self, StoreError> {
        let mut record =
            PgRecordDecoder::new(row.try_get_raw(ONLY).map_err(unexpected)?).map_err(unexpected)?;
        let mut answer = Self {
            outcome: record.try_decode().map_err(unexpected)?,
            positions: positions(read_positions(&mut record).map_err(unexpected)?),
            recorded_at: record.try_decode().map_err(unexpected)?,
            revision: None,
            event_count: None,
            body_hash: None,
            command_name: None,
            rejected: false,
        };
        // Nothing more is said of what went through.
        if answer.outcome != "appended" {
            answer.revision = record.try_decode().map_err(unexpected)?;
            answer.event_count = record.try_decode().map_err(unexpected)?;
            answer.body_hash = record.try_decode().map_err(unexpected)?;
        }
        Ok(answer)
    }

    /// Reads the name of the command that was carried out first, if one was: the functions do not answer it.
    pub(crate) async fn name(
        &mut self,
        connection: &mut PgConnection,
        statements: &Statements,
        append: &Append<'_>,
    ) -> Result<(), CallError> {
        if let (Some(command), "repeated") = (append.command, self.outcome.as_str()) {
            let count = self.event_count.unwrap_or_default().unsigned_abs();
            (self.command_name, self.rejected) =
                Box::pin(command_of(connection, statements, append.stream, command.key.id, count)).await?;
        }
        Ok(())
    }

    /// What this says about the append that it answers.
    pub(crate) fn of(self, append: &Append<'_>) -> Result<AppendOutcome, StoreError> {
        let revision = || match self.revision.map(u64::try_from) {
            Some(Ok(number)) => Ok(Revision::new(number)),
            _ => Err(unexpected("the append was answered without a revision")),
        };
        match self.outcome.as_str() {
            "appended" => {
                let Some(recorded_at) = self.recorded_at else {
                    return Err(unexpected("the append was answered without a time"));
                };
                Ok(AppendOutcome::Appended(Appended { positions: self.positions, recorded_at }))
            }
            "conflict" => Ok(AppendOutcome::Conflict { actual: revision()? }),
            "repeated" => {
                let count = self.event_count.unwrap_or_default().unsigned_abs();
                let (first, body_hash, name) = (revision()?, self.body_hash, self.command_name);
                let outcome = CommandOutcome { first, count, rejected: self.rejected, body_hash, name };
                if let Some(command) = append.command {
                    outcome.check(append.stream, command)?;
                }
                Ok(AppendOutcome::Repeated(outcome))
            }
            "not written" => Ok(AppendOutcome::NotWritten),
            "closed" => Err(StoreError::StreamClosed { stream: append.stream.clone() }),
            level @ ("repeatable read" | "serializable") => {
                Err(StoreError::IsolationLevel { found: level.to_owned() })
            }
            other => Err(unexpected(format!("the append was answered with {other:?}"))),
        }
    }
}

/// The name of a command that was executed or decided before, and whether it was rejected. What it did may
/// have been forgotten in the meantime.
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
        None if count == 0 => Err(later("the outcome of the command is being forgotten").into()),
        None => Ok((None, false)),
    }
}

/// The error of a call that comes at a bad moment, and is to be made again.
pub(crate) fn later(source: &'static str) -> StoreError {
    StoreError::Backend { source: source.into(), retryable: true }
}
