//! Connections that are held, or, with `FLOOR_POOL` set, sqlx's pool as every peer uses it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use driver::Result;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone)]
pub(crate) enum Connections {
    /// A statement is one round trip.
    Held(Arc<Held>),
    /// The pool pings the server when it lends a connection, and when it is returned.
    Pool(PgPool),
}

pub(crate) struct Held {
    free: Mutex<Vec<PgConnection>>,
    permits: Arc<Semaphore>,
}

/// One connection, returned when it is dropped.
pub(crate) enum Taken {
    /// The connection is there until it is dropped.
    Held {
        connection: Option<PgConnection>,
        held: Arc<Held>,
        _permit: OwnedSemaphorePermit,
    },
    Pool(PoolConnection<Postgres>),
}

impl Connections {
    pub(crate) async fn open(url: &str, count: u32) -> Result<Self> {
        if std::env::var_os("FLOOR_POOL").is_some() {
            return Ok(Self::Pool(PgPoolOptions::new().max_connections(count).connect(url).await?));
        }
        let options: PgConnectOptions = url.parse()?;
        let mut free = Vec::new();
        for _ in 0..count {
            free.push(PgConnection::connect_with(&options).await?);
        }
        let permits = Arc::new(Semaphore::new(free.len()));
        Ok(Self::Held(Arc::new(Held { free: Mutex::new(free), permits })))
    }

    /// Waits for a free connection.
    pub(crate) async fn take(&self) -> Result<Taken, sqlx::Error> {
        match self {
            Self::Pool(pool) => Ok(Taken::Pool(pool.acquire().await?)),
            Self::Held(held) => {
                let permit = Arc::clone(&held.permits).acquire_owned().await;
                let _permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
                let connection = held.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
                Ok(Taken::Held { connection, held: Arc::clone(held), _permit })
            }
        }
    }
}

const THERE: &str = "a connection is there until it is dropped";

impl Deref for Taken {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Held { connection, .. } => connection.as_ref().expect(THERE),
            Self::Pool(connection) => connection,
        }
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Held { connection, .. } => connection.as_mut().expect(THERE),
            Self::Pool(connection) => connection,
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Self::Held { connection, held, .. } = self {
            held.free.lock().unwrap_or_else(PoisonError::into_inner).extend(connection.take());
        }
    }
}
