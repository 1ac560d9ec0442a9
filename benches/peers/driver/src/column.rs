//! The operations of a column in the tables of results.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Command, Result};

/// Why a command failed.
#[derive(Debug)]
pub enum Failed {
    /// Another writer was faster; the caller retries at once.
    Conflict,
    Other(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Other(Box::new(error))
    }
}

/// One library, or the floor, with a database of its own.
///
/// The defaults are for operations that a library does not have.
pub trait Column: Clone + Send + Sync + 'static {
    const NAME: &'static str;

    /// A stream that is appended to: its id, and its last known version.
    type Stream: Send + 'static;

    /// Opens the store with at most this many connections.
    fn connect(url: &str, connections: u32) -> impl Future<Output = Result<Self>> + Send;

    /// Creates the tables in an empty database.
    fn setup(&self) -> impl Future<Output = Result<()>> + Send;

    /// A new stream, without events.
    fn stream(&self) -> Self::Stream;

    /// The id by which the other calls find the stream.
    fn id(stream: &Self::Stream) -> String;

    /// An id for a new stream that a command creates.
    fn new_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    /// Appends `n` deposits in one commit with the cheapest public call that checks the version, without a
    /// load.
    fn append(
        &self,
        stream: &mut Self::Stream,
        first: i64,
        n: usize,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Loads, decides and appends, as in the library's README.
    fn command(&self, id: &str, command: Command) -> impl Future<Output = Result<(), Failed>> + Send;

    /// The same with another method of the library, such as its own lock; `None` if it has none.
    fn command_locked(
        &self,
        _id: &str,
        _command: Command,
    ) -> impl Future<Output = Option<Result<(), Failed>>> + Send {
        async { None }
    }

    /// Opens a new account with a command, and returns its id.
    fn open(&self) -> impl Future<Output = Result<String, Failed>> + Send {
        async move {
            let id = self.new_id();
            self.command(&id, Command::Open).await?;
            Ok(id)
        }
    }

    /// Folds a stream, and returns how many events were applied to the state.
    fn load(&self, id: &str) -> impl Future<Output = Result<u64>> + Send;

    /// Creates a stream of `n` events with a snapshot at the last full hundred; `None` if the library has no
    /// snapshots.
    fn snapshot_build(&self, _n: usize) -> impl Future<Output = Result<Option<String>>> + Send {
        async { Ok(None) }
    }

    /// Like [`load`](Self::load), starting from the snapshot.
    fn snapshot_load(&self, _id: &str) -> impl Future<Output = Result<u64>> + Send {
        async { Ok(0) }
    }

    /// Removes what an earlier catch-up has stored, before the measurement starts.
    fn before_catch_up(&self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Reads all events in the store's order through a projection that does nothing, and counts them.
    fn catch_up(&self, _expected: u64) -> impl Future<Output = Result<Option<u64>>> + Send {
        async { Ok(None) }
    }

    /// Runs a subscription until it is stopped; `false` if the library has none.
    fn subscribe(&self, _seen: Arc<Seen>) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(false) }
    }

    /// A workload that only this column has; returns its figures.
    fn extra(&self, what: &str) -> impl Future<Output = Result<Vec<(&'static str, f64)>>> + Send {
        let refused = format!("{} has no workload {what}", Self::NAME);
        async move { Err(refused.into()) }
    }
}

/// What a subscription has received, by the amounts of the deposits, which are unique.
#[derive(Default)]
pub struct Seen {
    amounts: Mutex<HashMap<i64, u32>>,
    count: AtomicU64,
    stopped: AtomicBool,
}

impl Seen {
    pub fn see(&self, amount: i64) {
        let mut amounts = self.amounts.lock().unwrap_or_else(PoisonError::into_inner);
        *amounts.entry(amount).or_insert(0) += 1;
        self.count.fetch_add(1, Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// How often each amount was received.
    pub(crate) fn amounts(&self) -> HashMap<i64, u32> {
        self.amounts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
