//! The column of evento.

mod account;
mod subscriptions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use driver::{Column, Command, Failed, OWNER, Result, Seen, amounts, next_amount, note};
use evento::migrator::{Migrate, Plan};
use evento::subscription::SubscriptionBuilder;
use evento::{ProjectionAggregate, WriteError};
use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

use self::account::{Deposited, Opened, replayed, saved};

#[derive(Clone)]
struct Evento {
    pool: PgPool,
    executor: evento::Evento,
}

/// A stream, and the version of its last event.
struct Stream(String, u16);

fn deposited(amount: i64) -> Deposited {
    Deposited { amount, note: note(amount) }
}

impl Column for Evento {
    const NAME: &'static str = "evento";
    type Stream = Stream;

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
        let sql: evento::Postgres = pool.clone().into();
        Ok(Self { pool, executor: sql.into() })
    }

    async fn setup(&self) -> Result<()> {
        let mut connection = self.pool.acquire().await?;
        evento::sql_migrator::new::<sqlx::Postgres>()?.run(&mut *connection, &Plan::apply_all()).await?;
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream(self.new_id(), 0)
    }

    fn id(stream: &Stream) -> String {
        stream.0.clone()
    }

    async fn append(&self, stream: &mut Stream, first: i64, n: usize) -> Result<()> {
        let mut append = evento::append(&stream.0);
        append.original_version(stream.1);
        for amount in amounts(first, n) {
            append.event(&deposited(amount));
        }
        append.commit(&self.executor).await?;
        stream.1 += u16::try_from(n)?;
        Ok(())
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        let loaded = replayed().load(id).execute(&self.executor).await;
        let account = loaded.map_err(|error| Failed::Other(error.into()))?;
        let mut append = match &account {
            Some(account) => account.write().map_err(|error| Failed::Other(error.to_string().into()))?,
            None => evento::append(id),
        };
        match command {
            Command::Open => {
                append.event(&Opened { owner: OWNER.into() });
            }
            Command::Deposit { first, n } => {
                for amount in amounts(first, n) {
                    append.event(&deposited(amount));
                }
            }
        }
        match append.commit(&self.executor).await {
            Err(WriteError::InvalidOriginalVersion) => Err(Failed::Conflict),
            done => Ok(done.map(|_| ())?),
        }
    }

    async fn load(&self, id: &str) -> Result<u64> {
        let account = replayed().load(id).execute(&self.executor).await?;
        Ok(account.map_or(0, |account| account.events))
    }

    async fn snapshot_build(&self, n: usize) -> Result<Option<String>> {
        let mut stream = self.stream();
        for _ in 0..n / 100 {
            self.append(&mut stream, next_amount(100), 100).await?;
        }
        // A snapshot only contains events that are older than evento's margin of one second.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        self.snapshot_load(&stream.0).await?;
        self.append(&mut stream, next_amount(n % 100), n % 100).await?;
        Ok(Some(stream.0))
    }

    async fn snapshot_load(&self, id: &str) -> Result<u64> {
        let account = saved().load(id).execute(&self.executor).await?;
        Ok(account.map_or(0, |account| account.events))
    }

    async fn catch_up(&self, _: u64) -> Result<Option<u64>> {
        let events = Arc::new(AtomicU64::new(0));
        SubscriptionBuilder::new(format!("count-{}", Uuid::new_v4()))
            .handler(subscriptions::count())
            .data(Arc::clone(&events))
            .run_once(&self.executor)
            .await?;
        Ok(Some(events.load(Relaxed)))
    }

    async fn subscribe(&self, seen: Arc<Seen>) -> Result<bool> {
        let subscription = SubscriptionBuilder::new(format!("follow-{}", Uuid::new_v4()))
            .handler(subscriptions::follow())
            .data(Arc::clone(&seen))
            .start(&self.executor)
            .await?;
        while !seen.is_stopped() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        subscription.shutdown().await?;
        Ok(true)
    }
}

fn main() -> Result<()> {
    driver::run::<Evento>()
}
