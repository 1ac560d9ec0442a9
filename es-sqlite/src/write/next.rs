//! An append that shares its transaction with no other: one statement.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, SqliteConnection};

use super::decide::Plan;
use super::group::{Answer, Failed};
use super::job::{Job, Work};
use super::known::Known;
use super::part::Part;
use super::rows::{self, EventRow, Insert, Rows, Undo};
use super::standing::{Key, Standing, Standings};
use super::writer::Writer;
use crate::error::{Failure, Meaning};
use crate::sql;

static NEXT: Insert = Insert::new(sql::APPEND_NEXT, Undo::Transaction);

/// An append to one stream that has events, without an entry in the command ledger.
fn simple(work: &Work) -> Option<&Part> {
    let Work::Append { parts, several: false } = work else { return None };
    let [part] = &parts[..] else { return None };
    let is_simple = part.command.is_none() && part.expected.get() > 0 && Insert::fits(part.events.len());
    is_simple.then_some(part)
}

fn are_known(part: &Part, known: &Known) -> bool {
    part.events.iter().all(|row| known.event_type(row.name, row.version).is_some())
}

impl Writer {
    /// Appends in one statement: one round trip to the driver's thread instead of three. Returns `None`, with
    /// nothing written, if a transaction has to find out more: the stream is at another revision, or another
    /// program has written to the file.
    pub(super) async fn next(
        &mut self,
        connection: &mut SqliteConnection,
        job: &Job,
    ) -> Result<Option<Answer>, Failed> {
        let Some((part, version)) = simple(&job.work).zip(self.known.version()) else { return Ok(None) };
        let key = Key::new(&self.known, &part.stream);
        let Some(category) = key.category().filter(|_| are_known(part, &self.known)) else { return Ok(None) };
        let last_position = self.known.last_position;
        // The statement makes sure of this, and finds the number of the stream.
        let expected =
            Standing { stream: Some(0), revision: part.expected, head: part.head, ..Standing::default() };
        let mut plan = Plan::new(connection, &mut self.known, Standings::one(key, expected));
        let answer = plan.execute(job, &self.former).await?;
        let Rows { events, .. } = std::mem::take(&mut plan.rows);
        let written = match insert(connection, part, (category, version), &events).await {
            Ok(rows) => rows > 0,
            Err(failure) if matches!(failure.meaning(), Meaning::Busy | Meaning::Refused) => {
                return Err(Failed::Before(failure));
            }
            Err(failure) => {
                let last = events.last().map(|event| (event.position, event.row.id));
                return Err(Failed::Commit(failure, vec![answer], last));
            }
        };
        if !written {
            self.known.last_position = last_position;
            return Ok(None);
        }
        self.bell.ring();
        Ok(Some(answer))
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    part: &Part,
    (category, version): (i64, i64),
    events: &[EventRow],
) -> Result<u64, Failure> {
    if events.is_empty() {
        return Ok(0);
    }
    let mut arguments = SqliteArguments::default();
    bind(&mut arguments, part, (category, version), events).map_err(sqlx::Error::Encode)?;
    let done = sqlx::query_with(NEXT.text(events.len()), arguments).execute(connection).await?;
    Ok(done.rows_affected())
}

fn bind(
    to: &mut SqliteArguments,
    Part { stream, expected, head, .. }: &Part,
    (category, version): (i64, i64),
    events: &[EventRow],
) -> Result<(), sqlx::error::BoxDynError> {
    to.add(expected.get().cast_signed())?;
    to.add(category)?;
    to.add(stream.key())?;
    to.add(*head)?;
    to.add(version)?;
    events.iter().try_for_each(|event| rows::bind_next(event, to))
}
