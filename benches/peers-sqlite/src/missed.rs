//! What makes a caller try again.

use evento::WriteError;

/// How often callers had to try again.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Missed {
    /// Another writer had appended to the stream.
    conflicts: u64,
    /// "database is locked".
    locked: u64,
}

impl Missed {
    /// Counts a failed attempt that met a conflict or a lock: the caller tries again at once, after `None`.
    pub(crate) fn take<T>(&mut self, done: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        match done {
            Err(error) if is_conflict(&error) => self.conflicts += 1,
            Err(error) if is_locked(&error) => self.locked += 1,
            done => return done.map(Some),
        }
        Ok(None)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.conflicts += other.conflicts;
        self.locked += other.locked;
    }
}

impl std::fmt::Display for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} conflicts, {} times locked", self.conflicts, self.locked)
    }
}

fn is_conflict(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(WriteError::InvalidOriginalVersion))
}

/// `SQLITE_BUSY`, whatever its extended code.
fn is_locked(error: &anyhow::Error) -> bool {
    if let Some(WriteError::Unknown(inner)) = error.downcast_ref() {
        return is_locked(inner);
    }
    let database = error.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    let code = database.and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}
