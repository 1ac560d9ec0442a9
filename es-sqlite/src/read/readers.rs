//! The connections that read. Each read is one statement, and so one view of the file.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::error::Failure;
use crate::open::connect::{Opener, Use};

const CROWDED: Failure = Failure::Waited(
    "as many calls read as `SqliteOptions::readers` says, and for as long as `busy_timeout` none of them came \
     to its end",
);

#[derive(Debug)]
pub(crate) struct Readers {
    pub(crate) opener: Arc<Opener>,
    places: Semaphore,
    /// Those that were opened. One that is locked reads.
    connections: Mutex<Vec<Arc<Turns<SqliteConnection>>>>,
}

/// A connection that reads. When it is dropped, another call can have it: what a dropped read has left on it
/// comes to its end by itself, as a statement whose rows nobody takes is reset, and no transaction is open.
pub(crate) struct Reader<'a> {
    pub(crate) connection: OwnedMutexGuard<SqliteConnection>,
    _place: SemaphorePermit<'a>,
}

impl Readers {
    pub(crate) fn new(opener: Arc<Opener>) -> Self {
        let places = Semaphore::new(opener.options.readers as usize);
        Self { opener, places, connections: Mutex::default() }
    }

    pub(crate) async fn reader(&self) -> Result<Reader<'_>, Failure> {
        let place = timeout(self.opener.options.busy_timeout, self.places.acquire()).await;
        let _place = place.map_err(|_| CROWDED)?.map_err(|_| Failure::Closed)?;
        self.opener.check()?;
        if let Some(connection) = self.idle() {
            return Ok(Reader { connection, _place });
        }
        let connection = Arc::new(Turns::new(self.opener.connect(Use::Read).await?));
        self.connections().push(Arc::clone(&connection));
        Ok(Reader { connection: connection.lock_owned().await, _place })
    }

    fn idle(&self) -> Option<OwnedMutexGuard<SqliteConnection>> {
        self.connections().iter().find_map(|connection| Arc::clone(connection).try_lock_owned().ok())
    }

    /// No read begins any more; returns once the last one has come to its end.
    pub(crate) async fn close(&self) {
        let all = self.opener.options.readers;
        let ended = self.places.acquire_many(all).await;
        self.places.close();
        drop(ended);
        let connections = std::mem::take(&mut *self.connections());
        for connection in connections.into_iter().filter_map(Arc::into_inner) {
            drop(connection.into_inner().close().await);
        }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Turns<SqliteConnection>>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
