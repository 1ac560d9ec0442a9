//! A read-only store, on a standby.

use std::time::Duration;

use es_core::model::NewSnapshot;
use es_core::record::RawEvent;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllQuery, Append, AppendIn, Checkpoint, CloseStreams, CommandKey, CommandRecord, Decision, Filter, Find,
    FindEvents, ListQuery, ListStreams, ReadAll, Rest, StreamRange,
};
use es_core::subscription::Subscription;
use es_core::{
    Aggregate, Apply, EventStore, Events, ExecuteError, ExecuteOptions, Handle, Position, Repository,
    Revision, StoreError, emit, event,
};
use es_postgres::{ConnectError, PostgresStore, Projector, ProjectorError};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection};

use crate::replicas::Servers;
use crate::silent_projector::Counts;
use crate::support::{append_one, appended, connect, events, fresh, ids, number, sql, stream, until};

#[event(name = "meter.read")]
struct Read {
    value: u64,
}

#[derive(Aggregate, Debug, Default, PartialEq, Serialize, Deserialize)]
#[aggregate(name = "meter", id = String, events(Read), snapshot(every = 2))]
struct Meter {
    sum: u64,
}

impl Apply<Read> for Meter {
    fn apply(&mut self, event: Read) {
        self.sum += event.value;
    }
}

impl Handle<u64> for Meter {
    type Error = std::convert::Infallible;
    fn handle(&self, value: &u64) -> Result<Events<Self>, Self::Error> {
        emit(Read { value: *value })
    }
}

/// No writing program has it.
#[derive(Aggregate, Debug, Default)]
#[aggregate(name = "gauge", id = String, events(Shown))]
struct Gauge;

#[event(name = "gauge.shown")]
struct Shown;

impl Apply<Shown> for Gauge {
    fn apply(&mut self, _: Shown) {}
}

/// The positions after a checkpoint, and whether there are more.
async fn page(store: &PostgresStore, after: Checkpoint) -> Result<(Vec<u64>, Rest), StoreError> {
    let (all, mut positions) = (Filter::new(), Vec::new());
    let mut take = |event: RawEvent<'_>| {
        positions.push(event.position.get());
        Ok(())
    };
    let page = store.read_all(AllQuery::after(after, &all), &mut take).await?;
    Ok((positions, page.rest))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_read_in_every_way() {
    let servers = Servers::start().await;
    let primary = PostgresStore::migrate(servers.primary.url()).await.expect("a store");
    let meters = Repository::<Meter, _>::new(primary.clone());
    for value in 1..=5_u64 {
        meters.execute(&"m".to_owned(), value).await.expect("executed");
    }
    meters.settle().await;
    let appended = appended(append_one(&primary, &stream("a"), 0).await);
    Projector::new(primary.clone(), Counts).catch_up().await.expect("projected");
    servers.caught_up().await;
    let projected = "EXISTS (SELECT FROM es.checkpoints WHERE position = 6)";
    until(&mut connect(servers.standby.url()).await, projected).await;

    let store = PostgresStore::read_only(servers.standby.url()).await.expect("a store");
    let reader = Repository::<Meter, _>::new(store.clone());
    assert_eq!(reader.load(&"m".to_owned()).await.expect("a state").state.sum, 15);
    let earlier = reader.load_at(&"m".to_owned(), Revision::new(3)).await.expect("an earlier state");
    assert_eq!(earlier.state.sum, 6);
    assert_eq!(ids(&store, &stream("a")).await.len(), 1);
    let mut count = 0;
    let mut counting = |_: RawEvent<'_>| {
        count += 1;
        Ok(())
    };
    store.read_stream(&stream("a"), StreamRange::ALL, &mut counting).await.expect("read");
    let listed = store.list_streams(ListQuery::category("meter").limit(10)).await.expect("a list");
    assert_eq!(listed.len(), 1);
    assert_eq!(store.snapshots().await.expect("a list").len(), 1);
    let head = store.end().await.expect("a head");
    assert_eq!(head.position(), Position::new(6));
    let (_, event_id) = head.event().expect("an event");
    store.find(Find::Event(event_id), &mut counting).await.expect("found");
    assert_eq!(count, 2);
    assert_eq!(page(&store, Checkpoint::START).await.expect("a page").0, [1, 2, 3, 4, 5, 6]);
    assert_eq!(appended.positions, [Position::new(6)]);
    let projector = Projector::new(store.clone(), Counts);
    assert_eq!(projector.status().await.expect("a status").position(), Position::new(6));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_refused_in_a_read_only_store() {
    let servers = Servers::start().await;
    let primary = PostgresStore::migrate(servers.primary.url()).await.expect("a store");
    let meters = Repository::<Meter, _>::new(primary.clone());
    let known = || ExecuteOptions::new().command_id(uuid::Uuid::from_u128(7));
    meters.execute_with(&"m".to_owned(), 1_u64, known()).await.expect("executed");
    servers.caught_up().await;
    for url in [servers.standby.url(), servers.primary.url()] {
        let store = PostgresStore::read_only(url).await.expect("a store");
        let (a, batch) = (stream("a"), events(1));
        let append = Append::new(&a, Revision::EMPTY, &batch);
        let key = CommandKey::from(uuid::Uuid::now_v7());
        let decision = Decision::empty(&a, Revision::EMPTY, CommandRecord::new(key, "count"));
        let snapshot = NewSnapshot::new(a.clone(), Revision::new(1), Fingerprint::EMPTY, b"{}".to_vec());
        let mut connection = connect(url).await;
        let mut tx = connection.begin().await.expect("a transaction");
        let refused = [
            store.append(append).await.map(drop),
            store.submit(append).await.map(drop),
            store.append_all(&[append]).await.map(drop),
            store.append_in(&mut tx, append).await.map(drop),
            store.remember(decision).await.map(drop),
            store.remember_in(&mut tx, decision).await.map(drop),
            store.close_stream(&a, Revision::EMPTY).await.map(drop),
            store.save_snapshot(snapshot).await,
            store.drop_snapshots(Fingerprint::EMPTY).await.map(drop),
            store.prune_commands(Duration::ZERO).await.map(drop),
            store.rename_category("electric-meter", &["meter"]).await,
            store.open_appends().await.map(drop),
            store.grant_writer("postgres").await,
        ];
        for (at, refused) in refused.into_iter().enumerate() {
            assert!(matches!(refused, Err(StoreError::ReadOnly)), "{at}: {refused:?}");
        }
        // What is registered already may be registered; nothing else.
        let reader = Repository::<Meter, _>::new(store.clone());
        reader.register().await.expect("it is there");
        for options in [ExecuteOptions::new(), known()] {
            let command = reader.execute_with(&"m".to_owned(), 1_u64, options).await.expect_err("read-only");
            assert!(matches!(command, ExecuteError::Store(StoreError::ReadOnly)), "{command}");
            assert!(!command.is_retryable());
        }
        let unknown = Repository::<Gauge, _>::new(store.clone());
        let unknown = unknown.register().await;
        assert!(matches!(unknown, Err(StoreError::ReadOnly)), "{unknown:?}");
        let run = Projector::new(store.clone(), Counts).run().await;
        assert!(matches!(run, Err(ProjectorError::Store(StoreError::ReadOnly))), "{run:?}");
        let migrated = PostgresStore::options(url).read_only().migrate().await;
        assert!(matches!(migrated, Err(ConnectError::OnlyReads)), "{migrated:?}");
    }
    let mut db = connect(servers.primary.url()).await;
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 1);
}

