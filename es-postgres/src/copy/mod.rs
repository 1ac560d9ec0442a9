//! Copying a store: export and import.

mod export;
mod import;

use async_trait::async_trait;
use es_core::record::RawEvent;
use es_core::store::{ExportStore, ImportStore, StoredCommand, StoredNames};
use es_core::{StoreError, StreamId};

use crate::store::PostgresStore;

#[async_trait]
impl ExportStore for PostgresStore {
    async fn export_names(&self) -> Result<StoredNames, StoreError> {
        export::names(&self.parts().pool).await
    }

    async fn export_commands(
        &self,
        after: Option<&StoredCommand>,
        limit: usize,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        export::commands(&self.parts().pool, after, limit).await
    }

    async fn export_closed(
        &self,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        export::closed(&self.parts().pool, after, limit).await
    }
}

/// Only the owner of the schema may do this: no other role may set the times of events.
#[async_trait]
impl ImportStore for PostgresStore {
    async fn import_names(&self, names: &StoredNames) -> Result<(), StoreError> {
        self.parts().pool.writes()?;
        import::names(&self.parts().pool, names).await
    }

    async fn import_events(&self, events: &[RawEvent<'_>]) -> Result<(), StoreError> {
        self.parts().pool.writes()?;
        import::events(&self.parts().pool, events).await?;
        self.parts().wake.appended();
        Ok(())
    }

    async fn import_commands(&self, commands: &[StoredCommand]) -> Result<(), StoreError> {
        self.parts().pool.writes()?;
        import::commands(&self.parts().pool, commands).await
    }

    async fn import_closed(&self, streams: &[StreamId]) -> Result<(), StoreError> {
        self.parts().pool.writes()?;
        import::closed(&self.parts().pool, streams).await
    }
}
