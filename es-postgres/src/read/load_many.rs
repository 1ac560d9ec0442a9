//! Several streams in one statement, each with its snapshot and the events after it.

use std::sync::Arc;

use es_core::shape::Fingerprint;
use es_core::store::{Contiguous, LoadItem, LoadManySink, StreamHead};
use es_core::{Revision, StoreError, StreamId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::connect::columns::{event, numbers, stream_head};
use crate::connect::failure::unexpected;
use crate::connect::names::Known;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::{self, Read, ReadError};
use crate::read::new_names::NewNames;
use crate::read::row::{self, Columns};

type Heads = Vec<Result<StreamHead, StoreError>>;

/// Loads several streams on one connection of the store.
pub(crate) async fn load_many(
    pool: &Arc<Pool>,
    streams: &[StreamId],
    snapshot: Option<Fingerprint>,
    sink: LoadManySink<'_>,
) -> Result<Heads, StoreError> {
    again::read(pool, Many { streams, snapshot, sink, has_delivered: false }).await
}

struct Many<'l, 's> {
    streams: &'l [StreamId],
    snapshot: Option<Fingerprint>,
    sink: LoadManySink<'s>,
    has_delivered: bool,
}

impl Read for Many<'_, '_> {
    type Done = Heads;

    async fn read(&mut self, session: &mut Session, pool: &Pool) -> Result<Heads, ReadError> {
        let connection = &mut session.connection;
        pool.begin(connection).await?;
        let heads = self.rows(connection, pool).await?;
        pool.commit(connection).await?;
        Ok(heads)
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }
}

/// What was read of a stream so far.
struct Loading<'a> {
    stream: &'a StreamId,
    order: Contiguous<'a>,
    head: Result<StreamHead, StoreError>,
}

impl Many<'_, '_> {
    async fn rows(&mut self, connection: &mut PgConnection, pool: &Pool) -> Result<Heads, ReadError> {
        let known = pool.names.known();
        let (categories, keys): (Vec<_>, Vec<_>) =
            self.streams.iter().map(|stream| (stream.category(), stream.key())).unzip();
        let mut loading: Vec<_> = self.streams.iter().map(Loading::new).collect();
        let mut news = NewNames::default();
        {
            let call = pool.statements.load_many.call().bind(categories).bind(keys);
            let call = call.bind(self.snapshot.map(Fingerprint::to_i64)).bind(known.last_type());
            let mut rows = call.bind(known.token()).fetch(&mut *connection);
            while let Some(row) = pool.settings.next_row(&mut rows).await? {
                let columns = Columns(&row);
                let numbers: Vec<Option<i64>> = row.try_get(numbers::NUMBERS).map_err(unexpected)?;
                let (number, loading) = of(&mut loading, &numbers)?;
                let mut sink = |item: LoadItem<'_>| {
                    self.has_delivered = true;
                    (self.sink)(number, item)
                };
                if columns.bigint(event::REVISION)? == 0 {
                    loading.head(&row, numbers.get(1).copied().flatten(), &mut sink);
                } else {
                    news.look(columns)?;
                    loading.event(columns, &known, &mut sink);
                }
            }
        }
        news.learn(pool, connection).await?;
        Ok(loading.into_iter().map(|loading| loading.head).collect())
    }
}

/// The stream of a row, by its number.
fn of<'l, 'a>(
    loading: &'l mut [Loading<'a>],
    numbers: &[Option<i64>],
) -> Result<(usize, &'l mut Loading<'a>), StoreError> {
    let number = numbers.first().copied().flatten().and_then(|number| usize::try_from(number - 1).ok());
    let of = number.and_then(|number| Some((number, loading.get_mut(number)?)));
    of.ok_or_else(|| unexpected("a stream that was not asked for"))
}

type Hand<'s> = &'s mut (dyn FnMut(LoadItem<'_>) -> Result<(), StoreError> + Send);

impl<'a> Loading<'a> {
    fn new(stream: &'a StreamId) -> Self {
        Self { stream, order: Contiguous::after(stream, Revision::EMPTY), head: Ok(StreamHead::default()) }
    }

    fn head(&mut self, row: &PgRow, snapshot: Option<i64>, sink: Hand<'_>) {
        self.head = self.read_head(Columns(row), snapshot, sink);
    }

    fn read_head(
        &mut self,
        columns: Columns<'_>,
        snapshot: Option<i64>,
        sink: Hand<'_>,
    ) -> Result<StreamHead, StoreError> {
        if let (Some(revision), Some(state)) = (snapshot, columns.optional(stream_head::SNAPSHOT)?) {
            let revision = Revision::new(revision.unsigned_abs());
            self.order = Contiguous::after(self.stream, revision);
            sink(LoadItem::Snapshot { revision, state })?;
        }
        let revision = Revision::new(columns.bigint(stream_head::REVISION)?);
        let head = StreamHead::new(revision, columns.uuid(stream_head::EVENT_ID)?);
        Ok(head.closed(columns.integer(stream_head::CLOSED)? == 1))
    }

    fn event(&mut self, row: Columns<'_>, known: &Known, sink: Hand<'_>) {
        if self.head.is_err() {
            return;
        }
        let mut taken = || {
            let event = row::event(self.stream, row::event_type(known, row)?, row)?;
            self.order.take(event.revision)?;
            sink(LoadItem::Event(event))
        };
        if let Err(error) = taken() {
            self.head = Err(error);
        }
    }
}
