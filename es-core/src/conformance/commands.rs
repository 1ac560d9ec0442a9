//! The command ledger: a command is executed once, and repeating it returns the first outcome.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{append, appended, command, load, numbered, payloads, rows, stream};
use crate::error::StoreError;
use crate::store::{Append, AppendOutcome, CommandKey, CommandOutcome, CommandRecord, EventStore, Load};
use crate::stream::Revision;

/// The first outcome takes precedence over a conflict and over later events, and a load returns it too.
pub async fn a_repeated_command_gets_its_first_outcome<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 1)).await;
    let id = Uuid::now_v7();
    let first = numbered(2, 2);
    let sent = Append::new(&stream, Revision::new(1), &first).command(Some(command(id)));
    appended(store.append(sent).await.expect("no error"));
    append(&store, &stream, 3, &numbered(4, 1)).await;

    let outcome = CommandOutcome {
        first: Revision::new(2),
        count: 2,
        rejected: false,
        body_hash: None,
        name: Some("Note".into()),
    };
    for expected in [1, 3, 4, 9] {
        let events = numbered(7, 1);
        let again = Append::new(&stream, Revision::new(expected), &events).command(Some(command(id)));
        let repeated = store.append(again).await.expect("no error");
        assert_eq!(repeated, AppendOutcome::Repeated(outcome.clone()), "at revision {expected}");
    }
    assert_eq!(payloads(&rows(&store, &stream).await), ["1", "2", "3", "4"]);

    let (_, _, head) = load(&store, Load::all(&stream).command_id(Some(id))).await;
    assert_eq!(head.command, Some(outcome));
    let (_, _, head) = load(&store, Load::all(&stream).command_id(Some(Uuid::now_v7()))).await;
    assert_eq!(head.command, None);
}

/// Two streams may have the same command id; a command that was not written is not remembered.
pub async fn a_command_id_belongs_to_one_stream<S: EventStore>(store: S) {
    let id = Uuid::now_v7();
    let events = numbered(1, 1);
    let (left, right) = (stream("1"), stream("2"));
    let at =
        |stream, revision| Append::new(stream, Revision::new(revision), &events).command(Some(command(id)));
    let lost = store.append(at(&left, 5)).await.expect("no error");
    assert_eq!(lost, AppendOutcome::Conflict { actual: Revision::EMPTY });
    appended(store.append(at(&left, 0)).await.expect("no error"));
    appended(store.append(at(&right, 0)).await.expect("no error"));
}

/// If both bodies are known, a different body under the same id is an error.
pub async fn a_command_id_with_another_body_is_refused<S: EventStore>(store: S) {
    let stream = stream("1");
    let id = Uuid::now_v7();
    let events = numbered(1, 1);
    let send = async |body_hash, revision| {
        let record = CommandRecord { key: CommandKey { id, body_hash }, name: "Note" };
        store.append(Append::new(&stream, Revision::new(revision), &events).command(Some(record))).await
    };
    appended(send(Some(17), 0).await.expect("no error"));
    for body_hash in [Some(17), None] {
        let outcome = send(body_hash, 1).await.expect("no error");
        assert!(matches!(outcome, AppendOutcome::Repeated(_)), "{outcome:?}");
    }
    let error = send(Some(18), 1).await.expect_err("another body");
    let reused = matches!(&error, StoreError::CommandIdReused { command_id, .. } if *command_id == id);
    assert!(reused, "{error}");
    assert_eq!(rows(&store, &stream).await.len(), 1);
}

/// One id belongs to one command: a different command with it gets an error, not the outcome of the first.
pub async fn a_command_id_of_another_command_is_refused<S: EventStore>(store: S) {
    let stream = stream("1");
    let id = Uuid::now_v7();
    let events = numbered(1, 1);
    let named = |name| CommandRecord { key: CommandKey { id, body_hash: None }, name };
    let at =
        |revision, name| Append::new(&stream, Revision::new(revision), &events).command(Some(named(name)));
    appended(store.append(at(0, "Note")).await.expect("no error"));
    let refused = |error: StoreError| {
        let StoreError::CommandIdReused { command_id, first, .. } = error else { panic!("{error}") };
        assert_eq!((command_id, first.as_deref()), (id, Some("Note")));
    };
    refused(store.append(at(1, "Erase")).await.expect_err("by itself"));
    refused(store.append(at(0, "Erase")).await.expect_err("at another revision"));
    refused(store.append_all(&[at(1, "Erase")]).await.expect_err("in a batch"));
    let submitted = match store.submit(at(1, "Erase")).await {
        Ok(submitted) => submitted.await,
        failed => failed.map(|_| AppendOutcome::NotWritten),
    };
    refused(submitted.expect_err("submitted"));
    assert_eq!(rows(&store, &stream).await.len(), 1);
    let (_, _, head) = load(&store, Load::all(&stream).command_id(Some(id))).await;
    assert_eq!(head.command.and_then(|first| first.name).as_deref(), Some("Note"));
}

/// If many callers send the same command at once, it is executed once; the others get its outcome.
pub async fn of_one_command_sent_twice_at_once_one_is_executed<S: EventStore + 'static>(store: S) {
    let store = Arc::new(store);
    for expected in 0..4 {
        let stream = stream("1");
        let id = Uuid::now_v7();
        let mut callers = JoinSet::new();
        for caller in 0..16 {
            let (store, stream) = (Arc::clone(&store), stream.clone());
            callers.spawn(async move {
                let events = numbered(caller, 1);
                let append = Append::new(&stream, Revision::new(expected), &events);
                store.append(append.command(Some(command(id)))).await.expect("no error")
            });
        }
        let outcomes = callers.join_all().await;
        let executed = outcomes.iter().filter(|o| matches!(o, AppendOutcome::Appended(_))).count();
        let first = CommandOutcome {
            first: Revision::new(expected + 1),
            count: 1,
            rejected: false,
            body_hash: None,
            name: Some("Note".into()),
        };
        let repeated = outcomes.iter().filter(|o| **o == AppendOutcome::Repeated(first.clone())).count();
        assert_eq!((executed, repeated), (1, 15), "{outcomes:?}");
    }
}

/// A batch with a command that was executed before writes nothing and returns its outcome.
pub async fn a_batch_with_a_repeated_command_writes_nothing<S: EventStore>(store: S) {
    let (a, b) = (stream("a"), stream("b"));
    let id = Uuid::now_v7();
    let events = numbered(1, 1);
    let first = Append::new(&b, Revision::EMPTY, &events).command(Some(command(id)));
    appended(store.append(first).await.expect("no error"));
    let again = Append::new(&b, Revision::new(1), &events).command(Some(command(id)));
    let batch = [Append::new(&a, Revision::EMPTY, &events), again];
    let outcomes = store.append_all(&batch).await.expect("no error");
    let outcome = CommandOutcome {
        first: Revision::new(1),
        count: 1,
        rejected: false,
        body_hash: None,
        name: Some("Note".into()),
    };
    assert_eq!(outcomes, [AppendOutcome::NotWritten, AppendOutcome::Repeated(outcome)]);
    assert!(rows(&store, &a).await.is_empty());
}
