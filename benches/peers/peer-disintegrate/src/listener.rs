//! The listeners of W7 and W10.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use disintegrate::serde::json::Json;
use disintegrate::{EventListener, PersistedEvent, StreamQuery, query};
use disintegrate_postgres::{PgEventId, PgEventListener, PgEventListenerConfig, PgEventStore};
use driver::{Result, Seen};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Store;
use crate::account::AccountEvent;

type Query = StreamQuery<PgEventId, AccountEvent>;

/// Runs a listener until `done` completes.
pub(crate) async fn run(
    pool: &PgPool,
    listener: impl EventListener<PgEventId, AccountEvent, Error = Infallible> + 'static,
    done: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let store: Store = PgEventStore::new_uninitialized(pool.clone(), Json::default());
    let config = PgEventListenerConfig::poller(Duration::from_millis(50)).with_notifier();
    let listeners = PgEventListener::builder(store).register_listener(listener, config);
    Ok(listeners.start_with_shutdown(done).await?)
}

/// A listener's checkpoint is stored under its name, so each run has a new one.
fn new_name(what: &str) -> &'static str {
    format!("{what}-{}", Uuid::new_v4()).leak()
}

pub(crate) struct Count {
    name: &'static str,
    query: Query,
    events: Arc<AtomicU64>,
}

impl Count {
    pub(crate) fn new(events: Arc<AtomicU64>) -> Self {
        Self { name: new_name("count"), query: query!(AccountEvent), events }
    }
}

#[async_trait::async_trait]
impl EventListener<PgEventId, AccountEvent> for Count {
    type Error = Infallible;

    fn id(&self) -> &'static str {
        self.name
    }

    fn query(&self) -> &Query {
        &self.query
    }

    async fn handle(&self, event: PersistedEvent<PgEventId, AccountEvent>) -> Result<(), Infallible> {
        std::hint::black_box(&event);
        self.events.fetch_add(1, Relaxed);
        Ok(())
    }
}

pub(crate) struct Follow {
    name: &'static str,
    query: Query,
    seen: Arc<Seen>,
}

impl Follow {
    pub(crate) fn new(seen: Arc<Seen>) -> Self {
        Self { name: new_name("follow"), query: query!(AccountEvent), seen }
    }
}

#[async_trait::async_trait]
impl EventListener<PgEventId, AccountEvent> for Follow {
    type Error = Infallible;

    fn id(&self) -> &'static str {
        self.name
    }

    fn query(&self) -> &Query {
        &self.query
    }

    async fn handle(&self, event: PersistedEvent<PgEventId, AccountEvent>) -> Result<(), Infallible> {
        if let AccountEvent::Deposited { amount, .. } = &*event {
            self.seen.see(*amount);
        }
        Ok(())
    }
}
