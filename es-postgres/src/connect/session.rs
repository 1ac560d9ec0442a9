//! One connection, which was checked.

use std::any::Any;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection, raw_sql};

use crate::connect::check::Backend;
use crate::connect::settings::{Settings, milliseconds};
use crate::metrics::Counted;

/// One connection, checked.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: PgConnection,
    pub(crate) backend: Backend,
    /// Whether an earlier call has used it.
    pub(crate) used: bool,
    /// From when on it was surely connected.
    pub(crate) opened: Instant,
    pub(crate) notes: Notes,
    /// How long its statements wait for a lock.
    pub(crate) lock_timeout: Duration,
    /// That of the pool when it was opened.
    pub(crate) generation: u64,
    pub(crate) counted: Counted,
}

/// What those who read over a session have noted of its server, and the session itself knows nothing of.
#[derive(Debug, Default)]
pub(crate) struct Notes(Option<Box<dyn Any + Send + Sync>>);

impl Notes {
    /// Takes them out; empty ones where there are none of this kind. Notes that are not put back are lost, as
    /// those of a call that failed are to be.
    pub(crate) fn take<T: Any + Default>(&mut self) -> Box<T> {
        self.0.take().and_then(|notes| notes.downcast().ok()).unwrap_or_default()
    }

    pub(crate) fn put<T: Any + Send + Sync>(&mut self, notes: Box<T>) {
        self.0 = Some(notes);
    }

    pub(crate) fn look<T: Any>(&self) -> Option<&T> {
        self.0.as_deref()?.downcast_ref()
    }
}

impl Session {
    /// The statement that says how long its statements wait for a lock.
    pub(crate) fn lock_timeout(&self) -> String {
        set_waiting("SESSION", self.lock_timeout)
    }

    /// Begins a transaction, if a pooler needs one.
    pub(crate) async fn begin(&mut self, settings: &Settings) -> Result<(), sqlx::Error> {
        if settings.pooler {
            let begin = raw_sql(AssertSqlSafe(begin_waiting(self.lock_timeout)));
            settings.answered(begin.execute(&mut self.connection)).await?;
        }
        Ok(())
    }
}

fn begin_waiting(lock_timeout: Duration) -> String {
    format!("BEGIN; {}", set_waiting("LOCAL", lock_timeout))
}

/// A statement that says how long later ones wait for a lock.
pub(crate) fn set_waiting(scope: &str, lock_timeout: Duration) -> String {
    format!("SET {scope} lock_timeout = {}", milliseconds(lock_timeout))
}
