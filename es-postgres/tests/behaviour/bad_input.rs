//! Input that the database would reject: a typed error, nothing written, and the connection still usable.

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{Append, Limits, StreamRange};
use es_core::{EventStore, Revision, StoreError};

use crate::support::{append_one, appended, events, fresh, ids, stream};

#[tokio::test]
async fn invalid_json_is_refused_and_nothing_is_written() {
    let (database, _) = fresh().await;
    let store = database.options().connections(1).connect().await.expect("a store");
    let stream = stream("a");
    appended(append_one(&store, &stream, 0).await);
    let deep = "[".repeat(100_000);
    for payload in ["1e", "{", r#"{"a":"\ug000"}"#, "", deep.as_str(), "{\"a\": \u{1}}"] {
        let mut batch = events(2);
        batch[1].payload = payload.as_bytes().to_vec();
        let refused = store.append(Append::new(&stream, Revision::new(1), &batch)).await;
        let error = refused.expect_err(&payload[..payload.len().min(20)]);
        assert!(matches!(&error, StoreError::NotJson { .. }), "{error:?}");
        let other = crate::support::stream("b");
        let appends = [
            Append::new(&other, Revision::EMPTY, &batch[..1]),
            Append::new(&stream, Revision::new(1), &batch),
        ];
        assert!(store.append_all(&appends).await.is_err());
        assert!(ids(&store, &other).await.is_empty());
    }
    assert_eq!(ids(&store, &stream).await.len(), 1);
    appended(append_one(&store, &stream, 1).await);
}

#[tokio::test]
async fn no_error_quotes_a_payload() {
    let (_database, store) = fresh().await;
    let mut batch = events(1);
    batch[0].payload = br#"{"password": "hunter2", "amount": 1e}"#.to_vec();
    let error = store.append(Append::new(&stream("a"), Revision::EMPTY, &batch)).await.expect_err("no JSON");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn nul_and_size_are_refused_before_anything_is_sent() {
    let (database, _) = fresh().await;
    let limits = Limits::default().payload_bytes(100);
    let store = database.options().limits(limits).connect().await.expect("a store");
    let with = |payload: Vec<u8>| -> Vec<NewEvent> {
        let mut batch = events(1);
        batch[0].payload = payload;
        batch
    };
    let stream = stream("a");
    let nul = with(br#"{"a":"\u0000"}"#.to_vec());
    let refused = store.append(Append::new(&stream, Revision::EMPTY, &nul)).await;
    assert!(matches!(refused, Err(StoreError::NulCharacter { .. })), "{refused:?}");
    let large = with(format!("\"{}\"", "x".repeat(99)).into_bytes());
    let refused = store.append(Append::new(&stream, Revision::EMPTY, &large)).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { bytes: 101, limit: 100, .. })), "{refused:?}");
    let allowed = with(format!("\"{}\"", "x".repeat(98)).into_bytes());
    appended(store.append(Append::new(&stream, Revision::EMPTY, &allowed)).await.expect("an outcome"));
}

#[tokio::test]
async fn payloads_are_stored_byte_for_byte() {
    let (_database, store) = fresh().await;
    let stream = stream("a");
    let texts = [r#"{"b":1e2, "a":-0.0, "b":[ 1.10 ]}"#, "null", r#""\u00e9""#];
    let mut batch = events(texts.len());
    for (event, text) in batch.iter_mut().zip(texts) {
        event.payload = text.as_bytes().to_vec();
    }
    appended(store.append(Append::new(&stream, Revision::EMPTY, &batch)).await.expect("an outcome"));
    let mut read = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        read.push(String::from_utf8_lossy(event.payload).into_owned());
        Ok(())
    };
    store.read_stream(&stream, StreamRange::ALL, &mut take).await.expect("the events");
    assert_eq!(read, texts);
}
