//! Appends in a transaction that the caller has begun, on the write connection or on a connection of its own.

use es_core::store::{AppendOutcome, Remembered};
use es_core::{StoreError, StreamId};
use sqlx::{Connection as _, SqliteConnection};

use super::decide::Plan;
use super::known::Known;
use super::part::{Command, Decided, Part};
use super::standing::Question;
use crate::error::Failure;
use crate::open::connect::Opener;

/// Fails for a connection without an open transaction, and for one to a different file.
pub(crate) async fn check(opener: &Opener, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    if !connection.is_in_transaction() {
        return Err(StoreError::NoTransaction);
    }
    Ok(opener.check_token(connection).await?)
}

pub(crate) async fn append(
    opener: &Opener,
    connection: &mut SqliteConnection,
    part: Part,
) -> Result<AppendOutcome, StoreError> {
    check(opener, connection).await?;
    let mut known = Known::default();
    let (stream, command) = (part.stream.clone(), part.command.clone());
    let mut plan = plan(connection, &mut known, &stream, command.as_ref()).await?;
    let mut outcomes = plan.append(vec![part]).await??;
    insert(plan).await?;
    outcomes.pop().ok_or_else(|| Failure::Closed.into())
}

pub(crate) async fn remember(
    opener: &Opener,
    connection: &mut SqliteConnection,
    decided: Decided,
) -> Result<Remembered, StoreError> {
    check(opener, connection).await?;
    let mut known = Known::default();
    let (stream, command) = (decided.stream.clone(), decided.command.clone());
    let mut plan = plan(connection, &mut known, &stream, Some(&command)).await?;
    let remembered = plan.remember(decided).await??;
    insert(plan).await?;
    Ok(remembered)
}

/// The known names are read within the transaction, and discarded after it: the caller may roll it back.
async fn plan<'a>(
    connection: &'a mut SqliteConnection,
    known: &'a mut Known,
    stream: &StreamId,
    command: Option<&Command>,
) -> Result<Plan<'a>, Failure> {
    known.read(connection, 0).await?;
    let mut question = Question::default();
    question.ask(known, stream, command);
    let standings = question.fetch(connection).await?;
    Ok(Plan::new(connection, known, standings))
}

async fn insert(plan: Plan<'_>) -> Result<(), Failure> {
    let Plan { connection, rows, .. } = plan;
    rows.insert_in_callers(connection).await
}
