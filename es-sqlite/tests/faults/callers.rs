//! Callers that are dropped, that come in large numbers, or whose runtime ends.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use es_core::store::{Append, AppendOutcome, CommandKey, CommandRecord, Load, Submitted};
use es_core::{EventStore, Revision, StoreError};
use es_sqlite::SqliteStore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Folder, Queued, all, append, begun, noted, payloads, revision, stream, until, written};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_callers_each_gets_its_own_outcome() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file()).await.expect("a store");
    written(&store, "taken", 0, "taken").await;
    let mut callers = JoinSet::new();
    for caller in 0..64_u64 {
        let store = store.clone();
        callers.spawn(async move {
            for number in 0..10 {
                written(&store, caller, number, &format!("{caller}/{number}")).await;
                let conflict = append(&store, "taken", 0, "never").await.expect("no error");
                assert_eq!(conflict, AppendOutcome::Conflict { actual: Revision::new(1) });
                let closed = append(&store, caller, u64::MAX >> 1, "never").await.expect("no error");
                assert!(matches!(closed, AppendOutcome::Conflict { .. }));
            }
        });
    }
    callers.join_all().await;
    assert_eq!(all(&store).await.len(), 641);
    for caller in 0..64 {
        let expected: Vec<_> = (0..10).map(|number| format!("{caller}/{number}")).collect();
        assert_eq!(payloads(&store, caller).await, expected);
    }
}

/// A group shares one transaction and one sync, but a failing call must not fail the others; neither if only
/// its statement is undone, nor if its error ends the transaction.
#[tokio::test]
async fn a_call_that_the_file_rejects_fails_alone() {
    let trigger = "CREATE TRIGGER refuses BEFORE INSERT ON events WHEN NEW.payload = '\"refused\"' \
                   BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    let index = "CREATE UNIQUE INDEX refuses ON events (payload) WHERE payload = '\"refused\"'";
    for refuses in [trigger, index] {
        let store = SqliteStore::in_memory().await.expect("a store");
        written(&store, 1, 0, "refused").await;
        let mut transaction = store.begin().await.expect("a transaction");
        sqlx::query(refuses).execute(&mut *transaction).await.expect("a trigger or an index");
        transaction.commit().await.expect("committed");
        // All of them wait until the transaction ends, and so share the next one.
        let transaction = store.begin().await.expect("a transaction");
        let text = |key| if key == 5 { "refused" } else { "b" };
        let queued: Vec<_> =
            (2..10).map(|key| (key, Queued::new(append(&store, key, 0, text(key))))).collect();
        drop(transaction);
        for (key, write) in queued {
            let outcome = write.outcome().await;
            assert_eq!(outcome.is_err(), key == 5, "{key}: {outcome:?}");
        }
        assert_eq!(all(&store).await.len(), 8);
        written(&store, 5, 0, "after it").await;
    }
}

/// Polled a few times, then dropped: the append is either stored or not, and the store keeps working.
#[tokio::test]
async fn a_future_that_is_dropped_anywhere_leaves_nothing_open() {
    let store = SqliteStore::in_memory().await.expect("a store");
    let id = stream(1);
    for polls in 0..40 {
        let expected = revision(&store, 1).await;
        let events = [noted(&polls.to_string())];
        {
            let mut future = pin!(store.append(Append::new(&id, Revision::new(expected), &events)));
            for _ in 0..polls {
                if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
        }
        let mut sink = |_: es_core::store::LoadItem<'_>| Ok(());
        let mut load = pin!(store.load(Load::all(&id), &mut sink));
        for _ in 0..polls {
            if load.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                break;
            }
        }
    }
    let before = revision(&store, 1).await;
    written(&store, 1, before, "last").await;
    let mut found = payloads(&store, 1).await;
    assert_eq!(found.len() as u64, before + 1);
    found.dedup();
    assert_eq!(found.len() as u64, before + 1, "each once");
}

#[tokio::test]
async fn a_write_that_is_dropped_while_it_waits_is_never_executed() {
    let store = SqliteStore::in_memory().await.expect("a store");
    let transaction = store.begin().await.expect("a transaction");
    drop(Queued::new(append(&store, 1, 0, "never")));
    drop(transaction);
    written(&store, 1, 0, "first").await;
    assert_eq!(all(&store).await, ["first"]);
}

/// Another runtime opens the store, and ends while it is writing.
#[test]
fn a_store_outlives_the_runtime_that_opened_it() {
    let folder = Folder::new();
    let (told, said) = std::sync::mpsc::channel();
    let first = tokio::runtime::Runtime::new().expect("a runtime");
    let store = first.block_on(SqliteStore::open(folder.file())).expect("a store");
    for key in 0..32_u64 {
        let (store, told) = (store.clone(), told.clone());
        first.spawn(async move {
            for number in 0.. {
                written(&store, key, number, "x").await;
                if told.send((key, number)).is_err() {
                    break;
                }
            }
        });
    }
    let mut acknowledged: Vec<_> = said.iter().take(100).collect();
    first.shutdown_background();
    drop(told);
    acknowledged.extend(said.iter());
    let second = tokio::runtime::Runtime::new().expect("a runtime");
    second.block_on(async {
        for (key, number) in acknowledged {
            assert!(revision(&store, key).await > number);
        }
        written(&store, "after", 0, "x").await;
    });
}

