//! Reading the whole store.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{StoredRow, append, event, numbered, payloads, revisions, stream, third_is_refused};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent, RawEvent};
use crate::store::{AllPage, AllQuery, Checkpoint, EventStore, Filter, ReadAll, Rest};
use crate::stream::{Position, StreamId};

/// Reads one page, with the name of each event's stream.
async fn page(
    store: &impl ReadAll,
    after: Checkpoint,
    filter: &Filter,
    limit: usize,
) -> (AllPage, Vec<(StreamId, StoredRow)>) {
    let mut rows = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        rows.push((raw.stream.clone(), StoredRow::from(raw)));
        Ok(())
    };
    let page = store.read_all(AllQuery::after(after, filter).limit(limit), &mut take).await.expect("a page");
    assert_eq!(page.events, rows.len());
    assert!(rows.len() <= limit, "more events than requested");
    (page, rows)
}

/// Reads all pages from a checkpoint to the current end.
async fn pages(
    store: &impl ReadAll,
    mut after: Checkpoint,
    filter: &Filter,
    limit: usize,
) -> (Checkpoint, Vec<(StreamId, StoredRow)>) {
    let mut all = Vec::new();
    loop {
        let (page, rows) = page(store, after, filter, limit).await;
        all.extend(rows);
        assert!(page.checkpoint.position() >= after.position(), "a checkpoint moved backward");
        let moves = page.rest != Rest::More || page.checkpoint != after;
        assert!(moves, "there is more, but the checkpoint did not move");
        after = page.checkpoint;
        match page.rest {
            Rest::Nothing => return (after, all),
            Rest::Held => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
            Rest::More => {}
        }
    }
}

fn positions(rows: &[(StreamId, StoredRow)]) -> Vec<u64> {
    rows.iter().map(|(_, row)| row.position).collect()
}

fn texts(rows: &[(StreamId, StoredRow)]) -> Vec<&str> {
    rows.iter().map(|(_, row)| row.payload.as_str()).collect()
}

fn named(name: &'static str, payload: &str) -> NewEvent {
    NewEvent::new(name, 1, payload.into(), Arc::new(Metadata::new()))
}

/// Every event is read once, in pages of any size, with increasing positions; an empty store has an end, too.
pub async fn the_whole_store_is_read_in_pages<S: EventStore + ReadAll>(store: S) {
    let all = Filter::new();
    let (empty, _) = page(&store, Checkpoint::START, &all, 10).await;
    assert_eq!((empty.checkpoint, empty.events, empty.rest), (Checkpoint::START, 0, Rest::Nothing));
    assert_eq!(store.end().await.expect("a head"), Checkpoint::START);
    let mut written = Vec::new();
    for round in 0..10 {
        for key in ["1", "2", "3"] {
            written
                .extend(append(&store, &stream(key), round * 2, &numbered(round * 2 + 1, 2)).await.positions);
        }
    }
    let written: Vec<u64> = written.into_iter().map(Position::get).collect();
    for limit in [1, 7, 59, 60, 61, 1_000] {
        let (end, rows) = pages(&store, Checkpoint::START, &all, limit).await;
        assert_eq!(positions(&rows), written, "in pages of {limit}");
        assert_eq!(end, store.end().await.expect("a head"));
        for key in ["1", "2", "3"] {
            let of_stream: Vec<StoredRow> =
                rows.iter().filter(|(id, _)| *id == stream(key)).map(|(_, row)| row.clone()).collect();
            assert_eq!(revisions(&of_stream), (1..=20).collect::<Vec<_>>());
            assert_eq!(payloads(&of_stream)[19], "20");
        }
    }
    let (end, none) = pages(&store, store.end().await.expect("a head"), &all, 10).await;
    assert!(none.is_empty());
    append(&store, &stream("1"), 20, &numbered(21, 1)).await;
    assert_eq!(texts(&pages(&store, end, &all, 10).await.1), ["21"]);
}

