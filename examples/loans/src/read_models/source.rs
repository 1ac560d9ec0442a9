//! Where the figures of the read models are read.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use es_sqlite::SqliteStore;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::figures::{Figures, FiguresError};
use super::files::Files;
use super::recount::{Recount, recount};

/// Any number of readers share so many connections to a server.
const CONNECTIONS: u32 = 2;

/// How long a reader waits for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the figures are read.
#[derive(Debug, Clone)]
pub(super) enum FiguresSource {
    /// In tables beside the events.
    Database(PgPool),
    /// In files beside that of the events.
    Files(Box<Files>),
}

impl FiguresSource {
    pub(super) fn database(url: &str) -> Result<Self, FiguresError> {
        let options = PgConnectOptions::from_str(url)?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        Ok(Self::Database(pool.connect_lazy_with(options)))
    }

    pub(super) fn files(store: &SqliteStore, path: &Path) -> Self {
        Self::Files(Box::new(Files::beside(store, path)))
    }

    pub(super) async fn figures(&self) -> Result<Figures, FiguresError> {
        match self {
            Self::Database(pool) => Figures::read(&mut *pool.acquire().await?).await,
            Self::Files(files) => Figures::read(&mut files.open().await?).await,
        }
    }

    pub(super) async fn recount(&self) -> Result<Recount, FiguresError> {
        match self {
            Self::Database(pool) => recount(&mut *pool.acquire().await?).await,
            Self::Files(files) => recount(&mut files.open().await?).await,
        }
    }
}
