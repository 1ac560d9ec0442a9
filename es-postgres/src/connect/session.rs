//! Sessions: checked connections.

use std::any::Any;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection, raw_sql};

use crate::connect::check::Backend;
use crate::connect::settings::{Settings, milliseconds};
use crate::metrics::Counted;

/// A connection that has passed all checks.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: PgConnection,
    pub(crate) backend: Backend,
    /// Whether an earlier call has used it.
    pub(crate) used: bool,
    /// A time at which it was certainly connected.
    pub(crate) opened: Instant,
    pub(crate) notes: Notes,
    /// The `lock_timeout` of its statements.
    pub(crate) lock_timeout: Duration,
    /// The pool's generation when it was opened.
    pub(crate) generation: u64,
    pub(crate) counted: Counted,
}

/// State that readers keep for the server of a session; its type is theirs.
#[derive(Debug, Default)]
pub(crate) struct Notes(Option<Box<dyn Any + Send + Sync>>);

impl Notes {
    /// Takes the notes, or empty ones if there are none of this type. Notes that are not put back are lost,
    /// as intended for a failed call.
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
    /// The statement that sets its `lock_timeout`.
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

/// A statement that sets `lock_timeout`.
pub(crate) fn set_waiting(scope: &str, lock_timeout: Duration) -> String {
    format!("SET {scope} lock_timeout = {}", milliseconds(lock_timeout))
}
