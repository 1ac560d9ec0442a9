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
use crate::read::news::News;
use crate::read::row::{self, Columns};

/// Loads on a connection of the store.
pub(crate) async fn load(
    pool: &Arc<Pool>,
    load: Load<'_>,
    sink: LoadSink<'_>,
) -> Result<StreamHead, StoreError> {
    again::read(pool, Alone { load, sink, handed_out: false }).await
}

/// A load that is a transaction of its own.
struct Alone<'l, 's> {
    load: Load<'l>,
    sink: LoadSink<'s>,
    handed_out: bool,
}

impl Read for Alone<'_, '_> {
    type Done = StreamHead;

    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<StreamHead, ReadError> {
        let Self { load, sink, handed_out } = self;
        let mut watched = |item: LoadItem<'_>| {
            *handed_out = true;
            sink(item)
        };
        let connection = &mut session.connection;
        pool.begin(connection).await?;
        let head = read(connection, pool, *load, &mut watched).await?;
        pool.commit(connection).await?;
        Ok(head)
    }

    fn handed_out(&self) -> bool {
        self.handed_out
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
    let mut news = News::default();
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
            let event = row::event(load.stream, row::event_type(&known, row)?, row)?;
            order.take(event.revision)?;
            sink(LoadItem::Event(event))?;
        }
    }
    news.learn(pool, connection).await?;
    Ok(head)
}

/// Only a command that is asked for is looked up in the ledger.
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

/// The first row: where the stream stands, what became of the command, and the snapshot, after which the
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
            let command = first.zip(count).map(|(first, count)| CommandOutcome {
                first: Revision::new(first.unsigned_abs()),
                count: count.unsigned_abs(),
                rejected: rejected == Some(1),
                body_hash,
                name,
            });
            (snapshot, command)
        }
        _ => return Err(unexpected("the head of a stream is incomplete")),
    };
    if let (Some(revision), Some(state)) = (snapshot, columns.optional(stream_head::SNAPSHOT)?) {
        let revision = Revision::new(revision.unsigned_abs());
        *order = Contiguous::after(stream, revision);
        sink(LoadItem::Snapshot { revision, state })?;
    }
    if columns.is_null(stream_head::REVISION)? {
        return Ok(StreamHead::default().command(command));
    }
    let head = StreamHead::new(
        Revision::new(columns.bigint(stream_head::REVISION)?),
        columns.uuid(stream_head::EVENT_ID)?,
    );
    Ok(head.closed(columns.integer(stream_head::CLOSED)? == 1).command(command))
}
