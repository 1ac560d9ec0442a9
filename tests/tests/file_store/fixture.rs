//! Events that the tests append and read back.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use es_core::record::{NewEvent, RawEvent};
use es_core::store::{Append, AppendOutcome, StreamRange};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StreamId};

use crate::log::OpenError;
use crate::store::FileStore;

pub(crate) fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a valid key")
}

pub(crate) fn events(numbers: &[u32]) -> Vec<NewEvent> {
    let metadata = Metadata::new().actor("clerk").occurred_at(OffsetDateTime::UNIX_EPOCH);
    let metadata = Arc::new(metadata.correlation_id(Uuid::from_u128(7)));
    let event =
        |number: &u32| NewEvent::new("account.noted", 1, number.to_string().into(), Arc::clone(&metadata));
    numbers.iter().map(event).collect()
}

pub(crate) async fn append(store: &FileStore, key: &str, expected: u64, numbers: &[u32]) {
    let (stream, events) = (stream(key), events(numbers));
    let outcome = store.append(Append::new(&stream, Revision::new(expected), &events)).await;
    assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))), "{outcome:?}");
}

pub(crate) async fn payloads(store: &FileStore, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        assert_eq!(event.occurred, Some(OffsetDateTime::UNIX_EPOCH));
        assert_eq!(event.metadata, Some(br#"{"actor":"clerk"}"#.as_slice()));
        found.push(String::from_utf8_lossy(event.payload).into_owned());
        Ok(())
    };
    store.read_stream(&stream(key), StreamRange::ALL, &mut take).await.expect("a read");
    found
}

/// Opens a file that was just closed. A program that another test starts at that moment has inherited the
/// lock on it, and keeps it until its own executable runs.
pub(crate) fn reopen(path: &Path) -> Result<FileStore, OpenError> {
    let begun = Instant::now();
    loop {
        match FileStore::open(path) {
            Err(OpenError::InUse { .. }) if begun.elapsed() < Duration::from_secs(60) => thread::yield_now(),
            opened => return opened,
        }
    }
}
