//! Applying a program's registrations and renames to a database.

use std::sync::Arc;

use es_core::StoreError;
use sqlx::PgConnection;

use crate::connect::failure::CallError;
use crate::connect::names::{self, Declaration, Known};
use crate::connect::pool::Pool;

impl Pool {
    /// Applies a registration or rename to the database, and again on later connections, whose database may
    /// lack it.
    pub(crate) async fn declare(&self, declaration: Declaration) -> Result<(), StoreError> {
        if self.settings.read_only {
            return self.require_applied(&declaration).await;
        }
        if !self.names.known().has(&declaration) {
            self.apply(&declaration).await?;
        }
        self.names.remember(declaration);
        Ok(())
    }

    /// Applies it on an idle session, or else on a new one, without waiting for a pooled session: they may
    /// all be waiting for a stream that the caller's transaction has locked.
    async fn apply(&self, declaration: &Declaration) -> Result<(), StoreError> {
        loop {
            let mut session = match self.take_idle() {
                Some(session) => session,
                None => self.connect().await?,
            };
            match self.apply_on(&mut session.connection, declaration).await {
                Ok(found) => {
                    self.names.learn(found);
                    self.keep_idle(session);
                    return Ok(());
                }
                Err(CallError::Refused(error)) => return Err(error),
                // The session was lost while idle. Applying it twice changes nothing.
                Err(CallError::Failed(failure)) if failure.ends_session() && session.used => {
                    self.invalidate_idle(&mut session);
                }
                Err(CallError::Failed(failure)) => return Err(failure.into()),
            }
        }
    }

    async fn apply_on(
        &self,
        connection: &mut PgConnection,
        declaration: &Declaration,
    ) -> Result<Known, CallError> {
        self.begin(connection).await?;
        let found = self.settings.answered(names::apply(connection, &self.statements, declaration)).await;
        if !matches!(found, Err(CallError::Failed(_))) {
            self.commit(connection).await?;
        }
        found
    }

    /// Applies this program's registrations and renames to the database behind a connection, and returns its
    /// names. A read-only store applies none.
    pub(crate) async fn agree(&self, connection: &mut PgConnection) -> Result<Arc<Known>, CallError> {
        match self.settings.read_only {
            true => Ok(self.names.refresh(connection, &self.statements).await?),
            false => self.names.agree(connection, &self.statements).await,
        }
    }

    /// Fails unless another program has applied the same to the database.
    async fn require_applied(&self, declaration: &Declaration) -> Result<(), StoreError> {
        if !self.names.known().has(declaration) {
            // Opening a connection reads the names.
            let _session = self.connect().await?;
        }
        match self.names.known().has(declaration) {
            true => Ok(()),
            false => Err(StoreError::ReadOnly),
        }
    }
}
