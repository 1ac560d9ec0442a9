//! One command sent twice concurrently: executed once, however the sessions interleave.

use std::time::Duration;

use es_core::store::{Append, AppendOutcome, CommandOutcome};
use es_core::uuid::Uuid;
use es_core::{EventStore, Revision};
use es_postgres::PostgresStore;
use tokio::task::JoinHandle;

use crate::support::{
    Gate, another, append_one, appended, command, connect, events, fresh, ids, number, sql, stream, until,
};

fn send(store: &PostgresStore, expected: u64, id: Uuid) -> JoinHandle<AppendOutcome> {
    let store = store.clone();
    tokio::spawn(async move {
        let (stream, batch) = (stream("a"), events(1));
        let append = Append::new(&stream, Revision::new(expected), &batch).command(Some(command(id)));
        store.append(append).await.expect("an outcome")
    })
}

fn repeated(first: u64) -> AppendOutcome {
    AppendOutcome::Repeated(CommandOutcome::new(Revision::new(first), 1).name(Some("count".into())))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_that_meet_at_one_revision_is_repeated() {
    for existing in [0, 3] {
        let (database, store) = fresh().await;
        for expected in 0..existing {
            appended(append_one(&store, &stream("a"), expected).await);
        }
        let mut gate = Gate::closed(database.url()).await;
        let id = Uuid::now_v7();
        let first = send(&store, existing, id);
        gate.wait_for(1).await;
        let second = send(&another(&database).await, existing, id);
        gate.wait_for_blocked(1).await;
        gate.open().await;
        appended(first.await.expect("no panic"));
        assert_eq!(second.await.expect("no panic"), repeated(existing + 1));
        assert_eq!(ids(&store, &stream("a")).await.len() as u64, existing + 1);
    }
}

/// The second was decided on a later revision than the first: it holds the row, or finds it moved.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_at_different_revisions_is_repeated() {
    for existing in [0, 3] {
        let (_database, store) = fresh().await;
        for expected in 0..existing {
            appended(append_one(&store, &stream("a"), expected).await);
        }
        let id = Uuid::now_v7();
        appended(send(&store, existing, id).await.expect("no panic"));
        for expected in 0..existing + 3 {
            assert_eq!(
                send(&store, expected, id).await.expect("no panic"),
                repeated(existing + 1),
                "at {expected}"
            );
        }
        assert_eq!(ids(&store, &stream("a")).await.len() as u64, existing + 1);
    }
}

/// The second waits at the gate when the first is sent: it wins, and the first is the repetition.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_holder_of_the_row_executes_the_command() {
    let (database, store) = fresh().await;
    for expected in 0..2 {
        appended(append_one(&store, &stream("a"), expected).await);
    }
    let mut gate = Gate::closed(database.url()).await;
    let id = Uuid::now_v7();
    let later = send(&store, 2, id);
    gate.wait_for(1).await;
    // Decided on an outdated revision: no row to wait for, and nothing in the command ledger yet.
    let stale = send(&another(&database).await, 1, id).await.expect("no panic");
    assert_eq!(stale, AppendOutcome::Conflict { actual: Revision::new(2) });
    gate.open().await;
    appended(later.await.expect("no panic"));
    assert_eq!(send(&store, 1, id).await.expect("no panic"), repeated(3));
}

/// Many sessions, few commands, each with the revision that it happens to see: every command is executed
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn under_any_interleaving_a_command_is_executed_once() {
    let (database, store) = fresh().await;
    let commands: Vec<_> = (0..10).map(|_| Uuid::now_v7()).collect();
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let (store, commands) = (store.clone(), commands.clone());
            tokio::spawn(async move {
                for (nth, id) in commands.iter().enumerate() {
                    let mut expected = (nth + sender % 3) as u64;
                    while let AppendOutcome::Conflict { actual } =
                        send(&store, expected, *id).await.expect("no panic")
                    {
                        expected = actual.get();
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("no panic");
    }
    assert_eq!(ids(&store, &stream("a")).await.len(), commands.len());
    let mut connection = connect(database.url()).await;
    assert_eq!(number(&mut connection, "SELECT count(*) FROM es.commands").await, 10);
}

#[tokio::test]
async fn a_pruned_command_is_executed_again() {
    let (database, store) = fresh().await;
    let (old, new) = (Uuid::now_v7(), Uuid::now_v7());
    appended(send(&store, 0, old).await.expect("no panic"));
    assert_eq!(store.prune_commands(Duration::from_secs(3600)).await.expect("a count"), 0);
    let mut connection = connect(database.url()).await;
    until(
        &mut connection,
        "(SELECT max(recorded_at) FROM es.commands) < clock_timestamp() - interval '1 ms'",
    )
    .await;
    sql(&mut connection, "UPDATE es.commands SET recorded_at = recorded_at - interval '2 hours'").await;
    appended(send(&store, 1, new).await.expect("no panic"));
    assert_eq!(store.prune_commands(Duration::from_secs(3600)).await.expect("a count"), 1);
    appended(send(&store, 2, old).await.expect("no panic"));
    assert_eq!(send(&store, 3, new).await.expect("no panic"), repeated(2));
}
