//! Read connections. Each read is one statement, and so one consistent view of the file.

use std::sync::{Arc, Mutex};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::types::Types;
use crate::error::Failure;
use crate::latch::hold;
use crate::open::connect::{Opener, Use};

const ALL_READERS_BUSY: Failure = Failure::Waited(
    "`SqliteOptions::readers` calls were reading, and none of them ended within `busy_timeout`; raise \
     either, or read less at a time",
);

#[derive(Debug)]
pub(crate) struct Readers {
    pub(crate) opener: Arc<Opener>,
    places: Semaphore,
    /// The open connections. One that is locked is reading.
    connections: Mutex<Vec<Arc<Turns<SqliteConnection>>>>,
    types: Mutex<Types>,
}

/// A read connection. When it is dropped, another call can use it: a read that was dropped leaves nothing
/// behind, as a statement whose rows nobody reads is reset, and no transaction is open.
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
        let _place = place.map_err(|_| ALL_READERS_BUSY)?.map_err(|_| Failure::Closed)?;
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

    /// The event types of the file, which seldom change.
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

    /// Starts no more reads; returns once the last one has ended or the timeout has passed, as it may not be
    /// polled any more.
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