/// A page has at most the requested number of bytes, but at least one event, however large; the next page
/// continues right after it.
pub async fn a_page_has_a_limit_of_bytes<S: EventStore + ReadAll>(store: S) {
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let sizes = [100, 100, 1_000, 100, 100, 100, 3_000, 3_000, 100];
    let batch: Vec<NewEvent> = sizes.iter().map(|bytes| named("account.noted", &text(*bytes))).collect();
    append(&store, &stream("1"), 0, &batch).await;
    append(&store, &StreamId::new("user", "1").expect("valid"), 0, &[named("user.came", &text(900))]).await;
    let whole = Filter::new();
    let some = Filter::new().category("account");
    let of_all: [&[usize]; 6] = [&[100, 100], &[1_000], &[100, 100, 100], &[3_000], &[3_000], &[100, 900]];
    let of_some: [&[usize]; 6] = [&[100, 100], &[1_000], &[100, 100, 100], &[3_000], &[3_000], &[100]];
    for (filter, wanted) in [(&whole, of_all), (&some, of_some)] {
        let (mut after, mut found) = (Checkpoint::START, Vec::new());
        loop {
            let mut rows = Vec::new();
            let mut take = |raw: RawEvent<'_>| {
                assert_eq!(raw.bytes(), raw.payload.len() + raw.metadata.map_or(0, <[u8]>::len));
                rows.push(raw.payload.len());
                Ok(())
            };
            let query = AllQuery::after(after, filter).bytes(1_000);
            let page = store.read_all(query, &mut take).await.expect("a page");
            assert_eq!(page.events, rows.len());
            after = page.checkpoint;
            found.extend((!rows.is_empty()).then_some(rows));
            match page.rest {
                Rest::Nothing => break,
                Rest::Held => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
                Rest::More => {}
            }
        }
        assert_eq!(found, wanted);
        assert_eq!(after, store.end().await.expect("a head"));
    }
}

/// A filter selects by categories, names, or both; the checkpoint also moves past events that are filtered
/// out.
pub async fn the_whole_store_is_read_through_a_filter<S: EventStore + ReadAll>(store: S) {
    let user = StreamId::new("user", "1").expect("valid");
    append(&store, &stream("1"), 0, &[named("account.opened", "1"), named("account.noted", "2")]).await;
    append(&store, &user, 0, &[named("user.came", "3"), named("account.noted", "4")]).await;
    append(&store, &stream("2"), 0, &[named("account.opened", "5")]).await;
    append(&store, &user, 2, &[named("user.left", "6")]).await;
    let read = async |filter: Filter, limit| {
        let (end, rows) = pages(&store, Checkpoint::START, &filter, limit).await;
        assert_eq!(
            end,
            store.end().await.expect("a head"),
            "the checkpoint did not move past filtered events"
        );
        for (_, row) in &rows {
            assert!(row.position <= end.position().get());
        }
        texts(&rows).join(" ")
    };
    for limit in [1, 2, 100] {
        assert_eq!(read(Filter::new().category("account"), limit).await, "1 2 5");
        assert_eq!(read(Filter::new().category("user"), limit).await, "3 4 6");
        assert_eq!(read(Filter::new().category("user").category("account"), limit).await, "1 2 3 4 5 6");
        assert_eq!(read(Filter::new().event_name("account.noted"), limit).await, "2 4");
        assert_eq!(
            read(Filter::new().event_name("account.opened").event_name("user.left"), limit).await,
            "1 5 6"
        );
        assert_eq!(read(Filter::new().category("account").event_name("account.noted"), limit).await, "2");
        assert_eq!(read(Filter::new().category("nothing"), limit).await, "");
        assert_eq!(read(Filter::new().event_name("nothing"), limit).await, "");
    }
}

/// Streams of a renamed category are found under each name, and returned under the requested name.
pub async fn the_whole_store_knows_earlier_names<S: EventStore + ReadAll>(store: S) {
    let old = StreamId::new("konto", "1").expect("valid");
    append(&store, &old, 0, &[event("1")]).await;
    let both = || {
        let mut filter = Filter::new().category("account");
        filter.categories[0].was = std::borrow::Cow::Borrowed(&["konto"]);
        filter
    };
    let read = async |filter: Filter| {
        let (_, rows) = pages(&store, Checkpoint::START, &filter, 1).await;
        rows.iter().map(|(id, row)| format!("{id} {}", row.payload)).collect::<Vec<_>>()
    };
    assert_eq!(read(both()).await, ["account/1 1"], "although nobody has renamed it in this store");
    assert!(read(Filter::new().category("account")).await.is_empty());
    store.rename_category("account", &["konto"]).await.expect("a rename");
    append(&store, &stream("1"), 1, &[event("2")]).await;
    append(&store, &stream("2"), 0, &[event("3")]).await;
    for filter in [both(), Filter::new().category("account")] {
        assert_eq!(read(filter).await, ["account/1 1", "account/1 2", "account/2 3"]);
    }
    let by_old_name = ["konto/1 1", "konto/1 2", "konto/2 3"];
    assert_eq!(read(Filter::new().category("konto")).await, by_old_name);
    assert_eq!(read(Filter::new()).await, by_old_name, "the first name, if none is requested");
}

