//! Loads: the rows of a stream, decoded and folded.

use driver::{Account, BankEvent, Result};
use sqlx::types::Json;
use uuid::Uuid;

use crate::Floor;

const LOAD: &str = "select version, event_type, payload from events where stream_id = $1 order by version";

/// The snapshot comes first: its version is lower than those of the events after it.
const LOAD_FROM_SNAPSHOT: &str = "
    with snapshot as (select version, state from snapshots where stream_id = $1)
    select version, null::text as event_type, null::jsonb as payload, state from snapshot
    union all
    select version, event_type, payload, null from events
    where stream_id = $1 and version > coalesce((select version from snapshot), 0)
    order by version";

const SAVE_SNAPSHOT: &str = "insert into snapshots (stream_id, version, state) values ($1, $2, $3)";

impl Floor {
    /// The state and the version of the last event.
    pub(crate) async fn fold(&self, stream: Uuid) -> Result<(Account, i64), sqlx::Error> {
        let rows: Vec<(i64, String, Json<BankEvent>)> =
            sqlx::query_as(LOAD).bind(stream).fetch_all(&mut *self.connections.take().await?).await?;
        let (mut account, mut last) = (Account::default(), 0);
        for (version, _, Json(event)) in rows {
            account.apply(&event);
            last = version;
        }
        Ok((account, last))
    }

    /// The state, with one query for the snapshot and the events after it.
    pub(crate) async fn fold_from_snapshot(&self, stream: Uuid) -> Result<Account> {
        type Row = (i64, Option<String>, Option<Json<BankEvent>>, Option<Json<Account>>);
        let rows: Vec<Row> = sqlx::query_as(LOAD_FROM_SNAPSHOT)
            .bind(stream)
            .fetch_all(&mut *self.connections.take().await?)
            .await?;
        let mut account = Account::default();
        for row in rows {
            match row {
                (_, _, None, Some(Json(state))) => account = state,
                (_, _, Some(Json(event)), _) => account.apply(&event),
                (version, ..) => return Err(format!("nothing at version {version}").into()),
            }
        }
        Ok(account)
    }

    /// Stores the fold of the first events as a snapshot.
    pub(crate) async fn take_snapshot(&self, stream: Uuid, events: usize) -> Result<()> {
        let rows: Vec<(i64, String, Json<BankEvent>)> =
            sqlx::query_as(LOAD).bind(stream).fetch_all(&mut *self.connections.take().await?).await?;
        let mut account = Account::default();
        for (_, _, Json(event)) in rows.into_iter().take(events) {
            account.apply(&event);
        }
        sqlx::query(SAVE_SNAPSHOT)
            .bind(stream)
            .bind(i64::try_from(events)?)
            .bind(Json(account))
            .execute(&mut *self.connections.take().await?)
            .await?;
        Ok(())
    }
}
