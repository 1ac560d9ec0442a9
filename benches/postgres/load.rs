//! Loading a stream of ten thousand events, of the newest version and of the first.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use es_core::record::NewEvent;
use es_core::store::Append;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, EventStore, Metadata, Repository, Revision, StreamId, UpcastContext, UpcastFrom, event,
};
use es_postgres::PostgresStore;

use crate::append::append_to;
use crate::floor::{Floor, Writer};
use crate::report::Table;
use crate::{Result, Settings};

const EVENTS: i64 = 10_000;

#[event(name = "account.deposited")]
struct Deposited {
    #[allow(dead_code, reason = "decoded, as a real program would")]
    account: String,
    amount: i64,
    #[allow(dead_code, reason = "decoded, as a real program would")]
    reference: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = Uuid, events(Deposited))]
pub(crate) struct Account {
    total: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.total += event.amount;
    }
}

#[event(name = "purse.filled", version = 1)]
struct FilledV1 {
    account: String,
    amount: i64,
    reference: String,
}

#[event(name = "purse.filled", version = 2, previous = FilledV1)]
struct FilledV2 {
    account: String,
    cents: i64,
    reference: String,
}

#[event(name = "purse.filled", version = 3, previous = FilledV2)]
struct Filled {
    #[allow(dead_code, reason = "decoded, as a real program would")]
    account: String,
    cents: i64,
    #[allow(dead_code, reason = "decoded, as a real program would")]
    reference: Option<String>,
}

impl UpcastFrom<FilledV1> for FilledV2 {
    type Error = Infallible;
    fn upcast_from(old: FilledV1, _: &UpcastContext<'_>) -> std::result::Result<Self, Infallible> {
        Ok(Self { account: old.account, cents: old.amount * 100, reference: old.reference })
    }
}

impl UpcastFrom<FilledV2> for Filled {
    type Error = Infallible;
    fn upcast_from(old: FilledV2, _: &UpcastContext<'_>) -> std::result::Result<Self, Infallible> {
        Ok(Self { account: old.account, cents: old.cents, reference: Some(old.reference) })
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "purse", id = Uuid, events(Filled))]
struct Purse {
    total: i64,
}

impl Apply<Filled> for Purse {
    fn apply(&mut self, event: Filled) {
        self.total += event.cents;
    }
}

pub(crate) async fn run(settings: &Settings, floor: &Floor, table: &mut Table) -> Result<()> {
    let (plain, upcast) = ("load 10,000 events", "load 10,000 events, version 1 to 3");
    if !settings.wants(plain) && !settings.wants(upcast) {
        return Ok(());
    }
    let store = settings.store(1).await?;
    let mut writer = floor.connect().await?;
    let by_hand = writer.new_stream().await?;
    writer.append_many(by_hand, 0, EVENTS).await?;
    let id = Uuid::now_v7();
    for chunk in 0..10 {
        let stream = StreamId::new("account", id.to_string())?;
        append_to(&store, &stream, chunk * EVENTS / 10, EVENTS / 10).await?;
    }
    write_version_1(&store, id).await?;

    let accounts = Repository::<Account, _>::new(store.clone());
    let purses = Repository::<Purse, _>::new(store.clone());
    let (mut pairs, mut upcasts) = (Vec::new(), Vec::new());
    for time in 0..=settings.times * 3 {
        let floor_seconds = timed(by_hand_load(&mut writer, by_hand)).await?;
        let plain_seconds = timed(async { Ok(accounts.load(&id).await?.state.total) }).await?;
        let upcast_seconds = timed(async { Ok(purses.load(&id).await?.state.total) }).await?;
        if time > 2 {
            pairs.push((1.0 / floor_seconds, 1.0 / plain_seconds));
            upcasts.push((1.0 / plain_seconds, 1.0 / upcast_seconds));
        }
    }
    table.rates(plain, "loads/s", &pairs, 0.8);
    table.rates(&format!("{upcast} (floor: the load above)"), "loads/s", &upcasts, 0.7);
    store.close().await;
    Ok(())
}

async fn by_hand_load(writer: &mut Writer, stream: i64) -> Result<i64> {
    writer.load(stream).await
}

/// Seconds of a load; its sum is checked, so that nothing is left out.
async fn timed(load: impl Future<Output = Result<i64>>) -> Result<f64> {
    let start = Instant::now();
    let total = load.await?;
    let seconds = start.elapsed().as_secs_f64();
    if total == 0 {
        return Err("nothing was loaded".into());
    }
    Ok(seconds)
}

async fn write_version_1(store: &PostgresStore, id: Uuid) -> Result<()> {
    let stream = StreamId::new("purse", id.to_string())?;
    let metadata = Arc::new(Metadata::new());
    let mut expected = Revision::EMPTY;
    for _ in 0..10 {
        let mut events = Vec::new();
        for number in 0..EVENTS / 10 {
            let payload = serde_json::to_vec(&crate::floor::Deposit::new(number + 1))?;
            events.push(NewEvent::new("purse.filled", 1, payload, Arc::clone(&metadata)));
        }
        let append = Append::new(&stream, expected, &events);
        expected = append.last_revision();
        let _outcome = store.append(append).await?;
    }
    Ok(())
}
