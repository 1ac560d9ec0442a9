//! The controls of W10: a cursor that must lose events, which shows that the test finds losses, and, with
//! `FLOOR_SAFE` set, one that must lose none.

use std::time::Duration;

use driver::{BankEvent, Result, Seen};
use sqlx::types::Json;

use crate::Floor;

/// Skips events that are committed later with a lower position.
const NAIVE: &str =
    "select '0', position, payload from events where position > $2 and $1 = '0' order by position limit 1000";

/// Ordered by transaction first, and only what is older than every open one. The runner adds the column `tx`.
const SAFE: &str = "
    select tx::text, position, payload from events
    where (tx, position) > ($1::text::xid8, $2) and tx < pg_snapshot_xmin(pg_current_snapshot())
    order by tx, position limit 1000";

impl Floor {
    pub(crate) async fn follow(&self, seen: &Seen) -> Result<()> {
        let sql = if std::env::var_os("FLOOR_SAFE").is_some() { SAFE } else { NAIVE };
        let mut connection = self.connections.take().await?;
        let (mut transaction, mut last) = (String::from("0"), 0);
        while !seen.is_stopped() {
            let rows: Vec<(String, i64, Json<BankEvent>)> =
                sqlx::query_as(sql).bind(&transaction).bind(last).fetch_all(&mut *connection).await?;
            if rows.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            for (tx, position, Json(event)) in rows {
                if let BankEvent::Deposited { amount, .. } = event {
                    seen.see(amount);
                }
                (transaction, last) = (tx, position);
            }
        }
        Ok(())
    }
}