/// A checkpoint of the primary, or of another standby, can be ahead of a standby.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_waits_for_a_checkpoint_that_a_standby_has_not_received() {
    let servers = Servers::start().await;
    let primary = PostgresStore::migrate(servers.primary.url()).await.expect("a store");
    appended(append_one(&primary, &stream("a"), 0).await);
    servers.caught_up().await;
    let mut standby = connect(servers.standby.url()).await;
    sql(&mut standby, "SELECT pg_wal_replay_pause()").await;
    appended(append_one(&primary, &stream("a"), 1).await);
    let checkpoint = primary.end().await.expect("a head");
    let store = PostgresStore::read_only(servers.standby.url()).await.expect("a store");
    assert_eq!(page(&store, checkpoint).await.expect("no error"), (vec![], Rest::Nothing));
    assert_eq!(page(&store, Checkpoint::START).await.expect("a page"), (vec![1], Rest::Nothing));
    let mut subscription = Subscription::new(store.clone()).from(checkpoint);
    subscription = subscription.poll_every(Duration::from_millis(20));
    sql(&mut standby, "SELECT pg_wal_replay_resume()").await;
    appended(append_one(&primary, &stream("a"), 2).await);
    let mut seen = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        seen.push(event.position.get());
        Ok(())
    };
    let next = tokio::time::timeout(Duration::from_secs(60), subscription.next_page(&mut take)).await;
    next.expect("in time").expect("a page");
    assert_eq!(seen, [3]);
}

