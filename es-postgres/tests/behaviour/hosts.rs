//! Several servers in one URL: which of them is used, and what follows a failover automatically.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use es_core::record::RawEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::subscription::Subscription;
use es_core::{EventStore, Revision, StoreError};
use es_postgres::testing::Cluster;
use es_postgres::{ConnectError, PostgresStore, Projector};
use tokio::net::UnixListener;

use crate::replicas::Servers;
use crate::silent_projector::Counts;
use crate::support::{LONG, MOMENT, append_one, appended, connect, events, ids, number, sql, stream, until};

/// The URL of several servers, each a socket directory, and with more parameters.
fn url_of(hosts: &[&str], parameters: &str) -> String {
    format!("postgres://postgres@localhost/postgres?host={}&{parameters}", hosts.join(","))
}

/// The directory of a server's socket, as written in a URL.
fn socket(cluster: &Cluster) -> &str {
    cluster.url().split_once("host=").expect("a folder").1
}

/// The URL of the primary, then the standby.
fn both(servers: &Servers) -> String {
    url_of(&[socket(&servers.primary), socket(&servers.standby)], "")
}

/// Appends until it succeeds: earlier failures must be retryable.
async fn append_until(store: &PostgresStore, key: &str, revision: u64) {
    let (stream, batch, started) = (stream(key), events(1), Instant::now());
    loop {
        match store.append(Append::new(&stream, Revision::new(revision), &batch)).await {
            Ok(AppendOutcome::Appended(_)) => return,
            Err(error) if error.is_retryable() && started.elapsed() < LONG => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_program_finds_the_new_primary() {
    let servers = Servers::start().await;
    let options = || PostgresStore::options(&both(&servers)).answer_within(Duration::from_secs(5));
    let store = options().migrate().await.expect("a store");
    let other = options().connect().await.expect("another program");
    let projector = Projector::new(other.clone(), Counts).poll_every(Duration::from_millis(50));
    projector.catch_up().await.expect("tables");
    let projecting = tokio::spawn(async move { projector.run().await });
    let seen = Arc::new(AtomicUsize::new(0));
    let following = tokio::spawn({
        let (seen, mut subscription) =
            (Arc::clone(&seen), Subscription::new(other).poll_every(Duration::from_millis(50)));
        async move {
            loop {
                let mut take = |_: RawEvent<'_>| {
                    seen.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                };
                match subscription.next_page(&mut take).await {
                    Ok(_) => {}
                    Err(error) if error.is_retryable() => tokio::time::sleep(Duration::from_millis(20)).await,
                    Err(error) => return error,
                }
            }
        }
    });
    for revision in 0..3 {
        appended(append_one(&store, &stream("a"), revision).await);
    }
    until(&mut connect(servers.primary.url()).await, "(SELECT count(*) FROM es_counts.counts) = 3").await;
    servers.caught_up().await;

    servers.fail_over().await;
    append_until(&store, "a", 3).await;
    append_until(&store, "b", 0).await;
    let mut db = connect(servers.standby.url()).await;
    until(&mut db, "(SELECT count(*) FROM es_counts.counts) = 5").await;
    let listening =
        "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'es listen' AND query LIKE 'LISTEN%')";
    until(&mut db, listening).await;
    let started = Instant::now();
    while seen.load(Ordering::SeqCst) < 5 {
        assert!(started.elapsed() < LONG && !following.is_finished(), "the subscription stands still");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(seen.load(Ordering::SeqCst), 5, "none twice");
    assert_eq!(ids(&store, &stream("a")).await.len(), 4);
    assert!(!projecting.is_finished() && !following.is_finished());
    projecting.abort();
    following.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn unavailable_servers_and_standbys_are_skipped() {
    let servers = Servers::start().await;
    let (primary, standby) = (socket(&servers.primary), socket(&servers.standby));
    let store = PostgresStore::migrate(&url_of(&["/nowhere", standby, primary], "")).await;
    appended(append_one(&store.expect("a store"), &stream("a"), 0).await);
    servers.caught_up().await;

    let none = url_of(&["/nowhere", standby], "");
    for refused in [PostgresStore::connect(&none).await, PostgresStore::migrate(&none).await] {
        let error = refused.expect_err("no primary");
        let text = error.to_string();
        assert!(text.contains("/nowhere, port 5432: no PostgreSQL answers"), "{text}");
        assert!(text.contains("the server is a standby") && text.contains("read-write"), "{text}");
        assert!(!text.contains('\n'), "{text}");
        assert!(
            matches!(&error, ConnectError::NoHost { tried, .. } if matches!(tried[1].error, ConnectError::Standby)),
            "{error:?}"
        );
        assert!(matches!(StoreError::from(error), StoreError::Unavailable { .. }), "it can be promoted");
    }
    // One that accepts no writes, as it is fenced.
    let alter = |to| format!("ALTER DATABASE postgres SET default_transaction_read_only = {to}");
    sql(&mut connect(servers.primary.url()).await, &alter("on")).await;
    let fenced = PostgresStore::connect(&both(&servers)).await.expect_err("fenced");
    assert!(fenced.to_string().contains("transaction_read_only"), "{fenced}");
    let writable = url_of(&[primary, standby], "target_session_attrs=primary");
    let refused = PostgresStore::connect(&writable).await.expect_err("still fenced");
    assert!(matches!(refused, ConnectError::ReadOnly), "{refused:?}");
}

/// The number of client connections of a server, besides the one that asks.
const OTHERS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_reads_is_opened_where_the_url_wants_it() {
    let servers = Servers::start().await;
    let (primary, standby) = (socket(&servers.primary), socket(&servers.standby));
    PostgresStore::migrate(servers.primary.url()).await.expect("a store").close().await;
    servers.caught_up().await;
    let mut at = [connect(servers.primary.url()).await, connect(servers.standby.url()).await];
    for (hosts, attrs, expected) in [
        ([primary, standby], "", Some([1, 0])),
        ([primary, standby], "any", Some([1, 0])),
        ([standby, primary], "any", Some([0, 1])),
        ([standby, primary], "read-write", Some([1, 0])),
        ([standby, primary], "primary", Some([1, 0])),
        ([primary, standby], "read-only", Some([0, 1])),
        ([primary, standby], "standby", Some([0, 1])),
        ([primary, standby], "prefer-standby", Some([0, 1])),
        ([primary, "/nowhere"], "prefer-standby", Some([1, 0])),
        ([primary, "/nowhere"], "standby", None),
    ] {
        let attrs = if attrs.is_empty() { String::new() } else { format!("target_session_attrs={attrs}") };
        let opened = PostgresStore::read_only(&url_of(&hosts, &attrs)).await;
        let Some(expected) = expected else {
            let error = opened.expect_err(&attrs);
            assert!(matches!(&error, ConnectError::NoHost { wanted: "standby", .. }), "{error:?}");
            continue;
        };
        let store = opened.expect(&attrs);
        // A skipped connection is closed asynchronously.
        for (at, expected) in at.iter_mut().zip(expected) {
            until(at, &format!("({OTHERS}) = {expected}")).await;
        }
        store.close().await;
        for at in &mut at {
            until(at, &format!("({OTHERS}) = 0")).await;
        }
    }
    let writing = url_of(&[primary, standby], "target_session_attrs=standby");
    let error = PostgresStore::connect(&writing).await.expect_err("appends are not possible there");
    assert!(matches!(&error, ConnectError::InvalidUrl { .. }), "{error:?}");
    assert!(error.to_string().contains("read_only"), "{error}");
}

/// A machine that is gone does not answer at all. It uses up its share of the time limit once, and later
/// connections begin with the server that was found.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_not_tried_each_time() {
    let database = es_postgres::testing::TestDatabase::new().await.expect("a test database");
    let folder = std::env::temp_dir().join(format!("es-silent-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&folder).expect("a folder");
    let silent = UnixListener::bind(folder.join(".s.PGSQL.5432")).expect("a socket");
    let asked = Arc::new(AtomicUsize::new(0));
    let accepting = tokio::spawn({
        let asked = Arc::clone(&asked);
        async move {
            let mut kept = Vec::new();
            while let Ok((client, _)) = silent.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                kept.push(client);
            }
        }
    });
    let (before, server) = database.url().split_once("host=").expect("a folder");
    let url = format!("{before}host={},{server}", folder.display());
    let store = PostgresStore::options(&url).patience(2 * MOMENT).connect().await;
    let store = store.expect("the other one");
    for key in ["a", "b", "c"] {
        appended(append_one(&store, &stream(key), 0).await);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    accepting.abort();
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// The server notices in time that a client has disappeared, and releases its locks: the sessions of lanes,
/// pool and projectors are configured for that.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_knows_how_long_a_client_may_be_silent() {
    let name = uuid::Uuid::now_v7();
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", name.simple()));
    // An address that no other server on this machine uses.
    let [.., one, two, three] = *name.as_bytes();
    let address = format!("127.{}.{}.{}", one.max(1), two, three.clamp(1, 254));
    let cluster = Cluster::persistent(&folder).setting(&format!("listen_addresses = '{address}'"));
    let cluster = cluster.start().await.expect("a server");
    let url = format!("postgres://postgres@{address}/postgres");
    let store = PostgresStore::options(&url).gone_after(Duration::from_secs(90)).migrate().await;
    let store = store.expect("a store");
    let mut db = connect(&url).await;
    sql(
        &mut db,
        "CREATE TABLE told (program text, settings text);
         CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO public.told SELECT current_setting('application_name'),
                 string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name LIKE 'tcp%';
             RETURN NULL;
         END $$;
         CREATE TRIGGER tell AFTER INSERT ON es.events FOR EACH ROW EXECUTE FUNCTION tell();
         CREATE TRIGGER tell AFTER UPDATE ON es.checkpoints FOR EACH ROW EXECUTE FUNCTION tell()",
    )
    .await;
    appended(append_one(&store, &stream("a"), 0).await);
    Projector::new(store.clone(), Counts).catch_up().await.expect("projected");
    // Count, idle, interval, and the timeout of unacknowledged data.
    for program in ["", "es projection counts"] {
        let told = format!(
            "EXISTS (SELECT FROM told WHERE program = '{program}')
             AND NOT EXISTS (SELECT FROM told WHERE program = '{program}' AND settings <> '3 45 15 90000')"
        );
        assert_eq!(number(&mut db, &format!("SELECT ({told})::int::bigint")).await, 1, "{program:?}");
    }
    sql(&mut db, "TRUNCATE told").await;
    let options = PostgresStore::options(&url).gone_after(Duration::ZERO);
    appended(append_one(&options.connect().await.expect("a store"), &stream("b"), 0).await);
    let left = "SELECT count(*) FROM told WHERE settings <> '3 45 15 90000'";
    assert_eq!(number(&mut db, left).await, 1, "left to the server");
    drop(cluster);
    std::fs::remove_dir_all(&folder).expect("removed");
}
