//! Which streams there are, and that each key names exactly one.

use uuid::Uuid;

use super::fixture::{append, event, numbered, payloads, rows, stream};
use std::sync::Arc;

use crate::record::{Metadata, NewEvent, RawEvent};
use crate::store::{CloseStreams, EventStore, Find, FindEvents, ListQuery, ListStreams};
use crate::stream::{Revision, StreamId};

/// Streams of one category, in the byte order of their keys, page by page.
pub async fn streams_are_listed_in_pages<S: EventStore + ListStreams + CloseStreams>(store: S) {
    let keys = ["10", "9", "a", "B", "é", "z"];
    for key in keys {
        append(&store, &stream(key), 0, &numbered(1, 2)).await;
    }
    let other = StreamId::new("accounts", "1").expect("valid");
    append(&store, &other, 0, &numbered(1, 1)).await;
    let mut sorted = keys.map(str::to_owned).to_vec();
    sorted.sort();
    let mut listed = Vec::new();
    loop {
        let query = ListQuery::category("account").after(listed.last().map(String::as_str)).limit(4);
        let page = store.list_streams(query).await.expect("a page");
        assert!(page.len() <= 4);
        for summary in &page {
            assert_eq!(
                (summary.stream.category(), summary.revision, summary.closed),
                ("account", Revision::new(2), false)
            );
            let key = summary.stream.key().to_owned();
            assert!(listed.last().is_none_or(|last| *last < key), "a page goes on after the one before");
            listed.push(key);
        }
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(listed, sorted);
    assert!(store.list_streams(ListQuery::category("nothing")).await.expect("a page").is_empty());
    assert!(store.close_stream(&stream("a"), Revision::new(2)).await.expect("no error"));
    let query = ListQuery::category("account").after("Z").limit(1);
    let page = store.list_streams(query).await.expect("a page");
    assert!(page[0].closed && page[0].stream.key() == "a");
}

/// Keys that look alike, or look like SQL, are different keys; a category is part of the name.
pub async fn keys_are_exact<S: EventStore>(store: S) {
    let longest = "é".repeat(127) + "x";
    let keys = [
        "a",
        "A",
        "a ",
        " a",
        "a%",
        "a_",
        "'",
        "\"",
        "'; DROP TABLE streams; --",
        "caf\u{e9}",
        "cafe\u{301}",
        "a/b",
        "$1",
        "\\",
        "🦀",
        &longest,
    ];
    let mut streams: Vec<_> = keys.iter().map(|key| stream(key)).collect();
    streams.push(StreamId::new("account/a", "b").expect("valid"));
    for (number, stream) in streams.iter().enumerate() {
        append(&store, stream, 0, &[event(&number.to_string())]).await;
    }
    for (number, stream) in streams.iter().enumerate() {
        assert_eq!(payloads(&rows(&store, stream).await), [number.to_string()], "{stream}");
    }
}

/// The streams whose keys begin with a text, taken as it is.
pub async fn streams_are_listed_by_prefix<S: EventStore + ListStreams>(store: S) {
    let keys = ["a", "a%", "a%b", "a_b", "ab", "ab1", "ab\u{10ffff}", "b", "é", "é1"];
    for key in keys {
        append(&store, &stream(key), 0, &numbered(1, 1)).await;
    }
    let other = StreamId::new("accounts", "ab").expect("valid");
    append(&store, &other, 0, &numbered(1, 1)).await;
    for prefix in ["", "a", "a%", "a_", "ab", "é", "z", "ab\u{10ffff}"] {
        let mut listed: Vec<String> = Vec::new();
        loop {
            let after = listed.last().map(String::as_str);
            let query = ListQuery::category("account").prefix(prefix).after(after).limit(2);
            let page = store.list_streams(query).await.expect("a page");
            if page.is_empty() {
                break;
            }
            assert!(
                after.is_none_or(|after| page[0].stream.key() > after),
                "a page goes on after the one before"
            );
            listed.extend(page.into_iter().map(|summary| summary.stream.key().to_owned()));
        }
        let mut expected: Vec<&str> = keys.into_iter().filter(|key| key.starts_with(prefix)).collect();
        expected.sort_unstable();
        assert_eq!(listed, expected, "{prefix}");
    }
}

/// An event by its id, and all events of a correlation id, wherever they are, in the order of their
/// positions.
pub async fn events_are_found_by_their_ids<S: EventStore + FindEvents>(store: S) {
    let correlation = Uuid::now_v7();
    let correlated = Arc::new(Metadata::new().correlation_id(correlation));
    let event =
        |metadata: &Arc<Metadata>| NewEvent::new("account.noted", 1, b"1".to_vec(), Arc::clone(metadata));
    let user = StreamId::new("user", "1").expect("valid");
    let (one, two) = ([event(&correlated), event(&Arc::default())], [event(&correlated)]);
    append(&store, &stream("1"), 0, &one).await;
    append(&store, &user, 0, &two).await;
    append(&store, &stream("1"), 2, &two.clone().map(|_| event(&correlated))).await;
    let find = async |what| {
        let mut found = Vec::new();
        let mut take = |raw: RawEvent<'_>| {
            found.push(format!("{}#{}", raw.stream, raw.revision));
            Ok(())
        };
        store.find(what, &mut take).await.expect("a search");
        found
    };
    assert_eq!(find(Find::Event(one[1].id)).await, ["account/1#2"]);
    assert_eq!(find(Find::Event(two[0].id)).await, ["user/1#1"]);
    assert!(find(Find::Event(correlation)).await.is_empty());
    assert_eq!(find(Find::Correlation(correlation)).await, ["account/1#1", "user/1#1", "account/1#3"]);
    assert!(find(Find::Correlation(one[0].id)).await.is_empty());
}
