//! esrs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use driver::{Account, BankEvent, Column, Command, Failed, Result, events_a_second};
use esrs::handler::{EventHandler, ReplayableEventHandler};
use esrs::manager::AggregateManager;
use esrs::rebuilder::{PgRebuilder, Rebuilder};
use esrs::store::postgres::{PgStore, PgStoreBuilder, PgStoreError};
use esrs::store::{EventStore, StoreEvent};
use esrs::{Aggregate, AggregateState};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Event(BankEvent);

struct Bank;

#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused;

impl Aggregate for Bank {
    const NAME: &'static str = "account";
    type State = Account;
    type Command = Command;
    type Event = Event;
    type Error = Refused;

    fn handle_command(_: &Account, command: Command) -> Result<Vec<Event>, Refused> {
        Ok(command.events().into_iter().map(Event).collect())
    }

    fn apply_event(mut account: Account, event: Event) -> Account {
        account.apply(&event.0);
        account
    }
}

#[derive(Clone)]
struct Esrs {
    pool: PgPool,
    store: PgStore<Bank>,
    manager: Arc<AggregateManager<PgStore<Bank>>>,
}

/// The projection of W7.
struct Count(Arc<AtomicU64>);

#[async_trait::async_trait]
impl EventHandler<Bank> for Count {
    async fn handle(&self, event: &StoreEvent<Event>) {
        std::hint::black_box(event);
        self.0.fetch_add(1, Relaxed);
    }
}

impl ReplayableEventHandler<Bank> for Count {}

impl Esrs {
    async fn handle(&self, state: AggregateState<Account>, command: Command) -> Result<(), Failed> {
        match self.manager.handle_command(state, command).await {
            Err(PgStoreError::Sqlx(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                Err(Failed::Conflict)
            }
            done => Ok(done?.map(|_| ())?),
        }
    }
}

impl Column for Esrs {
    const NAME: &'static str = "esrs";
    type Stream = AggregateState<Account>;

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
        let store: PgStore<Bank> =
            PgStoreBuilder::new(pool.clone()).without_running_migrations().try_build().await?;
        Ok(Self { pool, manager: Arc::new(AggregateManager::new(store.clone())), store })
    }

    async fn setup(&self) -> Result<()> {
        let _store: PgStore<Bank> = PgStoreBuilder::new(self.pool.clone()).try_build().await?;
        Ok(())
    }

    fn stream(&self) -> Self::Stream {
        AggregateState::new()
    }

    fn id(stream: &Self::Stream) -> String {
        stream.id().to_string()
    }

    async fn append(&self, stream: &mut Self::Stream, first: i64, n: usize) -> Result<()> {
        let events = Command::Deposit { first, n }.events().into_iter().map(Event).collect();
        self.store.persist(stream, events).await?;
        Ok(())
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        let id: Uuid = id.parse()?;
        let state = self.manager.load(id).await?.unwrap_or_else(|| AggregateState::with_id(id));
        self.handle(state, command).await
    }

    /// Under an advisory lock.
    async fn command_locked(&self, id: &str, command: Command) -> Option<Result<(), Failed>> {
        let locked = async {
            let state = self.manager.lock_and_load(id.parse::<Uuid>()?).await?.unwrap_or_default();
            self.handle(state, command).await
        };
        Some(locked.await)
    }

    async fn load(&self, id: &str) -> Result<u64> {
        let state = self.manager.load(id.parse::<Uuid>()?).await?;
        Ok(state.map_or(0, |state| state.inner().events))
    }

    async fn catch_up(&self, _: u64) -> Result<Option<u64>> {
        let events = Arc::new(AtomicU64::new(0));
        let rebuilder: PgRebuilder<Bank> =
            PgRebuilder::new().with_event_handlers(vec![Box::new(Count(Arc::clone(&events)))]);
        rebuilder.all_at_once(self.pool.clone()).await?;
        Ok(Some(events.load(Relaxed)))
    }

    /// `w7stream`: all events with one query.
    async fn extra(&self, what: &str) -> Result<Vec<(&'static str, f64)>> {
        if what != "w7stream" {
            return Err(format!("esrs has no workload {what}").into());
        }
        let start = Instant::now();
        let mut stream = self.store.stream_events(&self.pool);
        let mut events = 0;
        while let Some(event) = stream.try_next().await? {
            std::hint::black_box(event);
            events += 1;
        }
        Ok(vec![("events_s", events_a_second(events, start))])
    }
}

fn main() -> Result<()> {
    driver::run::<Esrs>()
}
