//! Several streams in one statement, each with its snapshot and the events after it.

use std::sync::Arc;

use es_core::shape::Fingerprint;
use es_core::store::{Contiguous, LoadItem, LoadManySink, LoadSink, StreamHead};
use es_core::{Revision, StoreError, StreamId};
use sqlx::{PgConnection, Row};

use crate::connect::columns::{event, numbers};
use crate::connect::failure::unexpected;
use crate::connect::names::Known;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::read::again::{self, Read, ReadError};
use crate::read::load;
use crate::read::new_names::NewNames;
use crate::read::row::Columns;

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
                    loading.head(columns, numbers.get(1).copied().flatten(), &mut sink);
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

impl<'a> Loading<'a> {
    fn new(stream: &'a StreamId) -> Self {
        Self { stream, order: Contiguous::after(stream, Revision::EMPTY), head: Ok(StreamHead::default()) }
    }

    fn head(&mut self, row: Columns<'_>, snapshot: Option<i64>, sink: LoadSink<'_>) {
        self.head = load::head(row, snapshot, (self.stream, &mut self.order), sink);
    }

    fn event(&mut self, row: Columns<'_>, known: &Known, sink: LoadSink<'_>) {
        if self.head.is_err() {
            return;
        }
        if let Err(error) = load::event(row, (self.stream, known), &mut self.order, sink) {
            self.head = Err(error);
        }
    }
}
