//! This project: `es-postgres`, through the repository and through the store.

mod account;
mod nothing;

use std::env;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use driver::{Column, Command, Failed, Result, Seen, amounts, events_a_second, next_amount, note};
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::subscription::Subscription;
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{Aggregate, Event, EventStore, ExecuteError, Metadata, Repository, Revision, StreamId};
use es_postgres::{PostgresStore, Projector};

use self::account::{Account, AccountEvent, Deposit, Deposited, Open, SavedAccount};
use self::nothing::Nothing;

#[derive(Clone)]
struct Es {
    url: Arc<str>,
    store: PostgresStore,
    accounts: Repository<Account, PostgresStore>,
    saved: Repository<SavedAccount, PostgresStore>,
    metadata: Arc<Metadata>,
}

/// A stream, and the revision of its last event.
struct Stream {
    id: StreamId,
    revision: Revision,
}

impl Column for Es {
    const NAME: &'static str = "es";
    type Stream = Stream;

    /// With default options, unless the environment changes them: with `ES_CACHE=0` every command loads its
    /// state; with `ES_METADATA=full` every optional column has a value; with `ES_NOTIFY=0` there is no
    /// NOTIFY on a separate connection.
    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let set = |name: &str, value: &str| env::var(name).is_ok_and(|set| set == value);
        let options = PostgresStore::options(url).connections(connections);
        let options = if set("ES_NOTIFY", "0") { options.notify(false) } else { options };
        let store = options.migrate().await?;
        let accounts = Repository::new(store.clone());
        let accounts = if set("ES_CACHE", "0") { accounts.with_cache(0) } else { accounts };
        let metadata = if set("ES_METADATA", "full") { every_column() } else { Metadata::new() };
        let saved = Repository::new(store.clone());
        Ok(Self { url: url.into(), store, accounts, saved, metadata: Arc::new(metadata) })
    }

    /// `connect` has created the tables.
    async fn setup(&self) -> Result<()> {
        self.accounts.register().await?;
        self.saved.register().await?;
        Ok(())
    }

    fn stream(&self) -> Stream {
        let id = StreamId::new(Account::NAME, self.new_id()).expect("a UUID is a key");
        Stream { id, revision: Revision::EMPTY }
    }

    fn id(stream: &Stream) -> String {
        stream.id.key().to_owned()
    }

    async fn append(&self, stream: &mut Stream, first: i64, n: usize) -> Result<()> {
        let mut events = Vec::with_capacity(n);
        for amount in amounts(first, n) {
            let payload = serde_json::to_vec(&Deposited { amount, note: note(amount) })?;
            let metadata = Arc::clone(&self.metadata);
            events.push(NewEvent::new(Deposited::NAME, Deposited::VERSION, payload, metadata));
        }
        let append = Append::new(&stream.id, stream.revision, &events);
        match self.store.append(append).await? {
            AppendOutcome::Appended(_) => {
                stream.revision = append.last_revision();
                Ok(())
            }
            other => Err(format!("not appended: {other:?}").into()),
        }
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        let id = id.parse()?;
        let executed = match command {
            Command::Open => self.accounts.execute(&id, Open).await,
            Command::Deposit { first, n } => self.accounts.execute(&id, Deposit { first, n }).await,
        };
        match executed {
            Err(ExecuteError::Conflict { .. }) => Err(Failed::Conflict),
            done => Ok(done.map(|_| ())?),
        }
    }

    async fn load(&self, id: &str) -> Result<u64> {
        Ok(self.accounts.load(&id.parse()?).await?.state.events)
    }

    async fn snapshot_build(&self, n: usize) -> Result<Option<String>> {
        let key = self.new_id();
        let id = key.parse()?;
        for done in (0..n).step_by(100) {
            let some = (n - done).min(100);
            self.saved.execute(&id, Deposit { first: next_amount(some), n: some }).await?;
            self.saved.settle().await;
        }
        Ok(Some(key))
    }

    async fn snapshot_load(&self, id: &str) -> Result<u64> {
        Ok(self.saved.load(&id.parse()?).await?.state.events)
    }

    async fn before_catch_up(&self) -> Result<()> {
        nothing::forget(&self.url).await?;
        Projector::new(self.store.clone(), Nothing::default()).prepare().await?;
        Ok(())
    }

    async fn catch_up(&self, _: u64) -> Result<Option<u64>> {
        let nothing = Nothing::default();
        let events = nothing.events();
        Projector::new(self.store.clone(), nothing).catch_up().await?;
        Ok(Some(events.load(Relaxed)))
    }

    async fn subscribe(&self, seen: Arc<Seen>) -> Result<bool> {
        const LOOK: Duration = Duration::from_millis(20);
        let mut subscription = Subscription::of::<Account>(self.store.clone());
        while !seen.is_stopped() {
            // A call that is dropped loses nothing.
            let Ok(next) = tokio::time::timeout(LOOK, subscription.next()).await else { continue };
            if let AccountEvent::Deposited(deposited) = next?.event {
                seen.see(deposited.amount);
            }
        }
        Ok(true)
    }

    /// `w7stream`: a subscription instead of a projector, which stores no checkpoint.
    async fn extra(&self, what: &str) -> Result<Vec<(&'static str, f64)>> {
        if what != "w7stream" {
            return Err(format!("es has no workload {what}").into());
        }
        let start = Instant::now();
        let mut subscription = Subscription::of::<Account>(self.store.clone());
        let mut events = 0;
        while let Some(event) = subscription.try_next().await? {
            std::hint::black_box(event);
            events += 1;
        }
        Ok(vec![("events_s", events_a_second(events, start))])
    }
}

/// A value for every optional column.
fn every_column() -> Metadata {
    Metadata::new()
        .correlation_id(Uuid::now_v7())
        .causation_id(Uuid::now_v7())
        .occurred_at(OffsetDateTime::now_utc())
        .actor("clerk-112")
        .entry("channel", "branch")
}

fn main() -> Result<()> {
    driver::run::<Es>()
}
