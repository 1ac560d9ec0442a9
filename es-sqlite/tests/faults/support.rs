//! A folder for each test, events that contain what was written, and the contents of a file.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use es_core::record::NewEvent;
use es_core::store::{AllQuery, Append, AppendOutcome, Checkpoint, Filter, Load, ReadAll, Rest, StreamRange};
use es_core::{EventStore, Metadata, Revision, StoreError, StreamId};
use es_sqlite::{SqliteStore, SqliteTransaction};
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

/// Removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("es-sqlite-faults-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("bank.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn stream(key: impl ToString + Copy) -> StreamId {
    StreamId::new("account", key.to_string()).expect("a stream")
}

pub(crate) fn noted(text: &str) -> NewEvent {
    let payload = serde_json::to_vec(text).expect("JSON");
    NewEvent::new("account.noted", 1, payload, Arc::new(Metadata::new()))
}

/// Appends one event.
pub(crate) async fn append(
    store: &SqliteStore,
    key: impl ToString + Copy,
    expected: u64,
    text: &str,
) -> Result<AppendOutcome, StoreError> {
    store.append(Append::new(&stream(key), Revision::new(expected), &[noted(text)])).await
}

/// How many times a store with a short `busy_timeout` is asked: a machine under load may not begin anything
/// in that time, and what has not begun is never executed.
const ATTEMPTS: usize = 100;

/// The same, and asserts that it succeeds.
pub(crate) async fn written(store: &SqliteStore, key: impl ToString + Copy, expected: u64, text: &str) {
    for _ in 0..ATTEMPTS {
        match append(store, key, expected, text).await {
            Ok(AppendOutcome::Appended(_)) => return,
            Err(StoreError::Unavailable { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("nothing is written");
}

/// A transaction.
pub(crate) async fn begun(store: &SqliteStore) -> SqliteTransaction {
    for _ in 0..ATTEMPTS {
        match store.begin().await {
            Ok(transaction) => return transaction,
            Err(StoreError::Unavailable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("nothing is begun");
}

/// The payloads of a stream.
pub(crate) async fn payloads(store: &SqliteStore, key: impl ToString + Copy) -> Vec<String> {
    let mut found = Vec::new();
    let mut take = |raw: es_core::record::RawEvent<'_>| {
        found.push(serde_json::from_slice(raw.payload).expect("a text"));
        Ok(())
    };
    store.read_stream(&stream(key), StreamRange::ALL, &mut take).await.expect("a read");
    found
}

/// The payloads of all events, in the order of their positions.
pub(crate) async fn all(store: &SqliteStore) -> Vec<String> {
    let (mut found, filter, mut after) = (Vec::new(), Filter::new(), Checkpoint::START);
    loop {
        let mut take = |raw: es_core::record::RawEvent<'_>| {
            found.push(serde_json::from_slice(raw.payload).expect("a text"));
            Ok(())
        };
        let page = store.read_all(AllQuery::after(after, &filter), &mut take).await.expect("a page");
        after = page.checkpoint;
        if page.rest == Rest::Nothing {
            return found;
        }
    }
}

/// The revision of a stream.
pub(crate) async fn revision(store: &SqliteStore, key: impl ToString + Copy) -> u64 {
    let head = store.load(Load::all(&stream(key)), &mut |_| Ok(())).await.expect("a load");
    head.revision.get()
}

/// A connection like that of another program.
pub(crate) async fn another_program(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("a connection")
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let all = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A write that waits in the queue of its store: after the first poll it is queued.
pub(crate) struct Queued<'a, T>(Pin<Box<dyn Future<Output = T> + Send + 'a>>);

impl<'a, T> Queued<'a, T> {
    pub(crate) fn new(write: impl Future<Output = T> + Send + 'a) -> Self {
        let mut write: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(write);
        assert!(
            write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(),
            "it does not wait"
        );
        Self(write)
    }

    pub(crate) async fn outcome(self) -> T {
        self.0.await
    }
}
