//! The projection of W7: it receives every event, decoded, and does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use es_core::projection::{Project, Projection};
use es_core::Recorded;
use sqlx::{Connection, PgConnection, raw_sql};

use crate::account::{Deposited, Opened, Withdrawn};

#[derive(Projection, Default)]
#[projection(name = "nothing", events(Opened, Deposited, Withdrawn), model = PgConnection, error = sqlx::Error)]
pub(crate) struct Nothing {
    events: Arc<AtomicU64>,
}

impl Nothing {
    /// The number of events it has received.
    pub(crate) fn events(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.events)
    }

    fn take<E>(&self, event: &Recorded<E>) {
        std::hint::black_box(event);
        self.events.fetch_add(1, Relaxed);
    }
}

impl Project<Opened> for Nothing {
    async fn project(&self, event: &Recorded<Opened>, _: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.take(event);
        Ok(())
    }
}

impl Project<Deposited> for Nothing {
    async fn project(&self, event: &Recorded<Deposited>, _: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.take(event);
        Ok(())
    }
}

impl Project<Withdrawn> for Nothing {
    async fn project(&self, event: &Recorded<Withdrawn>, _: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.take(event);
        Ok(())
    }
}

const FORGET: &str = "
    drop schema if exists es_nothing cascade;
    drop schema if exists es_nothing_1 cascade;
    delete from es.checkpoints where projection = 'nothing';
    delete from es.projections where name = 'nothing'";

/// Resets it as if it had never run.
pub(crate) async fn forget(url: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    raw_sql(FORGET).execute(&mut connection).await?;
    connection.close().await
}
