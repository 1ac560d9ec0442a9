//! Reading everything in the order of positions, decoded.

use driver::{BankEvent, Result};
use futures_util::TryStreamExt;
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use crate::Floor;

const PAGE: &str = "
    select position, stream_id, version, event_type, payload, metadata from events
    where position > $1 order by position limit 4000";

const ALL: &str =
    "select position, stream_id, version, event_type, payload, metadata from events order by position";

type Row = (i64, Uuid, i64, String, Json<BankEvent>, Json<serde_json::Value>);

/// What a hand-written projection needs from the tables of es-postgres.
const PAGE_OF_ES: &str = "
    select e.position, s.key, e.revision, e.type, e.payload
    from es.events e join es.streams s on s.id = e.stream
    where e.position > $1 order by e.position limit 4000";

type RowOfEs = (i64, String, i64, i32, Json<Deposited>);

#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded, as a real program would")]
struct Deposited {
    amount: i64,
    note: String,
}

impl Floor {
    /// In pages of four thousand, like ours once they have grown.
    pub(crate) async fn pages(&self) -> Result<u64> {
        let mut connection = self.connections.take().await?;
        let (mut last, mut events) = (0, 0);
        loop {
            let rows: Vec<Row> = sqlx::query_as(PAGE).bind(last).fetch_all(&mut *connection).await?;
            let Some(row) = rows.last() else { return Ok(events) };
            last = row.0;
            events += rows.len() as u64;
            std::hint::black_box(rows);
        }
    }

    /// The same pages of the tables of es-postgres, whose events are all deposits there.
    pub(crate) async fn pages_of_es(&self) -> Result<u64> {
        let mut connection = self.connections.take().await?;
        let (mut last, mut events) = (0, 0);
        loop {
            let rows: Vec<RowOfEs> =
                sqlx::query_as(PAGE_OF_ES).bind(last).fetch_all(&mut *connection).await?;
            let Some(row) = rows.last() else { return Ok(events) };
            last = row.0;
            events += rows.len() as u64;
            std::hint::black_box(rows);
        }
    }

    /// With one query, row by row.
    pub(crate) async fn one_query(&self) -> Result<u64> {
        let mut connection = self.connections.take().await?;
        let mut rows = sqlx::query_as::<_, Row>(ALL).fetch(&mut *connection);
        let mut events = 0;
        while let Some(row) = rows.try_next().await? {
            std::hint::black_box(row);
            events += 1;
        }
        Ok(events)
    }
}
