//! disintegrate with disintegrate-postgres.

mod account;
mod listener;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use disintegrate::serde::json::Json;
use disintegrate::{DecisionError, EventSourcedStateStore, EventStore, LoadState, NoSnapshot, StateQuery};
use disintegrate_postgres::{
    Error, Migrator, PgDecisionMaker, PgEventId, PgEventStore, PgSnapshotter, WithPgSnapshot, decision_maker,
};
use driver::{Column, Command, Failed, Result, Seen, next_amount};
use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

use self::account::{AccountEvent, AccountState, Decide, deposits};
use self::listener::{Count, Follow};

type Store = PgEventStore<AccountEvent, Json<AccountEvent>>;

#[derive(Clone)]
struct Disintegrate {
    pool: PgPool,
    store: Store,
    decisions: PgDecisionMaker<AccountEvent, Json<AccountEvent>, NoSnapshot>,
}

/// A stream, and the id of its last event.
struct Stream(Uuid, PgEventId);

/// How often an append to a stream without other writers had to be retried.
static REPEATED: AtomicU64 = AtomicU64::new(0);

fn is_conflict(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<Error>() {
        Some(Error::Concurrency) => true,
        // A serialization failure that a statement raises, and not the COMMIT, comes as an error of the
        // database.
        Some(Error::Database(sqlx::Error::Database(error))) => {
            matches!(error.code().as_deref(), Some("40001" | "40P01"))
        }
        _ => false,
    }
}

impl Column for Disintegrate {
    const NAME: &'static str = "disintegrate";
    type Stream = Stream;

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
        let store: Store = PgEventStore::new_uninitialized(pool.clone(), Json::default());
        Ok(Self { pool, decisions: decision_maker(store.clone(), NoSnapshot), store })
    }

    /// The crate's own SQL with one literal written otherwise (the runner does so), as
    /// `PgEventStore::try_new` fails on PostgreSQL 15; and what its migrator adds for `account_id`.
    async fn setup(&self) -> Result<()> {
        let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.sql"))?;
        sqlx::raw_sql(&schema).execute(&self.pool).await?;
        Migrator::new(self.store.clone()).init_listener().await?;
        PgSnapshotter::try_new(self.pool.clone(), 100).await?;
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream(Uuid::new_v4(), 0)
    }

    fn id(stream: &Stream) -> String {
        stream.0.to_string()
    }

    /// Appends to distinct streams fail under SERIALIZABLE as well; a user must retry them.
    async fn append(&self, stream: &mut Stream, first: i64, n: usize) -> Result<()> {
        loop {
            let query = AccountState::new(stream.0).query();
            match self.store.append(deposits(stream.0, first, n), query, stream.1).await {
                Ok(events) => {
                    stream.1 = events.last().map_or(stream.1, disintegrate::PersistedEvent::id);
                    return Ok(());
                }
                Err(error) if is_conflict(&error) => {
                    REPEATED.fetch_add(1, Relaxed);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        match self.decisions.make(Decide(id.parse()?, command)).await {
            Ok(_) => Ok(()),
            Err(DecisionError::StateStore(error) | DecisionError::EventStore(error))
                if is_conflict(&*error) =>
            {
                Err(Failed::Conflict)
            }
            Err(error) => Err(Failed::Other(error.to_string().into())),
        }
    }

    async fn load(&self, id: &str) -> Result<u64> {
        let states = EventSourcedStateStore::new(self.store.clone(), NoSnapshot);
        Ok(states.load(AccountState::new(id.parse()?)).await?.state().account.events)
    }

    /// A load that applied more than a hundred events stores a snapshot; fifty events come after the last
    /// one.
    async fn snapshot_build(&self, n: usize) -> Result<Option<String>> {
        let mut stream = self.stream();
        for _ in 0..n / 100 {
            self.append(&mut stream, next_amount(100), 100).await?;
        }
        let id = stream.0.to_string();
        self.snapshot_load(&id).await?;
        self.append(&mut stream, next_amount(n % 100), n % 100).await?;
        Ok(Some(id))
    }

    async fn snapshot_load(&self, id: &str) -> Result<u64> {
        let snapshots = WithPgSnapshot::new(PgSnapshotter::new_uninitialized(self.pool.clone(), 100));
        let states = EventSourcedStateStore::new(self.store.clone(), snapshots);
        Ok(states.load(AccountState::new(id.parse()?)).await?.state().account.events)
    }

    async fn catch_up(&self, expected: u64) -> Result<Option<u64>> {
        let events = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&events);
        let done = async move {
            while counted.load(Relaxed) < expected {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        listener::run(&self.pool, Count::new(Arc::clone(&events)), done).await?;
        Ok(Some(events.load(Relaxed)))
    }

    async fn subscribe(&self, seen: Arc<Seen>) -> Result<bool> {
        let until = Arc::clone(&seen);
        let done = async move {
            while !until.is_stopped() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        listener::run(&self.pool, Follow::new(seen), done).await?;
        Ok(true)
    }
}

fn main() -> Result<()> {
    driver::run::<Disintegrate>()?;
    let (repeated, workload) = (REPEATED.load(Relaxed), std::env::args().nth(2).unwrap_or_default());
    if repeated > 0 {
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        driver::print(&format!("{workload}_repeated"), &[("appends", repeated as f64)]);
    }
    Ok(())
}
