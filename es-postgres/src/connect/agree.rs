//! What a program says of names, made so in each database that it is connected to.

use std::sync::{Arc, PoisonError};

use es_core::StoreError;
use sqlx::PgConnection;

use crate::connect::failure::Failure;
use crate::connect::names::{self, Known, Said};
use crate::connect::pool::Pool;

impl Pool {
    /// Reads the names of a database, once it holds what the program says of them.
    pub(crate) async fn agree(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Result<Arc<Known>, StoreError>, Failure> {
        let mut found = names::read(connection, &self.statements).await?;
        if self.settings.read_only {
            return Ok(Ok(self.names.learn(found)));
        }
        for said in self.said() {
            if found.has(&said) {
                continue;
            }
            found = match names::say(connection, &self.statements, &said).await? {
                Ok(known) => known,
                Err(error) => return Ok(Err(error)),
            };
        }
        Ok(Ok(self.names.learn(found)))
    }

    fn said(&self) -> Vec<Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether this program has registered an event, under its present name or a former one.
    pub(crate) fn has_registered(&self, name: &str, version: u32) -> bool {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().any(|said| said.names_event(name, version))
    }

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
        let mut all = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&said) {
            all.push(said);
        }
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
