//! The connections that read. Each read is one statement, and so one view of the file.

use std::sync::{Arc, Mutex};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::types::Types;
use crate::error::Failure;
use crate::latch::hold;
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
    types: Mutex<Types>,
}

/// A connection that reads. When it is dropped, another call can have it: what a dropped read has left on it
/// comes to its end by itself, as a statement whose rows nobody takes is reset, and no transaction is open.
pub(crate) struct Reader<'a> {
    pub(crate) connection: OwnedMutexGuard<SqliteConnection>,
    pub(crate) types: Types,
    _place: SemaphorePermit<'a>,
}

impl Readers {
    pub(crate) fn new(opener: Arc<Opener>) -> Self {
        let places = Semaphore::new(opener.options.readers as usize);
        Self { opener, places, connections: Mutex::default(), types: Mutex::default() }
    }

    pub(crate) async fn reader(&self) -> Result<Reader<'_>, Failure> {
        let place = timeout(self.opener.options.busy_timeout, self.places.acquire()).await;
        let _place = place.map_err(|_| CROWDED)?.map_err(|_| Failure::Closed)?;
        self.opener.check()?;
        let mut connection = match self.idle() {
            Some(connection) => connection,
            None => {
                let connection = Arc::new(Turns::new(self.opener.connect(Use::Read).await?));
                self.connections().push(Arc::clone(&connection));
                connection.lock_owned().await
            }
        };
        let types = self.types(&mut connection).await?;
        Ok(Reader { connection, types, _place })
    }

    /// The types of the file, which change seldom.
    async fn types(&self, connection: &mut SqliteConnection) -> Result<Types, Failure> {
        let known = hold(&self.types).clone();
        if !known.are_lacking() {
            return Ok(known);
        }
        let found = Types::read(connection).await?;
        *hold(&self.types) = found.clone();
        Ok(found)
    }

    fn idle(&self) -> Option<OwnedMutexGuard<SqliteConnection>> {
        self.connections().iter().find_map(|connection| Arc::clone(connection).try_lock_owned().ok())
    }

    /// No read begins any more; returns once the last one has come to its end, or was waited for long enough:
    /// nobody may poll it.
    pub(crate) async fn close(&self) {
        let all = self.opener.options.readers;
        let ended = timeout(self.opener.options.busy_timeout, self.places.acquire_many(all)).await;
        self.places.close();
        drop(ended);
        let connections = std::mem::take(&mut *self.connections());
        for connection in connections.into_iter().filter_map(Arc::into_inner) {
            drop(connection.into_inner().close().await);
        }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Turns<SqliteConnection>>>> {
        hold(&self.connections)
    }
}
