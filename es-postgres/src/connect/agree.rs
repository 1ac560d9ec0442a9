//! Telling a database what a program says of names.

use std::sync::Arc;

use es_core::StoreError;
use sqlx::PgConnection;

use crate::connect::failure::CallError;
use crate::connect::names::{self, Known, Said};
use crate::connect::pool::Pool;

impl Pool {
    /// Makes the database hold what the program says, and sees to it that later connections find it so too.
    pub(crate) async fn say(&self, said: Said) -> Result<(), StoreError> {
        if self.settings.read_only {
            return self.has_been(&said).await;
        }
        if !self.names.known().has(&said) {
            self.tell(&said).await?;
        }
        self.names.keep_said(said);
        Ok(())
    }

    /// Tells the database, on a session that idles, or else on a new one: no other one is waited for, as they
    /// may all be waiting for a stream that the caller's transaction has locked.
    async fn tell(&self, said: &Said) -> Result<(), StoreError> {
        loop {
            let mut session = match self.take_idle() {
                Some(session) => session,
                None => self.connect().await?,
            };
            match self.tell_on(&mut session.connection, said).await {
                Ok(found) => {
                    self.names.learn(found);
                    self.keep_idle(session);
                    return Ok(());
                }
                Err(CallError::Refused(error)) => return Err(error),
                // It idled while the server went away. To say it twice changes nothing.
                Err(CallError::Failed(failure)) if failure.ends_session() && session.used => {
                    self.invalidate_idle(&mut session);
                }
                Err(CallError::Failed(failure)) => return Err(failure.into()),
            }
        }
    }

    async fn tell_on(&self, connection: &mut PgConnection, said: &Said) -> Result<Known, CallError> {
        self.begin(connection).await?;
        let found = self.settings.answered(names::say(connection, &self.statements, said)).await;
        if !matches!(found, Err(CallError::Failed(_))) {
            self.commit(connection).await?;
        }
        found
    }

    /// The names of the database behind a connection, once it holds what this program says of them. A store
    /// that only reads says nothing.
    pub(crate) async fn agree(&self, connection: &mut PgConnection) -> Result<Arc<Known>, CallError> {
        match self.settings.read_only {
            true => Ok(self.names.refresh(connection, &self.statements).await?),
            false => self.names.agree(connection, &self.statements).await,
        }
    }

    /// Refuses where nobody else has said the same to the database.
    async fn has_been(&self, said: &Said) -> Result<(), StoreError> {
        if !self.names.known().has(said) {
            // Which reads the names.
            let _session = self.connect().await?;
        }
        match self.names.known().has(said) {
            true => Ok(()),
            false => Err(StoreError::ReadOnly),
        }
    }
}
