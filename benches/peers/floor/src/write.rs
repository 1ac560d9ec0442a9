//! INSERTs: one statement, one transaction, one round trip.

use driver::BankEvent;
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use crate::Floor;

const INSERT_ONE: &str =
    "insert into events (stream_id, version, event_type, payload, metadata) values ($1, $2, $3, $4, $5)";

const INSERT_MANY: &str = "
    insert into events (stream_id, version, event_type, payload, metadata)
    select $1, $2 + n, event_type, payload, metadata
    from unnest($3::text[], $4::jsonb[], $5::jsonb[]) with ordinality as e (event_type, payload, metadata, n)";

impl Floor {
    /// Returns the version of the last event; fails with a unique violation if another writer was faster.
    pub(crate) async fn insert(
        &self,
        stream: Uuid,
        version: i64,
        events: &[BankEvent],
    ) -> Result<i64, sqlx::Error> {
        let metadata = json!({});
        let mut connection = self.connections.take().await?;
        if let [event] = events {
            sqlx::query(INSERT_ONE)
                .bind(stream)
                .bind(version + 1)
                .bind(event.name())
                .bind(Json(event))
                .bind(Json(&metadata))
                .execute(&mut *connection)
                .await?;
            return Ok(version + 1);
        }
        let names: Vec<&str> = events.iter().map(BankEvent::name).collect();
        let payloads: Vec<Json<&BankEvent>> = events.iter().map(Json).collect();
        let metadata: Vec<Json<&serde_json::Value>> = events.iter().map(|_| Json(&metadata)).collect();
        let inserted = sqlx::query(INSERT_MANY)
            .bind(stream)
            .bind(version)
            .bind(names)
            .bind(payloads)
            .bind(metadata)
            .execute(&mut *connection)
            .await?;
        Ok(version + inserted.rows_affected().cast_signed())
    }
}
