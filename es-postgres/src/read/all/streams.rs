//! A cache of streams by their ids, so that a page of events need not join the table of streams.

use std::fmt;
use std::sync::{Arc, Mutex};

use es_core::{StoreError, StreamId};
use quick_cache::sync::Cache;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use crate::connect::columns::streams_of_ids;
use crate::connect::failure::unexpected;
use crate::connect::names;
use crate::latch::hold;
use crate::read::row::{Columns, required};

/// The number of cached streams, which take about 10 MB.
const MAX_CACHED_STREAMS: usize = 65_536;

/// Identifies tables, which a restore may replace: the start time of the server, and the file of `events`.
/// While both are the same, an id belongs to the same stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tables {
    since: OffsetDateTime,
    file: Box<[u8]>,
}

/// A stream, under the first name that its category had.
#[derive(Debug, Clone)]
pub(crate) struct KnownStream {
    pub(crate) category: i32,
    pub(crate) id: StreamId,
}

/// The streams of some tables.
pub(crate) struct StreamsOf {
    tables: Tables,
    streams: Cache<i64, KnownStream>,
}

/// The streams of the tables that were read last.
#[derive(Debug, Default)]
pub(crate) struct KnownStreams(Mutex<Option<Arc<StreamsOf>>>);

impl Tables {
    /// Reads it from two columns of a row.
    pub(crate) fn of(row: Columns<'_>, since: usize, file: usize) -> Result<Self, StoreError> {
        Ok(Self {
            since: required(since, row.time(since)?)?,
            file: required(file, row.optional(file)?)?.into(),
        })
    }
}

impl KnownStreams {
    pub(crate) fn of(&self, tables: Tables) -> Arc<StreamsOf> {
        let mut current = hold(&self.0);
        match &*current {
            Some(streams) if streams.tables == tables => Arc::clone(streams),
            _ => Arc::clone(
                current.insert(Arc::new(StreamsOf { tables, streams: Cache::new(MAX_CACHED_STREAMS) })),
            ),
        }
    }
}

impl StreamsOf {
    pub(crate) fn get(&self, id: i64) -> Option<KnownStream> {
        self.streams.get(&id)
    }

    /// Caches streams that were read by their ids; all names of categories must be known.
    pub(crate) fn learn(
        &self,
        rows: &[PgRow],
        names: &names::Known,
    ) -> Result<Vec<(i64, KnownStream)>, StoreError> {
        rows.iter().map(|row| self.learn_one(Columns(row), names)).collect()
    }

    fn learn_one(&self, row: Columns<'_>, names: &names::Known) -> Result<(i64, KnownStream), StoreError> {
        if Tables::of(row, streams_of_ids::SINCE, streams_of_ids::FILE)? != self.tables {
            return Err(unexpected("the tables of the store were replaced while they were read"));
        }
        let (id, category) =
            (row.bigint(streams_of_ids::ID)?.cast_signed(), row.integer(streams_of_ids::CATEGORY)?);
        let stream =
            self.keep(id, category, required(streams_of_ids::KEY, row.text(streams_of_ids::KEY)?)?, names)?;
        Ok((id, stream.ok_or_else(|| names::no_category(category))?))
    }

    /// Caches a stream that came with its first event, if its category is known. The row must belong to these
    /// tables.
    pub(crate) fn learn_made(
        &self,
        id: i64,
        made: &str,
        names: &names::Known,
    ) -> Result<Option<KnownStream>, StoreError> {
        let wrong = || unexpected(format!("stream {id} is not readable in {made:?}"));
        let (category, key) = made.split_once(' ').ok_or_else(wrong)?;
        self.keep(id, category.parse().map_err(|_| wrong())?, key, names)
    }

    /// Returns `None` if the category is not known.
    fn keep(
        &self,
        id: i64,
        category: i32,
        key: &str,
        names: &names::Known,
    ) -> Result<Option<KnownStream>, StoreError> {
        let Some(name) = names.category_name(category) else { return Ok(None) };
        let stream = KnownStream { category, id: StreamId::new(name, key)? };
        self.streams.insert(id, stream.clone());
        Ok(Some(stream))
    }
}

impl fmt::Debug for StreamsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, streams } = self;
        f.debug_struct("StreamsOf").field("tables", tables).field("streams", &streams.len()).finish()
    }
}
