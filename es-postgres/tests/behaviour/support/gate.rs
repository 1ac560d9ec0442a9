//! Holds appends after the update of the stream's row, before its events are written.

use sqlx::PgConnection;

use super::{connect, sql, until};

/// A gate: a trigger on `events` that waits for an advisory lock, which is held while the gate is closed.
pub(crate) struct Gate {
    pub(crate) connection: PgConnection,
}

impl Gate {
    /// A closed gate in the store's database.
    pub(crate) async fn closed(url: &str) -> Self {
        let mut connection = connect(url).await;
        sql(
            &mut connection,
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$;
             CREATE TRIGGER gate BEFORE INSERT ON es.events FOR EACH ROW EXECUTE FUNCTION gate();
             SELECT pg_advisory_lock(4711)",
        )
        .await;
        Self { connection }
    }

    /// Waits until that many appends are at the gate.
    pub(crate) async fn wait_for(&mut self, appends: i64) {
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        until(&mut self.connection, &format!("({waiting}) = {appends}")).await;
    }

    /// Waits until that many sessions wait for a row or for another transaction.
    pub(crate) async fn wait_for_blocked(&mut self, sessions: i64) {
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                       AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple', 'spectoken')";
        until(&mut self.connection, &format!("({blocked}) = {sessions}")).await;
    }

    /// The backend at the gate.
    pub(crate) async fn backend(&mut self) -> i64 {
        let backends = self.backends().await;
        assert_eq!(backends.len(), 1);
        backends[0]
    }

    /// The backends at the gate.
    pub(crate) async fn backends(&mut self) -> Vec<i64> {
        sqlx::query_scalar(
            "SELECT pid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .fetch_all(&mut self.connection)
        .await
        .expect("backends")
    }

    /// Lets through the appends at the gate, but no later ones: the session that closes it again is in the
    /// lock queue before it opens.
    pub(crate) async fn let_through(&mut self, url: &str, appends: i64) {
        self.wait_for(appends).await;
        let mut next = connect(url).await;
        let closing = tokio::spawn(async move {
            sql(&mut next, "SELECT pg_advisory_lock(4711)").await;
            next
        });
        self.wait_for(appends + 1).await;
        self.open().await;
        self.connection = closing.await.expect("a gate that is closed again");
    }

    pub(crate) async fn open(&mut self) {
        sql(&mut self.connection, "SELECT pg_advisory_unlock(4711)").await;
    }
}
