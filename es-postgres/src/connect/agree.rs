//! Telling a database what a program says of names.

use es_core::StoreError;

use crate::connect::failure::Failure;
use crate::connect::names::{self, Said};
use crate::connect::pool::Pool;

impl Pool {
    /// Makes the database hold what the program says, and sees to it that later connections find it so too.
    pub(crate) async fn say(&self, said: Said) -> Result<(), StoreError> {
        if self.settings.read_only {
            return self.has_been(&said).await;
        }
        if !self.names.known().has(&said) {
            // Not on a connection of the pool: they may all be waiting for a stream that the caller's
            // transaction has locked.
            let mut session = self.connect().await?;
            let connection = &mut session.connection;
            self.begin(connection).await.map_err(Failure::from)?;
            let found = self.settings.answered(names::say(connection, &self.statements, &said)).await??;
            self.commit(connection).await.map_err(Failure::from)?;
            self.names.learn(found);
        }
        self.names.keep_said(said);
        Ok(())
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