/// The same checkpoint once the standby has taken over without its event: reading continues across the
/// promotion, and fails as soon as other events have reached its position.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_store_reports_a_checkpoint_of_a_lost_history() {
    let servers = Servers::start().await;
    let primary = PostgresStore::migrate(servers.primary.url()).await.expect("a store");
    appended(append_one(&primary, &stream("a"), 0).await);
    servers.caught_up().await;
    let store = PostgresStore::read_only(servers.standby.url()).await.expect("a store");
    let shared = store.end().await.expect("a head");
    let mut standby = connect(servers.standby.url()).await;
    // From here on the standby receives nothing.
    sql(&mut standby, "ALTER SYSTEM SET primary_conninfo = ''").await;
    sql(&mut standby, "SELECT pg_reload_conf()").await;
    until(&mut standby, "NOT EXISTS (SELECT FROM pg_stat_wal_receiver)").await;
    appended(append_one(&primary, &stream("a"), 1).await);
    let lost = primary.end().await.expect("a head");
    assert_eq!(page(&store, lost).await.expect("no error"), (vec![], Rest::Nothing));
    servers.fail_over().await;
    let told = page(&store, lost).await;
    assert!(matches!(told, Err(StoreError::ForeignCheckpoint { found: None, .. })), "{told:?}");
    let writer = PostgresStore::connect(servers.standby.url()).await.expect("a store");
    let next = appended(append_one(&writer, &stream("b"), 0).await).positions[0].get();
    assert_eq!(page(&store, shared).await.expect("a page"), (vec![next], Rest::Nothing));
}

/// Neither a standby nor a read-only database is migrated, each with its own error.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_no_writes_is_not_migrated() {
    let servers = Servers::start().await;
    servers.caught_up().await;
    let standby = PostgresStore::migrate(servers.standby.url()).await.expect_err("a standby");
    assert!(matches!(standby, ConnectError::Standby) && standby.is_retryable(), "{standby:?}");
    let alter = "ALTER DATABASE postgres SET default_transaction_read_only = on";
    sql(&mut connect(servers.primary.url()).await, alter).await;
    let fenced = PostgresStore::migrate(servers.primary.url()).await.expect_err("read-only");
    assert!(matches!(fenced, ConnectError::ReadOnly) && fenced.is_retryable(), "{fenced:?}");
}

/// There only the check of a session detects it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_no_writes_is_refused_behind_a_pooler() {
    let servers = Servers::start().await;
    PostgresStore::migrate(servers.primary.url()).await.expect("tables").close().await;
    servers.caught_up().await;
    let behind = async |url: &str| {
        let refused = PostgresStore::options(url).transaction_pooler(true).connect().await;
        refused.expect_err("it accepts no writes")
    };
    let standby = behind(servers.standby.url()).await;
    assert!(matches!(standby, ConnectError::Standby), "{standby:?}");
    let alter = "ALTER DATABASE postgres SET default_transaction_read_only = on";
    sql(&mut connect(servers.primary.url()).await, alter).await;
    let fenced = behind(servers.primary.url()).await;
    assert!(matches!(fenced, ConnectError::ReadOnly), "{fenced:?}");
}

/// Behind a pooler a page asks several times in one transaction, in which the server returns the next
/// transaction id only once: positions in later answers may have an open transaction before them.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_begins_while_a_page_behind_a_pooler_waits_is_not_skipped() {
    let (database, _) = fresh().await;
    // A notification would be another transaction between the two that matter.
    let writer = database.options().notify(false).connect().await.expect("a store");
    let options = database.options().transaction_pooler(true).read_only();
    let reader = options.connect().await.expect("a store");
    appended(append_one(&writer, &stream("first"), 0).await);
    let url = database.url();
    let (mut one, mut two, mut watch) = (connect(url).await, connect(url).await, connect(url).await);
    for round in 0.. {
        let before = reader.end().await.expect("a head");
        let begin = async |connection: &mut PgConnection, key: &str| {
            sql(connection, "BEGIN").await;
            let (stream, event) = (stream(&format!("{key}-{round}")), events(1));
            let done = writer.append_in(connection, Append::new(&stream, Revision::EMPTY, &event)).await;
            appended(done.expect("an outcome")).positions[0].get()
        };
        let held = begin(&mut one, "held").await;
        let seen = append_one(&writer, &stream(&format!("seen-{round}")), 0).await;
        let seen = appended(seen).positions[0].get();
        let reading = tokio::spawn({
            let reader = reader.clone();
            async move { page(&reader, before).await.expect("a page") }
        });
        let asked = "EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction'
                     AND query LIKE '%SELECT max(n.position) AS whole%' AND datname = current_database())";
        until(&mut watch, asked).await;
        let late = begin(&mut two, "late").await;
        let last = append_one(&writer, &stream(&format!("last-{round}")), 0).await;
        let last = appended(last).positions[0].get();
        sql(&mut one, "COMMIT").await;
        let (positions, rest) = reading.await.expect("no panic");
        assert!(!positions.contains(&last), "{positions:?} without {late}, which may still be committed");
        sql(&mut two, "COMMIT").await;
        assert_eq!(page(&reader, before).await.expect("a page").0, [held, seen, late, last]);
        // On a busy machine it may have given up before, or have asked for the last time already.
        if !positions.is_empty() && rest == Rest::Held {
            assert_eq!(positions, [held, seen]);
            return;
        }
    }
}
