//! Appends to several streams at once: one order of locks, one outcome for all.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::{EventStore, Revision, StoreError, StreamId};
use es_postgres::PostgresStore;

use crate::support::{
    Gate, another, append_one, appended, command, connect, events, fresh, ids, proxy_before,
    register_counted, sql, stream,
};

async fn heads(store: &PostgresStore, streams: &[StreamId]) -> Vec<u64> {
    let mut heads = Vec::new();
    for stream in streams {
        heads.push(ids(store, stream).await.len() as u64);
    }
    heads
}

/// Appends one event to each stream, in this order, until it works.
async fn append_until_written(store: &PostgresStore, streams: &[StreamId], by: &str) {
    let mut expected = vec![Revision::EMPTY; streams.len()];
    loop {
        let batches: Vec<Vec<NewEvent>> = streams.iter().map(|_| events(1)).collect();
        let appends: Vec<_> =
            streams.iter().zip(&expected).zip(&batches).map(|((s, e), b)| Append::new(s, *e, b)).collect();
        let outcomes = store.append_all(&appends).await.unwrap_or_else(|error| panic!("{by}: {error}"));
        if outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::Appended(_))) {
            return;
        }
        for (outcome, expected) in outcomes.into_iter().zip(&mut expected) {
            if let AppendOutcome::Conflict { actual } = outcome {
                *expected = actual;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_in_opposite_orders_never_deadlock() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let stores = [store.clone(), another(&database).await];
    let streams: Vec<_> = (0..6).map(|nth| stream(&format!("s{nth}"))).collect();
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, mut streams) = (stores[writer / 3].clone(), streams.clone());
            tokio::spawn(async move {
                for round in 0..15 {
                    // New streams of its own, between those that all share.
                    streams.push(stream(&format!("s{}-{writer}-{round}", round % 6)));
                    if writer % 2 == 0 {
                        streams.reverse();
                    }
                    append_until_written(&store, &streams, &format!("writer {writer}")).await;
                    streams.retain(|stream| stream.key().len() == 2);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no deadlock");
    }
    assert_eq!(heads(&store, &streams).await, [90; 6]);
}

/// A third session holds `b`, so that both batches are at the point where unordered locks would deadlock: the
/// first waits for `b`; the second, which names `b` last, has locked `a` and waits too.
#[tokio::test(flavor = "multi_thread")]
async fn two_batches_that_wait_for_the_same_rows_take_them_in_one_order() {
    for new in [false, true] {
        let (database, store) = fresh().await;
        register_counted(&database).await;
        let other = another(&database).await;
        // Their types are registered, and the rows exist unless they are to be new.
        for key in if new { ["x", "y"] } else { ["a", "b"] } {
            appended(append_one(&store, &stream(key), 0).await);
        }
        let expected = Revision::new(u64::from(!new));
        let holds = if new {
            "INSERT INTO es.streams (category, key, revision, head_event_id) VALUES (1, 'b', 1, gen_random_uuid())"
        } else {
            "SELECT FROM es.streams WHERE key = 'b' FOR UPDATE"
        };
        let mut holder = Gate { connection: connect(database.url()).await };
        let mut watcher = Gate { connection: connect(database.url()).await };
        for round in 0..4 {
            let expected = if new { expected } else { expected.plus(round) };
            sql(&mut holder.connection, "BEGIN").await;
            sql(&mut holder.connection, holds).await;
            let send = |store: &PostgresStore, keys: [&'static str; 2]| {
                let store = store.clone();
                tokio::spawn(async move {
                    let (streams, batch) = (keys.map(stream), events(1));
                    let appends = [
                        Append::new(&streams[0], expected, &batch),
                        Append::new(&streams[1], expected, &batch),
                    ];
                    store.append_all(&appends).await
                })
            };
            let first = send(&store, ["b", "a"]);
            watcher.wait_for_blocked(1).await;
            let second = send(&other, ["a", "b"]);
            watcher.wait_for_blocked(2).await;
            sql(&mut holder.connection, "ROLLBACK").await;
            let outcomes = [first.await.expect("no panic"), second.await.expect("no panic")];
            let mut written = 0;
            for outcome in outcomes {
                let outcome = outcome.expect("no deadlock");
                written += usize::from(outcome.iter().all(|each| matches!(each, AppendOutcome::Appended(_))));
            }
            assert_eq!(written, 1);
            if new {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_create_the_same_streams_never_deadlock() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let stores = [store.clone(), another(&database).await];
    for round in 0..20 {
        let streams: Vec<_> = (0..8).map(|nth| stream(&format!("{round}-{nth}"))).collect();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (store, mut streams) = (stores[writer / 2].clone(), streams.clone());
                streams.rotate_left(writer * 2);
                tokio::spawn(async move { append_until_written(&store, &streams, "a writer").await })
            })
            .collect();
        for writer in writers {
            writer.await.expect("no deadlock");
        }
        assert_eq!(heads(&store, &streams).await, [4; 8]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_loses_a_new_stream_writes_nothing_and_is_a_conflict() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let (old, new) = (stream("old"), stream("new"));
    appended(append_one(&store, &old, 0).await);
    let mut gate = Gate::closed(database.url()).await;
    let winner = {
        let (store, new) = (store.clone(), new.clone());
        tokio::spawn(async move { append_one(&store, &new, 0).await })
    };
    gate.wait_for(1).await;
    let other = another(&database).await;
    let loser = {
        let (old, new) = (old.clone(), new.clone());
        tokio::spawn(async move {
            let (a, b) = (events(1), events(1));
            let appends = [Append::new(&old, Revision::new(1), &a), Append::new(&new, Revision::EMPTY, &b)];
            other.append_all(&appends).await
        })
    };
    gate.wait_for_blocked(1).await;
    gate.open().await;
    appended(winner.await.expect("no panic"));
    let outcomes = loser.await.expect("no panic").expect("outcomes");
    let conflict = AppendOutcome::Conflict { actual: Revision::new(1) };
    assert_eq!(outcomes, [AppendOutcome::NotWritten, conflict]);
    assert_eq!(heads(&store, &[old, new]).await, [1, 1]);
}

/// Two batches with one command for one new stream: the second finds the command of the first in the command
/// ledger.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waited_for_its_own_command_is_repeated() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let mut gate = Gate::closed(database.url()).await;
    let (id, other) = (uuid::Uuid::now_v7(), another(&database).await);
    let spawn = |store: &PostgresStore| {
        let store = store.clone();
        tokio::spawn(async move {
            let (a, b) = (stream("a"), stream("b"));
            let (first, second) = (events(2), events(1));
            let appends = [
                Append::new(&b, Revision::EMPTY, &first).command(Some(command(id))),
                Append::new(&a, Revision::EMPTY, &second),
            ];
            store.append_all(&appends).await.expect("outcomes")
        })
    };
    let first = spawn(&store);
    gate.wait_for(1).await;
    let second = spawn(&other);
    gate.wait_for_blocked(1).await;
    gate.open().await;
    let positions: Vec<_> =
        first.await.expect("no panic").into_iter().flat_map(|outcome| appended(outcome).positions).collect();
    assert!(positions.is_sorted(), "positions follow the order of the call");
    match &second.await.expect("no panic")[..] {
        [AppendOutcome::Repeated(outcome), AppendOutcome::Conflict { actual }] => {
            assert_eq!((outcome.first, outcome.count, *actual), (Revision::new(1), 2, Revision::new(1)));
        }
        other => panic!("{other:?}"),
    }
}

/// The names are read again before an event is refused, and only then.
#[tokio::test]
async fn a_batch_accepts_what_another_program_has_registered_since() {
    let (database, _) = fresh().await;
    let proxy = proxy_before(&database).await;
    let store = PostgresStore::options(proxy.url()).notify(false).connect().await.expect("a store");
    let stream = stream("a");
    let counted = events(1);
    let refused = store.append_all(&[Append::new(&stream, Revision::EMPTY, &counted)]).await;
    assert!(matches!(refused, Err(StoreError::NotRegistered { .. })), "{refused:?}");

    register_counted(&database).await;
    for revision in 0..3 {
        let before = proxy.round_trips();
        let append = Append::new(&stream, Revision::new(revision), &counted);
        appended(store.append_all(&[append]).await.expect("outcomes").remove(0));
        assert!(revision < 2 || proxy.round_trips() - before == 1, "once the names are known");
    }
    let mut unknown = events(1);
    unknown[0].name = "account.cuonted";
    let refused = store.append_all(&[Append::new(&stream, Revision::new(3), &unknown)]).await;
    assert!(matches!(refused, Err(StoreError::NotRegistered { .. })), "{refused:?}");
    assert_eq!(ids(&store, &stream).await.len(), 3);
}

#[tokio::test]
async fn a_batch_of_many_streams_keeps_each_in_order() {
    let (database, store) = fresh().await;
    register_counted(&database).await;
    let streams: Arc<[StreamId]> = (0..200).map(|nth| stream(&format!("{}", nth * 7919 % 200))).collect();
    let batches: Vec<Vec<NewEvent>> = (0..200).map(|nth| events(1 + nth % 5)).collect();
    let appends: Vec<_> = streams
        .iter()
        .zip(&batches)
        .map(|(stream, batch)| Append::new(stream, Revision::EMPTY, batch))
        .collect();
    let outcomes = store.append_all(&appends).await.expect("outcomes");
    for ((stream, batch), outcome) in streams.iter().zip(&batches).zip(outcomes) {
        assert_eq!(appended(outcome).positions.len(), batch.len());
        assert_eq!(ids(&store, stream).await, batch.iter().map(|event| event.id).collect::<Vec<_>>());
    }
}
