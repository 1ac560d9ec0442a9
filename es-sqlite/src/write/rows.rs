//! The rows that a transaction inserts, many at once.

use std::sync::{Arc, OnceLock};

use es_core::record::RawEvent;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, SqliteConnection};

use super::part::{NewRow, micros};
use crate::checksum::Fields;
use crate::error::Failure;
use crate::sql;

/// The maximum number of rows in a statement.
const MAX_ROWS: usize = 128;

/// What a failed `INSERT` rolls back.
#[derive(Clone, Copy)]
pub(super) enum Undo {
    /// Only itself: the transaction belongs to the caller.
    Statement,
    /// The transaction. SQLite then keeps no copies of the pages that the statement changes, which would
    /// double the cost of inserting many rows.
    Transaction,
}

/// The texts of an `INSERT … VALUES (…)` by number of rows, each created on first use.
pub(super) struct Insert {
    one: &'static str,
    undo: Undo,
    texts: [OnceLock<String>; MAX_ROWS],
}

impl Insert {
    pub(super) const fn new(one: &'static str, undo: Undo) -> Self {
        Self { one, undo, texts: [const { OnceLock::new() }; MAX_ROWS] }
    }

    /// How many rows to insert next: all or, if there are many, a multiple of four, as each number needs its
    /// own prepared statement.
    const fn fitting(rows: usize) -> usize {
        match rows {
            MAX_ROWS.. => MAX_ROWS,
            17.. => rows - rows % 4,
            _ => rows,
        }
    }

    /// Whether this many rows fit in one statement.
    pub(super) const fn fits(rows: usize) -> bool {
        rows > 0 && Self::fitting(rows) == rows
    }

    /// The statement for this many rows: its last parentheses, which hold the parameters of one row, are
    /// repeated.
    pub(super) fn text(&self, rows: usize) -> &str {
        self.texts[rows - 1].get_or_init(|| {
            let one = self.one.trim_end();
            let row = one.rfind("(?").zip(one.rfind("?)"));
            let (from, to) = row.map_or((one.len(), one.len()), |(from, last)| (from, last + "?)".len()));
            let text = format!("{}{}{}", &one[..from], vec![&one[from..to]; rows].join(", "), &one[to..]);
            match self.undo {
                Undo::Statement => text,
                Undo::Transaction => text.replacen("INSERT INTO", "INSERT OR ROLLBACK INTO", 1),
            }
        })
    }

    async fn execute<R: Sync>(
        &'static self,
        connection: &mut SqliteConnection,
        mut rows: &[R],
        bind: fn(&R, &mut SqliteArguments) -> Result<(), sqlx::error::BoxDynError>,
    ) -> Result<(), Failure> {
        while !rows.is_empty() {
            let (now, rest) = rows.split_at(Self::fitting(rows.len()));
            let mut arguments = SqliteArguments::default();
            for row in now {
                bind(row, &mut arguments).map_err(sqlx::Error::Encode)?;
            }
            sqlx::query_with(self.text(now.len()), arguments).execute(&mut *connection).await?;
            rows = rest;
        }
        Ok(())
    }
}

struct Inserts {
    streams: Insert,
    events: Insert,
    commands: Insert,
}

impl Inserts {
    const fn new(undo: Undo) -> Self {
        Self {
            streams: Insert::new(sql::INSERT_STREAMS, undo),
            events: Insert::new(sql::INSERT_EVENTS, undo),
            commands: Insert::new(sql::INSERT_COMMANDS, undo),
        }
    }
}

static IN_OWN_TRANSACTION: Inserts = Inserts::new(Undo::Transaction);
static IN_CALLERS_TRANSACTION: Inserts = Inserts::new(Undo::Statement);

/// A new stream.
pub(crate) struct StreamRow {
    pub(crate) id: i64,
    pub(crate) category: i64,
    pub(crate) key: String,
}

/// An event, with what the writer adds to it.
pub(crate) struct EventRow {
    pub(crate) position: i64,
    pub(crate) stream: i64,
    pub(crate) revision: i64,
    pub(crate) event_type: i64,
    pub(crate) recorded_at: i64,
    pub(crate) checksum: i64,
    pub(crate) row: NewRow,
}

/// An entry of the command ledger.
pub(crate) struct CommandRow {
    pub(crate) stream: i64,
    pub(crate) id: uuid::Uuid,
    pub(crate) first: i64,
    pub(crate) count: i64,
    pub(crate) rejected: bool,
    pub(crate) body_hash: Option<i64>,
    pub(crate) name: i64,
    pub(crate) recorded_at: i64,
}

/// An event of another store, as stored there.
pub(crate) struct ImportedRow<'a> {
    stream: i64,
    event_type: i64,
    payload: &'a str,
    metadata: Option<&'a str>,
    checksum: i64,
    event: &'a RawEvent<'a>,
}

