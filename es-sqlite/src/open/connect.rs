//! Connections to one file, and the check that it is still that file.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};

use super::files::Identity;
use super::options::{Durability, SqliteOptions};
use crate::error::Failure;
use crate::sql;

/// What a connection is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Write,
    Read,
}

/// Opens connections to the file of a store.
#[derive(Debug)]
pub(crate) struct Opener {
    pub(crate) options: SqliteOptions,
    pub(crate) path: PathBuf,
    /// Set once the file has been opened.
    file: OnceLock<(Identity, Vec<u8>)>,
}

impl Opener {
    pub(crate) const fn new(options: SqliteOptions, path: PathBuf) -> Self {
        Self { options, path, file: OnceLock::new() }
    }

    /// A connection to the file at the path, whichever file that is.
    pub(crate) async fn raw(&self, of: Use) -> Result<SqliteConnection, sqlx::Error> {
        let options = &self.options;
        let synchronous = match options.durability {
            _ if options.temporary => SqliteSynchronous::Off,
            Durability::Full => SqliteSynchronous::Full,
            Durability::Process => SqliteSynchronous::Normal,
        };
        let cache = format!("-{}", options.cache_bytes >> 10);
        SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(options.read_only)
            .create_if_missing(!options.read_only)
            .busy_timeout(options.busy_timeout)
            .synchronous(synchronous)
            .pragma("cache_size", cache)
            // A REPLACE deletes rows, and triggers must see it.
            .pragma("recursive_triggers", "ON")
            // Where the system has a stronger sync than `fsync`, use it.
            .pragma("fullfsync", if options.durability == Durability::Full { "ON" } else { "OFF" })
            // Rows are inserted by a separate statement for each number of rows.
            .statement_cache_capacity(256)
            .row_buffer_size(if of == Use::Read { 256 } else { 50 })
            .disable_statement_logging()
            .connect()
            .await
    }

    /// Makes the file at the path now the store's file.
    pub(crate) async fn bind(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let identity = self.identity()?;
        let token = token(connection).await?;
        self.file.set((identity, token)).map_err(|_| Failure::damaged("a store that was opened twice"))
    }

    /// A connection to the store's file.
    pub(crate) async fn connect(&self, of: Use) -> Result<SqliteConnection, Failure> {
        self.check()?;
        let mut connection = self.raw(of).await?;
        self.check_token(&mut connection).await?;
        // A file opened in between could be a different one with the same token.
        self.check()?;
        Ok(connection)
    }

    /// Fails if the path leads to a different file than the one that was opened.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.file.get() {
            Some((identity, _)) if self.identity()? != *identity => Err(self.replaced()),
            _ => Ok(()),
        }
    }

    /// Fails if the connection is to a different file.
    pub(crate) async fn check_token(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let found = token(connection).await?;
        match self.file.get() {
            Some((_, token)) if found != *token => Err(self.replaced()),
            _ => Ok(()),
        }
    }

    fn identity(&self) -> Result<Identity, Failure> {
        Identity::of(&self.path).map_err(|_| self.replaced())
    }

    fn replaced(&self) -> Failure {
        Failure::Replaced(Arc::from(self.path.to_string_lossy()))
    }
}

async fn token(connection: &mut SqliteConnection) -> Result<Vec<u8>, Failure> {
    Ok(sqlx::query_scalar(sql::TOKEN).fetch_one(connection).await?)
}
