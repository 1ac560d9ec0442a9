//! Copying a store into another one: it is stored and read like the original.

use std::sync::Arc;

use time::macros::datetime;
use uuid::Uuid;

use super::fixture::{append, appended, command, event, load, numbered, payloads, rows, stream};
use super::renames::{old, rename};
use crate::copy::{Copied, CopyError, copy_store};
use crate::error::StoreError;
use crate::memory::MemoryStore;
use crate::record::{Metadata, NewEvent, RawEvent};
use crate::shape::Fingerprint;
use crate::store::{
    AllQuery, Append, AppendOutcome, Checkpoint, CloseStreams, CommandKey, CommandRecord, Decision,
    EventStore, ExportStore, Filter, ImportStore, ListQuery, ListStreams, Load, ReadAll, Registration,
};
use crate::stream::{Revision, StreamId};

/// A store with some of everything; the id of a command that stored events, and of one that stored none.
async fn filled() -> (MemoryStore, Uuid, Uuid) {
    let (store, written, decided) = (MemoryStore::new(), Uuid::now_v7(), Uuid::now_v7());
    append(&store, &old("1"), 0, &numbered(1, 2)).await;
    rename(&store, "account", &["konto", "compte"]).await;
    let shaped = Registration::new("account.shaped", 3).fingerprint(Fingerprint::EMPTY.with("one"));
    store.register(&[shaped, Registration::new("account.unshaped", 1)]).await.expect("no error");
    let metadata = Metadata::new()
        .actor("ann")
        .entry("ip", "::1")
        .correlation_id(Uuid::now_v7())
        .causation_id(Uuid::now_v7())
        .occurred_at(datetime!(1999-12-31 23:59:59.999_999 UTC));
    let events = [
        NewEvent::new("account.shaped", 3, r#"{"n": 1.0}"#.into(), Arc::new(metadata)),
        event(r#"{"text":"é\u0007"}"#),
    ];
    let key = CommandKey { id: written, body_hash: Some(-7) };
    let by_command = Some(CommandRecord { key, name: "Note" });
    let to = stream("2");
    let append_to = Append::new(&to, Revision::EMPTY, &events).command(by_command);
    appended(store.append(append_to).await.expect("no error"));
    let nowhere = stream("nowhere");
    let decision = Decision::rejected(&nowhere, Revision::EMPTY, command(decided));
    let _kept = store.remember(decision).await.expect("no error");
    append(&store, &StreamId::new("door", "7").expect("a stream id"), 0, &numbered(1, 3)).await;
    append(&store, &stream("1"), 2, &numbered(3, 1)).await;
    assert!(store.close_stream(&stream("1"), Revision::new(3)).await.expect("no error"));
    (store, written, decided)
}

async fn copied(from: &MemoryStore, to: &impl ImportStore) -> Copied {
    copy_store(from, to).await.expect("a copy")
}

/// All events, with everything that a copy must preserve.
async fn everything(store: &impl ReadAll) -> Vec<String> {
    let (all, mut found) = (Filter::new(), Vec::new());
    let mut take = |raw: RawEvent<'_>| {
        let RawEvent { payload, recorded_at, occurred, correlation_id, causation_id, metadata, .. } = raw;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let times = (recorded_at, occurred, correlation_id, causation_id);
        found.push(format!("{raw:?} {} {} {:?} {times:?}", raw.event_id, text(payload), metadata.map(text)));
        Ok(())
    };
    store.read_all(AllQuery::after(Checkpoint::START, &all), &mut take).await.expect("a page");
    found
}

/// A copy is read like the original, and copied from again like the original.
pub async fn a_copy_is_read_as_the_original<S: EventStore + ImportStore>(store: S) {
    let (from, ..) = filled().await;
    let first = copied(&from, &store).await;
    assert_eq!((first.events.count, first.commands.count, first.closed.count), (8, 2, 1));
    assert_eq!(everything(&store).await, everything(&from).await);
    assert_eq!(payloads(&rows(&store, &old("1")).await), ["1", "2", "3"]);

    let back = MemoryStore::new();
    assert_eq!(copy_store(&store, &back).await.expect("a copy"), first);
    assert_eq!(everything(&back).await, everything(&from).await);
}

/// Copying the same store again adds only what is new.
pub async fn an_interrupted_copy_resumes<S: EventStore + ImportStore>(store: S) {
    let (from, ..) = filled().await;
    copied(&from, &store).await;
    assert_eq!(copied(&from, &store).await.events.count, 8, "again");
    append(&from, &stream("2"), 2, &numbered(9, 2)).await;
    append(&from, &stream("3"), 0, &numbered(1, 1)).await;
    assert_eq!(copied(&from, &store).await.events.count, 11);
    assert_eq!(everything(&store).await, everything(&from).await);
}

/// A store that was copied into can be used: names, commands, closed streams and checkpoints are those of the
/// original, and positions continue after them.
pub async fn a_copied_store_continues<S: EventStore + ImportStore>(store: S) {
    let (from, written, decided) = filled().await;
    let end = copied(&from, &store).await.checkpoint;
    let (to, events) = (stream("2"), numbered(9, 1));
    let key = CommandKey { id: written, body_hash: Some(-7) };
    let again =
        Append::new(&to, Revision::new(2), &events).command(Some(CommandRecord { key, name: "Note" }));
    assert!(matches!(store.append(again).await, Ok(AppendOutcome::Repeated(of)) if of.count == 2));
    let (_, _, head) = load(&store, Load::all(&stream("nowhere")).command_id(Some(decided))).await;
    assert!(head.command.is_some_and(|outcome| outcome.rejected && outcome.count == 0));
    let refused = store.append(Append::new(&stream("1"), Revision::new(3), &events)).await;
    assert!(matches!(refused, Err(StoreError::StreamClosed { .. })), "{refused:?}");
    let other = Registration::new("account.shaped", 3).fingerprint(Fingerprint::EMPTY.with("two"));
    let refused = store.register(&[other]).await;
    assert!(matches!(refused, Err(StoreError::SchemaConflict { .. })), "{refused:?}");
    let conflict = store.append(Append::new(&to, Revision::new(1), &events)).await.expect("no error");
    assert_eq!(conflict, AppendOutcome::Conflict { actual: Revision::new(2) });

    let shaped = [NewEvent::new("account.shaped", 3, b"{}".to_vec(), Metadata::new().into())];
    let outcomes =
        store.append_all(&[Append::new(&to, Revision::new(2), &shaped)]).await.expect("registered");
    let new = outcomes.into_iter().map(appended).next().expect("an outcome");
    assert!(new.positions[0] > end.position());
    let all = Filter::new();
    let page = store.read_all(AllQuery::after(end, &all), &mut |_| Ok(())).await.expect("a page");
    assert_eq!(page.events, 1, "a checkpoint of the original is valid in the copy");
}

/// A store with a different history cannot be copied into.
pub async fn a_store_of_another_history_is_not_copied_into<S: EventStore + ImportStore>(store: S) {
    append(&store, &stream("2"), 0, &numbered(1, 1)).await;
    let before = everything(&store).await;
    let (from, ..) = filled().await;
    let refused = copy_store(&from, &store).await;
    assert!(matches!(refused, Err(CopyError::AnotherHistory(_))), "{refused:?}");
    assert_eq!(everything(&store).await, before);
}

/// An event that does not follow the stored ones is rejected, together with the others of the call.
pub async fn an_imported_event_follows_what_is_stored<S: EventStore + ImportStore>(store: S) {
    let (from, ..) = filled().await;
    let names = from.export_names().await.expect("names");
    store.import_names(&names).await.expect("no error");
    let last = append(&store, &stream("5"), 0, &numbered(1, 1)).await;
    let (position, recorded_at) = (last.positions[0].get(), last.recorded_at);
    for (positions, revisions) in [
        ([position, position + 1], [2, 3]),
        ([position + 2, position + 1], [2, 3]),
        ([position + 1, position + 2], [1, 2]),
        ([position + 1, position + 2], [2, 4]),
        ([position + 1, position + 2], [2, 2]),
    ] {
        let (to, new) = (stream("5"), numbered(2, 2));
        let place = |at: usize| (positions[at].into(), recorded_at);
        let events = [0, 1].map(|at| new[at].raw(&to, Revision::new(revisions[at]), place(at), None));
        let refused = store.import_events(&events).await;
        assert!(
            matches!(refused, Err(StoreError::NotNext { .. })),
            "{positions:?} {revisions:?}: {refused:?}"
        );
        assert_eq!(payloads(&rows(&store, &to).await), ["1"], "{positions:?} {revisions:?}");
    }
}

/// A command that has another outcome in the store is rejected; the same outcome again is not.
pub async fn a_copied_command_keeps_its_outcome<S: EventStore + ImportStore>(store: S) {
    let (from, ..) = filled().await;
    copied(&from, &store).await;
    let ledger = store.export_commands(None, 10).await.expect("the ledger");
    store.import_commands(&ledger).await.expect("the same again");
    for mut other in ledger.clone() {
        other.outcome.body_hash = Some(8);
        let refused = store.import_commands(&[other]).await;
        assert!(matches!(refused, Err(StoreError::CommandIdReused { .. })), "{refused:?}");
    }
    assert_eq!(store.export_commands(None, 10).await.expect("the ledger"), ledger);
}

/// A copy does not merge the names of two categories, and does not change shapes.
pub async fn copied_names_agree_with_those_that_are_there<S: EventStore + ImportStore>(store: S) {
    let (from, ..) = filled().await;
    let names = from.export_names().await.expect("names");
    let other = Registration::new("account.shaped", 3).fingerprint(Fingerprint::EMPTY.with("two"));
    store.register(&[other]).await.expect("no error");
    let refused = store.import_names(&names).await;
    assert!(matches!(refused, Err(StoreError::SchemaConflict { .. })), "{refused:?}");
    for name in ["konto", "compte"] {
        let of = StreamId::new(name, "1").expect("a stream id");
        append(&store, &of, 0, &numbered(1, 1)).await;
    }
    let refused = store.import_names(&names).await;
    assert!(matches!(refused, Err(StoreError::SplitCategory { .. })), "{refused:?}");
}

/// Copied streams are listed, including closed ones.
pub async fn copied_streams_are_listed<S: EventStore + ImportStore + ListStreams>(store: S) {
    let (from, ..) = filled().await;
    copied(&from, &store).await;
    let query = ListQuery::category("account");
    let there = from.list_streams(query).await.expect("a page");
    assert_eq!(store.list_streams(query).await.expect("a page"), there);
}
