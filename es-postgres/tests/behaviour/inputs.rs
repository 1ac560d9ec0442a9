//! Any text and any duration may be passed: what the server would reject is a typed error of the store.

use std::sync::Arc;
use std::time::Duration;

use es_core::model::NewSnapshot;
use es_core::record::NewEvent;
use es_core::shape::Fingerprint;
use es_core::store::{
    AllQuery, Append, AppendIn, Checkpoint, CloseStreams, CommandRecord, Decision, Filter, ListQuery,
    ListStreams, Load, ReadAll, Remembered,
};
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StoreError, StreamId};
use es_postgres::{PostgresOptions, PostgresProjector, PostgresStore, Projector};
use sqlx::Connection;

use crate::silent_projector::Counts;
use crate::support::{append_one, appended, connect, events, fresh, stream};

fn event(name: &'static str, payload: &[u8], metadata: Metadata) -> NewEvent {
    NewEvent::new(name, 1, payload.to_vec(), Arc::new(metadata))
}

/// Texts are sent to the server with their length, and it rejects those with a NUL character.
#[tokio::test]
async fn a_nul_character_in_any_text_is_a_typed_error() {
    let (database, store) = fresh().await;
    let (a, mut db) = (stream("a"), connect(database.url()).await);
    appended(append_one(&store, &a, 0).await);
    let said = |what: &str, error: Option<StoreError>| {
        let Some(error) = error else { return };
        let text = format!("{error} {error:?}");
        assert!(!error.is_retryable(), "{what}: {text}");
        for raw in ["SQLSTATE", "22021", "22P0", "invalid byte sequence", "invalid input syntax"] {
            assert!(!text.contains(raw), "{what}: {text}");
        }
    };
    for (category, key) in [("\0", "a"), ("account", "a\0b")] {
        assert!(StreamId::new(category, key).is_err());
    }
    let none = Metadata::new;
    let named = |name| CommandRecord::new(Uuid::now_v7().into(), name);
    for (what, event, name) in [
        ("the name of an event", event("\0", b"1", none()), "x"),
        ("a payload", event("account.counted", br#""\u0000""#, none()), "x"),
        ("a byte of a payload", event("account.counted", b"\"\0\"", none()), "x"),
        ("an actor", event("account.counted", b"1", none().actor("\0")), "x"),
        ("the key of an entry", event("account.counted", b"1", none().entry("\0", 1)), "x"),
        ("an entry", event("account.counted", b"1", none().entry("x", "\0")), "x"),
        ("the name of a command", event("account.counted", b"1", none()), "\0"),
    ] {
        let (b, batch) = (stream("b"), [event]);
        let append = Append::new(&b, Revision::EMPTY, &batch).command(Some(named(name)));
        let mut tx = db.begin().await.expect("a transaction");
        let submitted = match store.submit(append).await {
            Ok(submitted) => submitted.await,
            Err(error) => Err(error),
        };
        for refused in [
            store.append(append).await,
            submitted,
            store.append_in(&mut tx, append).await,
            store.append_all(&[append]).await.map(|mut outcomes| outcomes.remove(0)),
        ] {
            said(what, Some(refused.expect_err(what)));
        }
        // The transaction can still be used.
        sqlx::raw_sql("SELECT 1").execute(&mut *tx).await.expect("nothing was sent");
        let decision = Decision::empty(&b, Revision::EMPTY, named("\0"));
        said(what, Some(store.remember(decision).await.expect_err(what)));
        said(what, Some(store.remember_in(&mut tx, decision).await.expect_err(what)));
    }
    let filters = [
        Filter::new().category("\0"),
        Filter::new().event_name("a\0"),
        Filter::new().category("account").event_name("\0"),
    ];
    for filter in &filters {
        let page = store.read_all(AllQuery::after(Checkpoint::START, filter), &mut |_| Ok(())).await;
        assert_eq!(page.expect("a page").events, 0, "{filter:?}");
        let mut live = Subscription::new(store.clone()).filter(filter.clone());
        assert_eq!(live.page(&mut |_| Ok(())).await.expect("a page").events, 0, "{filter:?}");
    }
    let mixed = Filter::new().category("\0").category("account");
    let page = store.read_all(AllQuery::after(Checkpoint::START, &mixed), &mut |_| Ok(())).await;
    assert_eq!(page.expect("a page").events, 1);
    for (category, prefix, after) in [
        ("\0", "", None),
        ("account", "\0", None),
        ("account", "", Some("\0")),
        ("account", "a\0", Some("a")),
    ] {
        let query = ListQuery::category(category).prefix(prefix).after(after);
        store.list_streams(query).await.expect("a page");
    }
    for (name, was) in [("\0", &[][..]), ("konto", &["\0"]), ("a\0b", &["account"])] {
        said("a category", Some(store.rename_category(name, was).await.expect_err("refused")));
    }
    for role in ["\0", "postgres\0"] {
        said("a role", Some(store.grant_writer(role).await.expect_err("refused")));
        said("a role", Some(store.grant_reader(role).await.expect_err("refused")));
        said("a role", Some(store.grant_projector(role).await.expect_err("refused")));
    }
    let snapshot = NewSnapshot::new(a.clone(), Revision::new(1), Fingerprint::EMPTY, br#""\u0000""#.to_vec());
    store.save_snapshot(snapshot).await.expect("its JSON is one of an ASCII text");
    let snapshot = NewSnapshot::new(a.clone(), Revision::new(1), Fingerprint::EMPTY, b"\"\0\"".to_vec());
    said("a state", store.save_snapshot(snapshot).await.err());
    for url in ["postgres://localhost/x\0", "postgres://localhost/x%00y", "postgres://a%00b@localhost/x"] {
        let error = PostgresStore::connect(url).await.expect_err(url);
        assert!(matches!(error, es_postgres::ConnectError::InvalidUrl { .. }), "{error:?}");
        let direct = database.options().direct_url(url).connect().await.expect_err(url);
        assert!(matches!(direct, es_postgres::ConnectError::InvalidUrl { .. }), "{direct:?}");
    }
    let schema = database.options().schema("e\0s").connect().await.expect_err("refused");
    assert!(matches!(schema, es_postgres::ConnectError::InvalidSchemaName { .. }), "{schema:?}");
    let projector = Projector::new(store.clone(), Counts).owner("wor\0ker");
    projector.catch_up().await.expect("projected");
    let status = projector.status().await.expect("a status");
    assert_eq!(status.partitions[0].owner.as_deref(), Some("worker"));
}

/// A name may be looked for before it exists.
#[tokio::test]
async fn unknown_names_find_nothing_until_they_exist() {
    let (database, store) = fresh().await;
    let later = StreamId::new("later", "a").expect("a stream id");
    assert!(store.list_streams(ListQuery::category("later").limit(9)).await.expect("a page").is_empty());
    assert!(!store.close_stream(&later, Revision::new(1)).await.expect("an answer"));
    let filters = [Filter::new().category("later"), Filter::new().event_name("account.counted")];
    let mut live = filters.map(|filter| Subscription::new(store.clone()).filter(filter));
    for subscription in &mut live {
        assert_eq!(subscription.page(&mut |_| Ok(())).await.expect("a page").events, 0);
    }
    let another = database.options().connect().await.expect("a store");
    appended(append_one(&another, &later, 0).await);
    for subscription in &mut live {
        assert_eq!(subscription.page(&mut |_| Ok(())).await.expect("a page").events, 1);
    }
    assert_eq!(store.list_streams(ListQuery::category("later").limit(9)).await.expect("a page").len(), 1);
}

/// A store, a subscription and a projector with extreme values for every duration: nothing panics, and what
/// need not fail works.
#[tokio::test(flavor = "multi_thread")]
async fn any_duration_is_accepted() {
    type Set = fn(PostgresOptions, Duration) -> PostgresOptions;
    let (database, _) = fresh().await;
    // Nothing can be waited for without any time.
    let settings: [(&str, Set, bool); 4] = [
        ("patience", PostgresOptions::patience, false),
        ("append_lock_timeout", PostgresOptions::append_lock_timeout, true),
        ("longest_lock_wait", PostgresOptions::longest_lock_wait, true),
        ("answer_within", PostgresOptions::answer_within, false),
    ];
    let mut nth = 0;
    for time in [Duration::ZERO, Duration::MAX] {
        for (name, set, goes_on) in settings {
            nth += 1;
            match set(database.options(), time).connect().await {
                // It was fast enough; the next connection may not be.
                Ok(_) if time.is_zero() && !goes_on => {}
                Ok(store) => use_all(store, time, nth).await,
                Err(error) => {
                    assert!(time.is_zero() && !goes_on, "{name} of {time:?}: {error}");
                    assert!(error.is_retryable(), "{name} of {time:?}: {error}");
                }
            }
        }
    }
    let all = settings.iter().fold(database.options(), |options, (_, set, _)| set(options, Duration::MAX));
    use_all(all.connect().await.expect("a store"), Duration::MAX, 100).await;
}

async fn use_all(store: PostgresStore, time: Duration, nth: u32) {
    let used = async {
        let stream = stream(&format!("s{nth}"));
        appended(append_one(&store, &stream, 0).await);
        let batch = events(1);
        let appends = [Append::new(&stream, Revision::new(1), &batch)];
        store
            .append_all(&appends)
            .await
            .expect("outcomes")
            .into_iter()
            .for_each(|outcome| drop(appended(outcome)));
        let command = CommandRecord::new(Uuid::now_v7().into(), "x");
        let decision = Decision::empty(&stream, Revision::new(2), command);
        assert_eq!(store.remember(decision).await.expect("an outcome"), Remembered::Kept);
        store.load(Load::all(&stream), &mut |_| Ok(())).await.expect("a stream");
        store.prune_commands(time).await.expect("a count");
        store.open_appends().await.expect("a list");
        let mut live = Subscription::new(store.clone()).poll_every(time);
        assert!(live.next_page(&mut |_| Ok(())).await.expect("a page").events > 0);
        let projector = Projector::new(store.clone(), Counts);
        let projector = projector.poll_every(time).standstill(time.max(Duration::from_secs(1)));
        let projector = projector.take_over(time).retries(3, time);
        projector.catch_up().await.expect("projected");
        tokio::select! {
            done = projector.run() => panic!("{done:?}"),
            () = async {
                while projector.status().await.expect("a status").lag_events() > 0 {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            } => {}
        }
        store.close().await;
    };
    tokio::time::timeout(Duration::from_secs(60), used).await.expect("in time");
}
