//! Opening a store.

use uuid::Uuid;

use crate::connect::error::ConnectError;
use crate::connect::hosts::Hosts;
use crate::connect::migrate;
use crate::connect::pool::Pool;
use crate::connect::session_attrs::Access;
use crate::connect::settings::{Settings, is_schema_name};
use crate::options::PostgresOptions;
use crate::store::PostgresStore;

impl PostgresOptions {
    /// Opens the store. Its tables must exist.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn connect(self) -> Result<PostgresStore, ConnectError> {
        let pool = Pool::open(self.check()?).await?;
        Ok(PostgresStore::new(pool))
    }

    /// Creates or migrates the tables, then opens the store. Any number of programs can do so at once: one
    /// migrates, and the others wait for as long as that takes.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn migrate(self) -> Result<PostgresStore, ConnectError> {
        if self.read_only {
            return Err(ConnectError::OnlyReads);
        }
        let settings = self.check()?;
        migrate::run(&settings).await?;
        Ok(PostgresStore::new(Pool::open(settings).await?))
    }

    fn check(self) -> Result<Settings, ConnectError> {
        let server = Hosts::parse(&self.url)?;
        let direct = self.direct.as_deref().map(Hosts::parse).transpose()?;
        server.check(if self.read_only { Access::Read } else { Access::Write })?;
        direct.as_ref().map_or(Ok(()), |direct| direct.check(Access::Write))?;
        if !is_schema_name(&self.schema) {
            return Err(ConnectError::InvalidSchemaName { name: self.schema });
        }
        let Self { schema, connections, limits, pooler, patience, notify, .. } = self;
        let Self { append_lock_timeout, longest_lock_wait, longest_connection_wait, .. } = self;
        let Self { idle_timeout, shared_page_bytes, waiting_bytes, .. } = self;
        let Self { answer_within, gone_after, read_only, .. } = self;
        Ok(Settings {
            server,
            schema,
            connections,
            limits,
            pooler,
            patience,
            append_lock_timeout,
            longest_lock_wait,
            longest_connection_wait,
            idle_timeout,
            shared_page_bytes,
            waiting_bytes,
            answer_within,
            gone_after,
            notify,
            direct,
            read_only,
            token: Uuid::now_v7().simple().to_string(),
        })
    }
}

impl PostgresStore {
    /// Opens a store whose tables exist.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::options(url).connect().await
    }

    /// Creates or migrates the tables, then opens the store. Any number of programs can do so at once.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn migrate(url: &str) -> Result<Self, ConnectError> {
        Self::options(url).migrate().await
    }

    /// Opens a store for reading only, on a standby or on the primary.
    ///
    /// It loads current and earlier states, reads streams and the whole store, lists, finds, and follows with
    /// catch-up subscriptions. On a standby all of that is as old as what the standby has replayed.
    /// Subscriptions there poll, and never pass a position at which an event may still appear; one whose
    /// checkpoint the standby has not reached yet waits for it.
    ///
    /// Writes fail with [`StoreError::ReadOnly`](es_core::StoreError::ReadOnly). The repository saves no
    /// snapshots.
    ///
    /// ```no_run
    /// # async fn report() -> Result<(), Box<dyn std::error::Error>> {
    /// use es_postgres::PostgresStore;
    ///
    /// let url = "postgres://standby,primary/shop?target_session_attrs=prefer-standby";
    /// let store = PostgresStore::read_only(url).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong and what to do.
    pub async fn read_only(url: &str) -> Result<Self, ConnectError> {
        Self::options(url).read_only().connect().await
    }

    /// Options for everything besides the URL: schema, number of connections, limits, timeouts.
    pub fn options(url: &str) -> PostgresOptions {
        PostgresOptions::new(url)
    }
}
