//! Telling a database what a program says of names.

use es_core::StoreError;
use sqlx::PgConnection;

use crate::connect::failure::Failure;
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
                    self.names.learn(found?);
                    self.keep_idle(session);
                    return Ok(());
                }
                // It idled while the server went away. To say it twice changes nothing.
                Err(failure) if failure.ends_session() && session.used => self.distrust(&mut session),
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    async fn tell_on(
        &self,
        connection: &mut PgConnection,
        said: &Said,
    ) -> Result<Result<Known, StoreError>, Failure> {
        self.begin(connection).await?;
        let found = self.settings.answered(names::say(connection, &self.statements, said)).await?;
        self.commit(connection).await?;
        Ok(found)
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
