//! Snapshots: stored by fingerprint, only the newest, never ahead of the stream.

use uuid::Uuid;

use super::fixture::{StoredRow, append, load, numbered, revisions, stream};
use crate::error::StoreError;
use crate::model::NewSnapshot;
use crate::record::RawEvent;
use crate::shape::Fingerprint;
use crate::store::{EventStore, Load, LoadItem, StreamRange};
use crate::stream::{Revision, StreamId};

const FINGERPRINT: Fingerprint = Fingerprint::EMPTY.with("one");
const OTHER: Fingerprint = Fingerprint::EMPTY.with("another");

async fn save(
    store: &impl EventStore,
    stream: &StreamId,
    revision: u64,
    fingerprint: Fingerprint,
    state: &str,
) {
    let snapshot = NewSnapshot::new(stream.clone(), Revision::new(revision), fingerprint, state.into());
    store.save_snapshot(snapshot).await.expect("no error");
}

/// A load starts from the snapshot of its fingerprint, and from no other; without one it reads all events.
pub async fn a_snapshot_shortens_the_load<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 10)).await;
    save(&store, &stream, 7, FINGERPRINT, r#"{"sum": 28}"#).await;
    let (snapshot, rows, head) = load(&store, Load::all(&stream).snapshot(Some(FINGERPRINT))).await;
    let (at, state) = snapshot.expect("the snapshot");
    assert_eq!((at, revisions(&rows), head.revision.get()), (7, vec![8, 9, 10], 10));
    let state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
    assert_eq!(state, serde_json::json!({ "sum": 28 }));

    let without = [
        Load::all(&stream),
        Load::all(&stream).snapshot(Some(OTHER)),
        Load::all(&stream).snapshot(Some(FINGERPRINT)).up_to(Revision::new(6)),
    ];
    for without in without {
        let (snapshot, rows, _) = load(&store, without).await;
        assert_eq!((snapshot, rows.first().map(|row| row.revision)), (None, Some(1)));
    }
    let after = Load::all(&stream).snapshot(Some(FINGERPRINT)).after(Revision::new(7));
    let (snapshot, rows, _) = load(&store, after).await;
    assert_eq!((snapshot, revisions(&rows)), (None, vec![8, 9, 10]));
    let (snapshot, rows, _) =
        load(&store, Load::all(&stream).snapshot(Some(FINGERPRINT)).up_to(Revision::new(8))).await;
    assert_eq!((snapshot.map(|(at, _)| at), revisions(&rows)), (Some(7), vec![8]));
}

/// Several streams in one call, each as by itself: from its snapshot, one that is not there, one whose sink
/// has had enough.
pub async fn streams_are_loaded_together_as_each_alone<S: EventStore>(store: S) {
    let streams = ["a", "not there", "b", "refused", "c \"ä\" [1]"].map(stream);
    for (stream, events) in streams.iter().zip([3, 0, 10, 4, 1]).filter(|(_, events)| *events > 0) {
        append(&store, stream, 0, &numbered(1, events)).await;
    }
    save(&store, &streams[2], 7, FINGERPRINT, "28").await;
    for fingerprint in [Some(FINGERPRINT), Some(OTHER), None] {
        let mut found = vec![(None, Vec::new()); streams.len()];
        let mut take = |number: usize, item: LoadItem<'_>| {
            let (snapshot, rows): &mut (Option<(u64, String)>, Vec<StoredRow>) = &mut found[number];
            match item {
                LoadItem::Snapshot { revision, state } => {
                    assert!(rows.is_empty(), "the snapshot is before the events");
                    *snapshot = Some((revision.get(), String::from_utf8_lossy(state).into_owned()));
                }
                LoadItem::Event(raw) if number == 3 && raw.revision.get() == 3 => {
                    let (expected, found) = (raw.revision, raw.revision);
                    return Err(StoreError::Damaged { stream: raw.stream.clone(), expected, found });
                }
                LoadItem::Event(raw) => {
                    assert_eq!(raw.stream, &streams[number], "the events of another stream");
                    rows.push(StoredRow::from(raw));
                }
            }
            Ok(())
        };
        let heads = store.load_many(&streams, fingerprint, &mut take).await.expect("a load");
        assert_eq!(heads.len(), streams.len());
        for (number, (head, found)) in heads.into_iter().zip(found).enumerate() {
            let (snapshot, mut rows, alone) =
                load(&store, Load::all(&streams[number]).snapshot(fingerprint)).await;
            if number == 3 {
                assert!(matches!(head, Err(StoreError::Damaged { .. })), "{head:?}");
                rows.truncate(2);
            } else {
                assert_eq!(head.expect("a stream"), alone);
            }
            assert_eq!(found, (snapshot, rows), "stream {number}");
        }
    }
    let nothing = store.load_many(&[], None, &mut |_, _| Ok(())).await.expect("a load of nothing");
    assert!(nothing.is_empty());
}

/// Snapshots arrive in any order; the newest of each fingerprint is kept.
pub async fn an_older_snapshot_never_replaces_a_newer_one<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 10)).await;
    for revision in [3, 8, 5] {
        save(&store, &stream, revision, FINGERPRINT, &revision.to_string()).await;
    }
    save(&store, &stream, 4, OTHER, "4").await;
    for (fingerprint, newest) in [(FINGERPRINT, 8), (OTHER, 4)] {
        let (snapshot, rows, _) = load(&store, Load::all(&stream).snapshot(Some(fingerprint))).await;
        assert_eq!(snapshot, Some((newest, newest.to_string())));
        assert_eq!(rows.len() as u64, 10 - newest);
    }
}

/// A snapshot of a revision that the stream does not have is dropped.
pub async fn a_snapshot_of_what_is_not_stored_is_not_kept<S: EventStore>(store: S) {
    let (stream, missing) = (stream("1"), stream("2"));
    append(&store, &stream, 0, &numbered(1, 2)).await;
    save(&store, &stream, 3, FINGERPRINT, "3").await;
    save(&store, &missing, 1, FINGERPRINT, "1").await;
    append(&store, &stream, 2, &numbered(3, 2)).await;
    append(&store, &missing, 0, &numbered(1, 2)).await;
    for stream in [&stream, &missing] {
        let (snapshot, rows, _) = load(&store, Load::all(stream).snapshot(Some(FINGERPRINT))).await;
        assert_eq!(snapshot, None);
        assert!(rows.len() >= 2);
    }
}

/// A snapshot that arrives after its stream was restored to an earlier state and has grown again is not a
/// fold of its events.
pub async fn a_snapshot_of_other_events_is_not_kept<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 10)).await;
    let mut ids = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        ids.push(raw.event_id);
        Ok(())
    };
    store.read_stream(&stream, StreamRange::ALL, &mut take).await.expect("the events");
    let snapshot = |event_id| {
        let snapshot = NewSnapshot::new(stream.clone(), Revision::new(7), FINGERPRINT, b"7".to_vec());
        snapshot.event_id(Some(event_id))
    };
    for other in [Uuid::now_v7(), ids[7]] {
        store.save_snapshot(snapshot(other)).await.expect("no error");
        let (kept, _, _) = load(&store, Load::all(&stream).snapshot(Some(FINGERPRINT))).await;
        assert_eq!(kept, None);
    }
    store.save_snapshot(snapshot(ids[6])).await.expect("no error");
    let (kept, _, _) = load(&store, Load::all(&stream).snapshot(Some(FINGERPRINT))).await;
    assert_eq!(kept, Some((7, "7".to_owned())));
}