/// Dropped halfway, or leaked: a caller's transaction never stays open.
#[tokio::test]
async fn a_transaction_that_is_dropped_halfway_is_rolled_back() {
    let store = SqliteStore::in_memory().await.expect("a store");
    let mut transaction = store.begin().await.expect("a transaction");
    sqlx::query("CREATE TABLE own (n INTEGER) STRICT").execute(&mut *transaction).await.expect("a table");
    transaction.commit().await.expect("committed");
    for polls in 0..20 {
        let mut transaction = store.begin().await.expect("a transaction");
        {
            let statement = sqlx::query("INSERT INTO own VALUES (1)").execute(&mut *transaction);
            let mut statement = pin!(statement);
            for _ in 0..polls {
                if statement.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
            }
        }
        drop(transaction);
        written(&store, polls, 0, "x").await;
    }
    let mut transaction = store.begin().await.expect("a transaction");
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM own").fetch_one(&mut *transaction).await.expect("a count");
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn more_callers_than_may_wait_get_unavailable() {
    let folder = Folder::new();
    let options = SqliteStore::options(folder.file()).busy_timeout(Duration::from_millis(100)).waiting(2);
    let store = options.open().await.expect("a store");
    let transaction = begun(&store).await;
    let mut callers = JoinSet::new();
    for key in 0..20 {
        let store = store.clone();
        callers.spawn(async move { append(&store, key, 0, "never").await });
    }
    let mut overloaded = 0;
    for outcome in callers.join_all().await {
        let error = outcome.expect_err("nobody writes");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        overloaded += u32::from(error.to_string().contains("writes was full"));
    }
    assert!(overloaded > 0);
    drop(transaction);
    written(&store, 1, 0, "x").await;
}

/// It has begun, and may never end.
#[tokio::test]
async fn a_read_that_is_not_polled_does_not_block_closing() {
    let folder = Folder::new();
    let options = SqliteStore::options(folder.file()).busy_timeout(Duration::from_millis(200));
    let store = options.open().await.expect("a store");
    written(&store, 1, 0, "x").await;
    let (id, mut sink) = (stream(1), |_: es_core::store::LoadItem<'_>| Ok(()));
    let mut load = pin!(store.load(Load::all(&id), &mut sink));
    let begun = load.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(begun.is_pending());
    tokio::time::timeout(Duration::from_secs(30), store.close()).await.expect("an end").expect("closed");
}

async fn submit(store: &SqliteStore, expected: u64, text: &str) -> Submitted {
    let (id, events) = (stream(1), [noted(text)]);
    store.submit(Append::new(&id, Revision::new(expected), &events)).await.expect("submitted")
}

/// Appends that are submitted one after the other build on each other.
#[tokio::test]
async fn submitted_appends_keep_their_order_and_fail_with_the_one_they_build_on() {
    let store = SqliteStore::in_memory().await.expect("a store");
    written(&store, 1, 0, "other").await;
    // The first one is rejected, and then the stream is at the revision that the second one expects.
    let (first, second) = (submit(&store, 0, "a").await, submit(&store, 1, "b").await);
    let conflict = AppendOutcome::Conflict { actual: Revision::new(1) };
    assert_eq!(second.await.expect("an outcome"), conflict);
    assert_eq!(first.await.expect("an outcome"), conflict);
    let mut outcomes = Vec::new();
    for number in 1..20 {
        outcomes.push(submit(&store, number, &number.to_string()).await);
    }
    for outcome in outcomes {
        assert!(matches!(outcome.await.expect("an outcome"), AppendOutcome::Appended(_)));
    }
    assert_eq!(revision(&store, 1).await, 20);
    drop(submit(&store, 20, "dropped").await);
    until("what was submitted is written", async || revision(&store, 1).await == 21).await;
}

/// One command that many callers send at once is executed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_that_is_sent_many_times_in_one_group_is_executed_once() {
    let store = SqliteStore::in_memory().await.expect("a store");
    written(&store, "first", 0, "x").await;
    let (id, key) = (stream("1"), CommandKey::from(Uuid::now_v7()));
    let transaction = store.begin().await.expect("a transaction");
    let once = || async {
        let events = [noted("once")];
        let command = Some(CommandRecord::new(key, "Note"));
        store.append(Append::new(&id, Revision::EMPTY, &events).command(command)).await.expect("no error")
    };
    // Once all of them wait, they share a transaction.
    let queued: Vec<_> = (0..16).map(|_| Queued::new(once())).collect();
    drop(transaction);
    let mut outcomes = Vec::new();
    for write in queued {
        outcomes.push(write.outcome().await);
    }
    let of = |wanted: fn(&AppendOutcome) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    assert_eq!(of(|outcome| matches!(outcome, AppendOutcome::Appended(_))), 1);
    assert_eq!(of(|outcome| matches!(outcome, AppendOutcome::Repeated(_))), 15);
}
