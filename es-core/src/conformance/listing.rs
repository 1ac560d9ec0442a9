//! Listing streams.

use super::fixture::{append, numbered, stream};
use super::renames::{old, rename};
use crate::store::{Append, AppendOutcome, EventStore, ListQuery, ListStreams, StreamSummary};
use crate::stream::{Revision, StreamId};

/// Lists the streams of one category, in the byte order of their keys, page by page.
pub async fn streams_are_listed_in_pages<S: EventStore + ListStreams>(store: S) {
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
            assert!(
                listed.last().is_none_or(|last| *last < key),
                "a page does not continue after the previous one"
            );
            listed.push(key);
        }
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(listed, sorted);
    assert!(store.list_streams(ListQuery::category("nothing")).await.expect("a page").is_empty());
    let query = ListQuery::category("account").after("Z").limit(1);
    assert_eq!(store.list_streams(query).await.expect("a page")[0].stream, stream("a"));
    // A query is not a name, and may contain characters that no name contains.
    let listed = async |query| {
        let page = store.list_streams(query).await.expect("a page");
        page.into_iter().map(|summary| summary.stream.key().to_owned()).collect::<Vec<_>>()
    };
    assert!(listed(ListQuery::category("account\0")).await.is_empty());
    assert!(listed(ListQuery::category("account").prefix("1\0")).await.is_empty());
    let after = ListQuery::category("account").after("10\0b").limit(1);
    assert_eq!(listed(after).await, ["9"]);
}

/// Lists the streams whose keys begin with a text, taken literally.
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
                "a page does not continue after the previous one"
            );
            listed.extend(page.into_iter().map(|summary| summary.stream.key().to_owned()));
        }
        let mut expected: Vec<&str> = keys.into_iter().filter(|key| key.starts_with(prefix)).collect();
        expected.sort_unstable();
        assert_eq!(listed, expected, "{prefix}");
    }
}

/// A rejected append leaves no empty stream behind.
pub async fn what_was_refused_is_not_listed<S: EventStore + ListStreams>(store: S) {
    let (there, missing) = (stream("1"), stream("2"));
    append(&store, &there, 0, &numbered(1, 1)).await;
    let events = numbered(2, 1);
    let conflict = store.append(Append::new(&missing, Revision::new(1), &events)).await.expect("no error");
    assert_eq!(conflict, AppendOutcome::Conflict { actual: Revision::EMPTY });
    let batch = [&there, &missing].map(|stream| Append::new(stream, Revision::EMPTY, &events));
    let outcomes = store.append_all(&batch).await.expect("no error");
    assert!(outcomes.contains(&AppendOutcome::NotWritten), "{outcomes:?}");
    let none = Append::new(&missing, Revision::EMPTY, &[]);
    store.append(none).await.expect_err("an append without events");
    let listed = store.list_streams(ListQuery::category("account")).await.expect("a page");
    assert_eq!(listed, [StreamSummary::new(there, Revision::new(1))]);
}

/// Streams of a renamed category are listed under each of its names, and returned under that name.
pub async fn a_renamed_category_is_listed_under_every_name<S: EventStore + ListStreams>(store: S) {
    append(&store, &old("1"), 0, &numbered(1, 1)).await;
    let listed = async |category| {
        let page = store.list_streams(ListQuery::category(category)).await.expect("a page");
        page.into_iter().map(|summary| summary.stream.to_string()).collect::<Vec<_>>()
    };
    assert!(listed("account").await.is_empty(), "two names are two categories until they are made one");
    rename(&store, "account", &["konto"]).await;
    append(&store, &stream("1"), 1, &numbered(2, 1)).await;
    append(&store, &stream("2"), 0, &numbered(1, 1)).await;
    assert_eq!(listed("account").await, ["account/1", "account/2"]);
    assert_eq!(listed("konto").await, ["konto/1", "konto/2"]);
    assert!(listed("accounts").await.is_empty(), "another category");
}