/// A checkpoint of another history is rejected, whatever the filter.
pub async fn a_checkpoint_of_another_history_is_refused<S: EventStore + ReadAll>(store: S) {
    append(&store, &stream("1"), 0, &numbered(1, 3)).await;
    let head = store.end().await.expect("a head");
    let (position, id) = head.event().expect("an event");
    let refused = async |checkpoint, filter: &Filter| {
        let mut take = |_: RawEvent<'_>| panic!("no event may be passed to the sink");
        store.read_all(AllQuery::after(checkpoint, filter), &mut take).await.expect_err("refused")
    };
    for filter in [Filter::new(), Filter::new().category("nothing")] {
        let error = refused(Checkpoint::behind(position, Uuid::now_v7()), &filter).await;
        assert!(
            matches!(error, StoreError::ForeignCheckpoint { found: Some(found), .. } if found == id),
            "{error}"
        );
        let beyond = Checkpoint::behind(Position::new(position.get() + 1_000), id);
        let error = refused(beyond, &filter).await;
        assert!(matches!(error, StoreError::ForeignCheckpoint { found: None, .. }), "{error}");
        assert!(!error.is_retryable());
    }
    append(&store, &stream("1"), 3, &numbered(4, 3)).await;
    let error = refused(Checkpoint::behind(position, Uuid::now_v7()), &Filter::new()).await;
    assert!(matches!(error, StoreError::ForeignCheckpoint { .. }), "{error}");
    assert_eq!(texts(&pages(&store, head, &Filter::new(), 10).await.1), ["4", "5", "6"]);
}

/// An error of the sink ends the read of the whole store, and the store keeps working.
pub async fn an_error_of_the_sink_ends_the_page<S: EventStore + ReadAll>(store: S) {
    append(&store, &stream("1"), 0, &numbered(1, 100)).await;
    for _ in 0..20 {
        let mut seen = 0;
        let mut take = |raw: RawEvent<'_>| third_is_refused(&mut seen, &raw);
        let all = Filter::new();
        let query = AllQuery::after(Checkpoint::START, &all);
        let error = store.read_all(query, &mut take).await.expect_err("the sink's error");
        assert!(matches!(error, StoreError::Damaged { found, .. } if found.get() == 3), "{error}");
        assert_eq!(seen, 3);
    }
    assert_eq!(pages(&store, Checkpoint::START, &Filter::new(), 7).await.1.len(), 100);
}

/// A reader that runs while others write sees every acknowledged event, once and in order.
pub async fn a_reader_beside_writers_misses_nothing<S: EventStore + ReadAll + 'static>(store: S) {
    const WRITERS: u64 = 8;
    const ROUNDS: u64 = 40;
    let store = Arc::new(store);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let (one, two) = (stream(&writer.to_string()), stream(&format!("{writer} too")));
            let mut acknowledged = Vec::new();
            for round in 0..ROUNDS {
                acknowledged
                    .extend(append(&*store, &one, round * 2, &numbered(round * 2 + 1, 2)).await.positions);
                acknowledged.extend(append(&*store, &two, round, &numbered(round + 1, 1)).await.positions);
            }
            acknowledged
        });
    }
    let writing = tokio::spawn(writers.join_all());
    let (mut checkpoint, mut rows) = (Checkpoint::START, Vec::new());
    loop {
        let is_the_last = writing.is_finished();
        let (end, new) = pages(&*store, checkpoint, &Filter::new(), 17).await;
        checkpoint = end;
        rows.extend(new);
        if is_the_last {
            break;
        }
        // A store whose calls never wait would block the writers on this thread forever.
        tokio::task::yield_now().await;
    }
    let written = writing.await.expect("no writer fails");
    let mut acknowledged: Vec<u64> = written.into_iter().flatten().map(Position::get).collect();
    acknowledged.sort_unstable();
    assert_eq!(positions(&rows), acknowledged);
    let mut last = HashMap::new();
    for (stream, row) in &rows {
        let last = last.entry(stream).or_insert(0);
        assert_eq!(row.revision, *last + 1, "the order of {stream}");
        *last = row.revision;
    }
}

/// A reader that follows may see fewer events at first and polls again: in the end it has seen every event,
/// once and in order.
pub async fn who_follows_misses_nothing<S: EventStore + ReadAll>(store: S) {
    let (all, mut after) = (Filter::new(), Checkpoint::START);
    let (mut written, mut found) = (Vec::new(), Vec::new());
    for round in 0..20 {
        written.extend(append(&store, &stream("1"), round * 2, &numbered(round * 2 + 1, 2)).await.positions);
        while found.len() < written.len() {
            let mut take = |raw: RawEvent<'_>| {
                found.push(raw.position);
                Ok(())
            };
            let query = AllQuery::after(after, &all).limit(1);
            let page = store.follow(query, &mut take).await.expect("a page");
            after = page.checkpoint;
            match page.rest {
                Rest::Nothing => assert_eq!(found, written, "this was not the end"),
                Rest::Held => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
                Rest::More => {}
            }
        }
        assert_eq!(found, written);
    }
}
