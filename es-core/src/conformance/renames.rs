//! Categories with several names: every stream is found under each of them, and exists once.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{append, appended, command, load, numbered, payloads, rows, stream};
use crate::error::StoreError;
use crate::model::NewSnapshot;
use crate::shape::Fingerprint;
use crate::store::{Append, AppendOutcome, CommandOutcome, EventStore, Load};
use crate::stream::{Revision, StreamId};

/// The stream of this key under the former name of the category.
pub(super) fn old(key: &str) -> StreamId {
    StreamId::new("konto", key).expect("a valid key")
}

pub(super) async fn rename(store: &impl EventStore, name: &str, was: &[&str]) {
    store.rename_category(name, was).await.expect("a rename");
}

/// What was stored before the rename can be read, appended to and saved as a snapshot under each name.
pub async fn a_stream_is_found_by_every_name_of_its_category<S: EventStore>(store: S) {
    const FINGERPRINT: Fingerprint = Fingerprint::EMPTY.with("one");
    append(&store, &old("1"), 0, &numbered(1, 2)).await;
    assert!(
        rows(&store, &stream("1")).await.is_empty(),
        "two names are two categories until they are made one"
    );
    rename(&store, "account", &["konto"]).await;

    append(&store, &stream("1"), 2, &numbered(3, 1)).await;
    append(&store, &old("1"), 3, &numbered(4, 1)).await;
    append(&store, &stream("2"), 0, &numbered(1, 1)).await;
    let snapshot = NewSnapshot::new(stream("1"), Revision::new(3), FINGERPRINT, "3".into());
    store.save_snapshot(snapshot).await.expect("no error");
    for name in [stream as fn(&str) -> StreamId, old] {
        assert_eq!(payloads(&rows(&store, &name("1")).await), ["1", "2", "3", "4"]);
        assert_eq!(payloads(&rows(&store, &name("2")).await), ["1"]);
        let (snapshot, rest, head) = load(&store, Load::all(&name("1")).snapshot(Some(FINGERPRINT))).await;
        assert_eq!((snapshot, payloads(&rest)), (Some((3, "3".into())), vec!["4"]));
        assert_eq!(head.revision, Revision::new(4));
    }
}

/// A stream is not created again under another name: not by itself, not in a batch, and not by a command that
/// was executed before.
pub async fn a_stream_exists_once_under_all_names<S: EventStore>(store: S) {
    let id = Uuid::now_v7();
    let events = numbered(1, 1);
    let (new_name, old_name) = (stream("1"), old("1"));
    let first = Append::new(&new_name, Revision::EMPTY, &events).command(Some(command(id)));
    rename(&store, "account", &["konto"]).await;
    appended(store.append(first).await.expect("no error"));

    let again = store.append(Append::new(&old_name, Revision::EMPTY, &events)).await.expect("no error");
    assert_eq!(again, AppendOutcome::Conflict { actual: Revision::new(1) });
    let repeated = Append::new(&old_name, Revision::new(1), &events).command(Some(command(id)));
    let outcome = CommandOutcome {
        first: Revision::new(1),
        count: 1,
        rejected: false,
        body_hash: None,
        name: Some("Note".into()),
    };
    assert_eq!(store.append(repeated).await.expect("no error"), AppendOutcome::Repeated(outcome));

    for (key, expected) in [("1", 1), ("2", 0)] {
        let (new, old) = (stream(key), old(key));
        let batch = [&new, &old].map(|stream| Append::new(stream, Revision::new(expected), &events));
        let refused = store.append_all(&batch).await;
        assert!(matches!(refused, Err(StoreError::DuplicateStream { .. })), "{refused:?}");
    }
    assert_eq!(payloads(&rows(&store, &stream("1")).await), ["1"]);
}

/// Names can be merged before anything is stored, repeatedly, in any order, and one after the other.
pub async fn a_category_may_be_renamed_again_and_again<S: EventStore>(store: S) {
    rename(&store, "konto", &["compte"]).await;
    rename(&store, "konto", &["compte"]).await;
    append(&store, &old("1"), 0, &numbered(1, 1)).await;
    rename(&store, "account", &["konto", "compte"]).await;
    rename(&store, "konto", &["account"]).await;
    rename(&store, "account", &["cuenta"]).await;
    append(&store, &stream("2"), 0, &numbered(1, 1)).await;
    for name in ["konto", "compte", "account", "cuenta"] {
        for key in ["1", "2"] {
            let stream = StreamId::new(name, key).expect("a valid key");
            assert_eq!(payloads(&rows(&store, &stream).await), ["1"], "{stream}");
        }
    }
    let other = StreamId::new("accounts", "1").expect("a valid key");
    assert!(rows(&store, &other).await.is_empty(), "another category");
}

/// Two categories that both have streams cannot be merged: both could contain the same key.
pub async fn two_categories_do_not_become_one<S: EventStore>(store: S) {
    append(&store, &old("1"), 0, &numbered(1, 1)).await;
    append(&store, &stream("1"), 0, &numbered(7, 1)).await;
    let error = store.rename_category("account", &["compte", "konto"]).await.expect_err("they are two");
    assert!(!error.is_retryable(), "{error}");
    assert_eq!(payloads(&rows(&store, &stream("1")).await), ["7"]);
    assert_eq!(payloads(&rows(&store, &old("1")).await), ["1"]);
    let third = StreamId::new("compte", "1").expect("a valid key");
    assert!(rows(&store, &third).await.is_empty(), "nothing was changed");
    are_two(&store, "account", &["compte", "konto"], ("account", "konto")).await;
    are_two(&store, "konto", &["account"], ("konto", "account")).await;
    are_two(&store, "compte", &["konto", "account"], ("account", "konto")).await;
}

/// The error tells which former name to leave out.
async fn are_two<S: EventStore>(store: &S, current: &str, was: &[&str], expected: (&str, &str)) {
    let error = store.rename_category(current, was).await.expect_err("they are two");
    let StoreError::SplitCategory { name, other } = &error else { panic!("{error}") };
    assert_eq!((name.as_str(), other.as_str()), expected, "{error}");
}

/// Programs with the old and the new name start at once and write to the same stream: one of them wins.
pub async fn of_programs_with_different_names_one_makes_the_stream<S: EventStore + 'static>(store: S) {
    rename(&store, "account", &["konto"]).await;
    let store = Arc::new(store);
    let mut programs = JoinSet::new();
    for program in 0..16_u64 {
        let store = Arc::clone(&store);
        programs.spawn(async move {
            let name = if program % 2 == 0 { stream("1") } else { old("1") };
            rename(&*store, "account", &["konto"]).await;
            let events = numbered(program, 1);
            store.append(Append::new(&name, Revision::EMPTY, &events)).await.expect("no error")
        });
    }
    let outcomes = programs.join_all().await;
    let won = outcomes.iter().filter(|outcome| matches!(outcome, AppendOutcome::Appended(_))).count();
    assert_eq!(won, 1, "{outcomes:?}");
    assert_eq!(rows(&*store, &stream("1")).await.len(), 1);
}
