//! cqrs-es with postgres-es.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventStoreAggregateContext, PersistedEventStore, QueryReplay};
use cqrs_es::{Aggregate, AggregateError, DomainEvent, EventEnvelope, EventStore, Query};
use driver::{Account, BankEvent, Column, Command, Failed, Result, next_amount};
use postgres_es::{PostgresCqrs, PostgresEventRepository, postgres_cqrs, postgres_snapshot_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Event(BankEvent);

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        self.0.name().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".into()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct State(Account);

#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused;

impl Aggregate for State {
    const TYPE: &'static str = "account";
    type Command = Command;
    type Event = Event;
    type Error = Refused;
    type Services = ();

    async fn handle(&mut self, command: Command, (): &(), sink: &EventSink<Self>) -> Result<(), Refused> {
        for event in command.events() {
            sink.write(Event(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        self.0.apply(&event.0);
    }
}

type Store = PersistedEventStore<PostgresEventRepository, State>;

#[derive(Clone)]
struct CqrsEs {
    pool: PgPool,
    store: Arc<Store>,
    snapshot_store: Arc<Store>,
    cqrs: Arc<PostgresCqrs<State>>,
    snapshot_cqrs: Arc<PostgresCqrs<State>>,
}

struct Stream(String, usize);

/// The projection of W7.
struct Count(Arc<AtomicU64>);

#[async_trait::async_trait]
impl Query<State> for Count {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<State>]) {
        self.0.fetch_add(std::hint::black_box(events).len() as u64, Relaxed);
    }
}

/// From the crate's `db/init.sql`.
const TABLES: &str = "
    CREATE TABLE events (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL,
        sequence bigint CHECK (sequence >= 0) NOT NULL,
        event_type text NOT NULL, event_version text NOT NULL,
        payload json NOT NULL, metadata json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence));
    CREATE TABLE snapshots (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL,
        last_sequence bigint CHECK (last_sequence >= 0) NOT NULL,
        current_snapshot bigint CHECK (current_snapshot >= 0) NOT NULL,
        payload json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, last_sequence))";

impl Column for CqrsEs {
    const NAME: &'static str = "cqrs-es";
    type Stream = Stream;

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
        let repository = || PostgresEventRepository::new(pool.clone());
        Ok(Self {
            store: Arc::new(PersistedEventStore::new_event_store(repository())),
            snapshot_store: Arc::new(PersistedEventStore::new_snapshot_store(repository(), 100)),
            cqrs: Arc::new(postgres_cqrs(pool.clone(), vec![], ())),
            snapshot_cqrs: Arc::new(postgres_snapshot_cqrs(pool.clone(), vec![], 100, ())),
            pool,
        })
    }

    async fn setup(&self) -> Result<()> {
        sqlx::raw_sql(TABLES).execute(&self.pool).await?;
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream(self.new_id(), 0)
    }

    fn id(stream: &Stream) -> String {
        stream.0.clone()
    }

    async fn append(&self, stream: &mut Stream, first: i64, n: usize) -> Result<()> {
        let context = EventStoreAggregateContext {
            aggregate_id: stream.0.clone(),
            aggregate: State::default(),
            current_sequence: stream.1,
            current_snapshot: None,
        };
        let events = Command::Deposit { first, n }.events().into_iter().map(Event).collect();
        self.store.commit(events, context, HashMap::new()).await?;
        stream.1 += n;
        Ok(())
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        match self.cqrs.execute(id, command).await {
            Err(AggregateError::AggregateConflict) => Err(Failed::Conflict),
            done => Ok(done?),
        }
    }

    async fn load(&self, id: &str) -> Result<u64> {
        Ok(self.store.load_aggregate(id).await?.aggregate.0.events)
    }

    async fn snapshot_build(&self, n: usize) -> Result<Option<String>> {
        let id = self.new_id();
        for done in (0..n).step_by(100) {
            let some = (n - done).min(100);
            self.snapshot_cqrs.execute(&id, Command::Deposit { first: next_amount(some), n: some }).await?;
        }
        Ok(Some(id))
    }

    async fn snapshot_load(&self, id: &str) -> Result<u64> {
        Ok(self.snapshot_store.load_aggregate(id).await?.aggregate.0.events)
    }

    async fn catch_up(&self, _: u64) -> Result<Option<u64>> {
        let events = Arc::new(AtomicU64::new(0));
        let repository = PostgresEventRepository::new(self.pool.clone());
        QueryReplay::<_, _, State>::new(repository, Count(Arc::clone(&events))).replay_all().await?;
        Ok(Some(events.load(Relaxed)))
    }
}

fn main() -> Result<()> {
    driver::run::<CqrsEs>()
}
