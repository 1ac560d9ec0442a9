//! Which streams there are, and that each key names exactly one.

use super::fixture::{append, event, numbered, payloads, rows, stream};
use crate::{EventStore, Revision, StreamId};

/// Streams of one category, in the byte order of their keys, page by page.
pub async fn streams_are_listed_in_pages<S: EventStore>(store: S) {
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
        let page = store.list_streams("account", listed.last().map(String::as_str), 4).await.expect("a page");
        assert!(page.len() <= 4);
        for summary in &page {
            assert_eq!(
                (summary.stream.category(), summary.revision, summary.closed),
                ("account", Revision::new(2), false)
            );
            listed.push(summary.stream.key().to_owned());
        }
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(listed, sorted);
    assert!(store.list_streams("nothing", None, 4).await.expect("a page").is_empty());
    assert!(store.close_stream(&stream("a"), Revision::new(2)).await.expect("no error"));
    let page = store.list_streams("account", Some("Z"), 1).await.expect("a page");
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