impl<'a> ImportedRow<'a> {
    pub(crate) fn new(event: &'a RawEvent<'a>, stream: i64, event_type: i64) -> Result<Self, Failure> {
        let text =
            |json| str::from_utf8(json).map_err(|_| Failure::damaged("an imported event is not UTF-8"));
        let (payload, metadata) = (text(event.payload)?, event.metadata.map(text).transpose()?);
        let fields = Fields {
            key: event.stream.key(),
            position: event.position.get().cast_signed(),
            revision: event.revision.get().cast_signed(),
            id: event.event_id,
            name: event.name,
            version: event.version,
            recorded_at: micros(event.recorded_at),
            occurred_at: event.occurred.map(micros),
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            payload,
            metadata,
        };
        let checksum = fields.checksum();
        Ok(Self { stream, event_type, payload, metadata, checksum, event })
    }
}

/// Inserts events that were read from another store.
pub(crate) async fn import(
    connection: &mut SqliteConnection,
    streams: &[StreamRow],
    events: &[ImportedRow<'_>],
) -> Result<(), Failure> {
    IN_OWN_TRANSACTION.streams.execute(connection, streams, bind_stream).await?;
    IN_OWN_TRANSACTION.events.execute(connection, events, bind_imported).await
}

/// All rows that one transaction inserts.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) streams: Vec<StreamRow>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) commands: Vec<CommandRow>,
}

impl Rows {
    pub(crate) const fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.events.is_empty() && self.commands.is_empty()
    }

    /// Inserts them in a transaction that is rolled back if it fails.
    pub(crate) async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        self.insert_by(&IN_OWN_TRANSACTION, connection).await
    }

    /// Inserts them in a caller's transaction, which may continue if this fails.
    pub(crate) async fn insert_in_callers(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        self.insert_by(&IN_CALLERS_TRANSACTION, connection).await
    }

    async fn insert_by(
        &self,
        inserts: &'static Inserts,
        connection: &mut SqliteConnection,
    ) -> Result<(), Failure> {
        inserts.streams.execute(connection, &self.streams, bind_stream).await?;
        inserts.events.execute(connection, &self.events, bind_event).await?;
        inserts.commands.execute(connection, &self.commands, bind_command).await
    }
}

type Bound = Result<(), sqlx::error::BoxDynError>;

fn bind_stream(row: &StreamRow, to: &mut SqliteArguments) -> Bound {
    to.add(row.id)?;
    to.add(row.category)?;
    to.add(row.key.as_str())
}

fn bind_event(event: &EventRow, to: &mut SqliteArguments) -> Bound {
    to.add(event.position)?;
    to.add(event.stream)?;
    bind_rest(event, to)
}

/// An event whose stream the statement finds.
pub(super) fn bind_next(event: &EventRow, to: &mut SqliteArguments) -> Bound {
    to.add(event.position)?;
    bind_rest(event, to)
}

fn bind_rest(event: &EventRow, to: &mut SqliteArguments) -> Bound {
    let EventRow { revision, event_type, recorded_at, checksum, row, .. } = event;
    to.add(*revision)?;
    to.add(row.id)?;
    to.add(*event_type)?;
    to.add(*recorded_at)?;
    to.add(row.occurred_at)?;
    to.add(row.correlation_id)?;
    to.add(row.causation_id)?;
    to.add(Arc::clone(&row.payload))?;
    to.add(row.metadata.clone())?;
    to.add(*checksum)
}

fn bind_imported(row: &ImportedRow<'_>, to: &mut SqliteArguments) -> Bound {
    let ImportedRow { stream, event_type, payload, metadata, checksum, event } = row;
    to.add(event.position.get().cast_signed())?;
    to.add(*stream)?;
    to.add(event.revision.get().cast_signed())?;
    to.add(event.event_id)?;
    to.add(*event_type)?;
    to.add(micros(event.recorded_at))?;
    to.add(event.occurred.map(micros))?;
    to.add(event.correlation_id)?;
    to.add(event.causation_id)?;
    to.add((*payload).to_owned())?;
    to.add(metadata.map(str::to_owned))?;
    to.add(*checksum)
}

fn bind_command(row: &CommandRow, to: &mut SqliteArguments) -> Bound {
    to.add(row.stream)?;
    to.add(row.id)?;
    to.add(row.first)?;
    to.add(row.count)?;
    to.add(row.rejected)?;
    to.add(row.body_hash)?;
    to.add(row.name)?;
    to.add(row.recorded_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_for_many_rows_repeats_the_values() {
        let insert = Insert::new("INSERT INTO t (a, b) VALUES (?, ?)\n", Undo::Statement);
        assert_eq!(insert.text(1), "INSERT INTO t (a, b) VALUES (?, ?)");
        assert_eq!(insert.text(3), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?)");
        let insert = Insert::new("INSERT INTO t (a, b) VALUES (?, ?)\n", Undo::Transaction);
        assert_eq!(insert.text(2), "INSERT OR ROLLBACK INTO t (a, b) VALUES (?, ?), (?, ?)");
        assert_eq!([1, 16, 19, 100, 500].map(Insert::fitting), [1, 16, 16, 100, 128]);
    }

    #[test]
    fn what_comes_after_the_values_stays() {
        let next = Insert::new(sql::APPEND_NEXT, Undo::Statement);
        assert_eq!(next.text(1), sql::APPEND_NEXT.trim_end());
        assert_eq!(next.text(3).matches("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").count(), 3);
        assert_eq!(next.text(3).matches('?').count(), 5 + 3 * 11);
    }
}
