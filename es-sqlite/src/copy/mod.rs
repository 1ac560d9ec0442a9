//! Copying a store: exporting from its file, and importing into it.

mod export;
mod import;
mod names;

use async_trait::async_trait;
use es_core::record::RawEvent;
use es_core::store::{ExportStore, ImportStore, StoredCommand, StoredNames};
use es_core::{StoreError, StreamId};

use crate::error::Failure;
use crate::store::SqliteStore;

#[async_trait]
impl ExportStore for SqliteStore {
    async fn export_names(&self) -> Result<StoredNames, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        Ok(names::read(&mut reader.connection).await?)
    }

    async fn export_commands(
        &self,
        after: Option<&StoredCommand>,
        limit: usize,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        export::commands(&mut reader.connection, after, limit).await
    }

    async fn export_closed(
        &self,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        let mut reader = self.parts.readers.reader().await?;
        export::closed(&mut reader.connection, after, limit).await
    }
}

#[async_trait]
impl ImportStore for SqliteStore {
    async fn import_names(&self, names: &StoredNames) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        names::write(&mut transaction, names).await?;
        Ok(transaction.commit().await.map_err(Failure::from)?)
    }

    async fn import_events(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        import::events(&mut transaction, events).await?;
        Ok(transaction.commit().await.map_err(Failure::from)?)
    }

    async fn import_commands(&self, commands: &[StoredCommand]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        import::commands(&mut transaction, commands).await?;
        Ok(transaction.commit().await.map_err(Failure::from)?)
    }

    async fn import_closed(&self, streams: &[StreamId]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        import::closed(&mut transaction, streams).await?;
        Ok(transaction.commit().await.map_err(Failure::from)?)
    }
}
