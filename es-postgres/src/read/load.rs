//! Loading: the head of a stream, a snapshot, the events after it and the outcome of a command, in one
//! statement.

use std::sync::Arc;

use es_core::store::{CommandOutcome, Contiguous, Load, LoadItem, LoadSink, StreamHead};
use es_core::{Revision, StoreError, StreamId};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};

use crate::connect::caller;
use crate::connect::columns::{event, numbers, stream_head};
use crate::connect::failure::unexpected;
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::{self, Read, ReadError};
use crate::read::new_names::NewNames;
use crate::read::row::{self, Columns};

/// Loads on a connection of the pool.
pub(crate) async fn load(
    pool: &Arc<Pool>,
    load: Load<'_>,
    sink: LoadSink<'_>,
) -> Result<StreamHead, StoreError> {
    again::read(pool, Alone { load, sink, has_delivered: false }).await
}

/// A load outside a transaction of the caller.
struct Alone<'l, 's> {
    load: Load<'l>,
    sink: LoadSink<'s>,
    has_delivered: bool,
}

impl Read for Alone<'_, '_> {
    type Done = StreamHead;

    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<StreamHead, ReadError> {
        let Self { load, sink, has_delivered } = self;
        let mut watched = |item: LoadItem<'_>| {
            *has_delivered = true;
            sink(item)
        };
        let connection = &mut session.connection;
        pool.begin(connection).await?;
        let head = read(connection, pool, *load, &mut watched).await?;
        pool.commit(connection).await?;
        Ok(head)
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }
}

/// Loads in a transaction of the caller.
pub(crate) async fn load_in(
    pool: &Pool,
    connection: &mut PgConnection,
    load: Load<'_>,
    sink: LoadSink<'_>,
) -> Result<StreamHead, StoreError> {
    caller::has_begun(pool.settings.answer_within, connection).await?;
    Ok(read(connection, pool, load, sink).await?)
}

async fn read(
    connection: &mut PgConnection,
    pool: &Pool,
    load: Load<'_>,
    sink: LoadSink<'_>,
) -> Result<StreamHead, ReadError> {
    let known = pool.names.known();
    let mut head = StreamHead::default();
    let mut news = NewNames::default();
    let mut order = Contiguous::after(load.stream, load.after);
    {
        let mut rows = call(pool, &known, load).fetch(&mut *connection);
        while let Some(row) = pool.settings.next_row(&mut rows).await? {
            if Columns(&row).bigint(event::REVISION)? == 0 {
                head = read_head(&row, load.stream, &mut order, sink)?;
                continue;
            }
            let row = Columns(&row);
            news.look(row)?;
            event(row, (load.stream, &known), &mut order, sink)?;
        }
    }
    news.learn(pool, connection).await?;
    Ok(head)
}

/// The command ledger is only used if the load asks for a command.
fn call<'l>(pool: &Pool, known: &Known, load: Load<'l>) -> Query<'l, Postgres, PgArguments> {
    let statement = match load.command_id {
        Some(_) => &pool.statements.load_command,
        None => &pool.statements.load,
    };
    let call = statement
        .call()
        .bind(load.stream.category())
        .bind(load.stream.key())
        .bind(bigint(load.after))
        .bind(bigint(load.up_to))
        .bind(load.snapshot.map(es_core::shape::Fingerprint::to_i64))
        .bind(known.last_type())
        .bind(known.token());
    match load.command_id {
        Some(command) => call.bind(command),
        None => call,
    }
}

/// Reads the first row: the head of the stream, the outcome of the command, and the snapshot after which the
/// events begin.
fn read_head<'a>(
    row: &PgRow,
    stream: &'a StreamId,
    order: &mut Contiguous<'a>,
    sink: LoadSink<'_>,
) -> Result<StreamHead, StoreError> {
    let columns = Columns(row);
    let numbers: Vec<Option<i64>> = row.try_get(numbers::NUMBERS).map_err(unexpected)?;
    let (snapshot, command) = match numbers[..] {
        [snapshot] => (snapshot, None),
        [snapshot, first, count, body_hash, rejected] => {
            let name = columns.text(stream_head::COMMAND_NAME)?.map(Arc::from);
            let command = first.zip(count).map(|(first, count)| {
                CommandOutcome::new(Revision::new(first.unsigned_abs()), count.unsigned_abs())
                    .rejected(rejected == Some(1))
                    .body_hash(body_hash)
                    .name(name)
            });
            (snapshot, command)
        }
        _ => return Err(unexpected("the head of a stream is incomplete")),
    };
    Ok(head(columns, snapshot, (stream, order), sink)?.command(command))
}

/// Reads the head of the stream, and the snapshot after which the events begin, if there is one.
pub(crate) fn head<'a>(
    columns: Columns<'_>,
    snapshot: Option<i64>,
    (stream, order): (&'a StreamId, &mut Contiguous<'a>),
    sink: LoadSink<'_>,
) -> Result<StreamHead, StoreError> {
    if let (Some(revision), Some(state)) = (snapshot, columns.optional(stream_head::SNAPSHOT)?) {
        let revision = Revision::new(revision.unsigned_abs());
        *order = Contiguous::after(stream, revision);
        sink(LoadItem::snapshot(revision, state))?;
    }
    if columns.is_null(stream_head::REVISION)? {
        return Ok(StreamHead::default());
    }
    let head = StreamHead::new(
        Revision::new(columns.bigint(stream_head::REVISION)?),
        columns.uuid(stream_head::EVENT_ID)?,
    );
    Ok(head.closed(columns.integer(stream_head::CLOSED)? == 1))
}

/// Passes the event of a row to the sink, if it is the next one of its stream.
pub(crate) fn event(
    row: Columns<'_>,
    (stream, known): (&StreamId, &Known),
    order: &mut Contiguous<'_>,
    sink: LoadSink<'_>,
) -> Result<(), StoreError> {
    let event = row::event(stream, row::event_type(known, row)?, row)?;
    order.take(event.revision)?;
    sink(LoadItem::Event(event))
}
