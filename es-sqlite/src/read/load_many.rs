//! Several streams in one statement, each with its snapshot and the events after it.

use es_core::shape::Fingerprint;
use es_core::store::{Contiguous, Load, LoadItem, LoadManySink, LoadSink, StreamHead};
use es_core::{Position, Revision, StoreError, StreamId};
use futures_util::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::load;
use super::packed::{Kind, Packed};
use super::types::Types;
use crate::error::Failure;
use crate::sql;

/// What was read of a stream so far.
struct Loading<'a> {
    stream: &'a StreamId,
    order: Contiguous<'a>,
    head: Result<StreamHead, StoreError>,
    /// It is loaded once more, without the snapshot.
    bad_snapshot: bool,
}

pub(crate) async fn load_many(
    connection: &mut SqliteConnection,
    types: &Types,
    (streams, snapshot): (&[StreamId], Option<Fingerprint>),
    sink: LoadManySink<'_>,
) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
    let mut loading: Vec<_> = streams.iter().map(Loading::new).collect();
    {
        let mut rows = sqlx::query(sql::LOAD_MANY)
            .bind(wanted(streams))
            .bind(snapshot.map(Fingerprint::to_i64))
            .bind(types.last())
            .fetch(&mut *connection);
        let mut next = Position::new(1);
        while let Some(row) = rows.try_next().await.map_err(|error| Failure::from(error).at(next))? {
            match Kind::of(&row)? {
                Kind::First(mut row) => {
                    let (_, loading) = of(&mut loading, &mut row)?;
                    loading.head = load::head_of(&mut row).map_err(StoreError::from);
                }
                Kind::Second(mut row) => {
                    let (number, loading) = of(&mut loading, &mut row)?;
                    loading.snapshot(row, &mut |item| sink(number, item));
                }
                Kind::Event(mut row) => {
                    let (number, loading) = of(&mut loading, &mut row)?;
                    loading.event((row, types), &mut next, &mut |item| sink(number, item));
                }
            }
        }
    }
    let mut heads = Vec::with_capacity(loading.len());
    for (number, loading) in loading.into_iter().enumerate() {
        let head = if loading.bad_snapshot {
            let again = Load::all(loading.stream);
            load::load(connection, types, again, &mut |item| sink(number, item)).await
        } else {
            loading.ended()
        };
        heads.push(head);
    }
    Ok(heads)
}

/// The names of the streams, as the statement takes them.
fn wanted(streams: &[StreamId]) -> String {
    let names = streams.iter().map(|stream| [stream.category(), stream.key()]);
    serde_json::Value::from_iter(names.map(Vec::from)).to_string()
}

/// The stream of a row, which begins with its number.
fn of<'l, 'a>(
    loading: &'l mut [Loading<'a>],
    row: &mut Packed<'_>,
) -> Result<(usize, &'l mut Loading<'a>), Failure> {
    let number = usize::try_from(row.number()?).unwrap_or(usize::MAX);
    let one = loading.get_mut(number).ok_or_else(|| Failure::damaged("a stream that was not asked for"))?;
    Ok((number, one))
}

impl<'a> Loading<'a> {
    fn new(stream: &'a StreamId) -> Self {
        let order = Contiguous::after(stream, Revision::EMPTY);
        Self { stream, order, head: Ok(StreamHead::default()), bad_snapshot: false }
    }

    fn snapshot(&mut self, row: Packed<'_>, sink: LoadSink<'_>) {
        match load::snapshot(row) {
            Ok((revision, state)) => {
                self.order = Contiguous::after(self.stream, revision);
                if let Err(error) = sink(LoadItem::snapshot(revision, state)) {
                    self.head = Err(error);
                }
            }
            Err(_) => {
                tracing::warn!(stream = %self.stream, "a snapshot is damaged; all events are read instead");
                self.bad_snapshot = true;
            }
        }
    }

    fn event(&mut self, (row, types): (Packed<'_>, &Types), next: &mut Position, sink: LoadSink<'_>) {
        if self.bad_snapshot || self.head.is_err() {
            return;
        }
        if let Err(error) = load::event((row, self.stream, types), &mut self.order, next, sink) {
            self.head = Err(error);
        }
    }

    fn ended(self) -> Result<StreamHead, StoreError> {
        let head = self.head?;
        self.order.reached(head.revision)?;
        Ok(head)
    }
}
