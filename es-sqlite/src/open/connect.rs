//! Connections to one file, and the proof that it is still that file.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};

use super::files::Identity;
use super::options::{Durability, SqliteOptions};
use crate::error::Failure;
use crate::sql;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Write,
    Read,
}

/// Opens connections to the file that a store was opened with.
#[derive(Debug)]
pub(crate) struct Opener {
    pub(crate) options: SqliteOptions,
    pub(crate) path: PathBuf,
    /// Known once the file has been opened.
    file: OnceLock<(Identity, Vec<u8>)>,
}

impl Opener {
    pub(crate) const fn new(options: SqliteOptions, path: PathBuf) -> Self {
        Self { options, path, file: OnceLock::new() }
    }

    /// A connection to the file at the path, whichever it is.
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
            // A REPLACE deletes, and triggers are to see it.
            .pragma("recursive_triggers", "ON")
            // A system that has a stronger sync than `fsync` uses it.
            .pragma("fullfsync", if options.durability == Durability::Full { "ON" } else { "OFF" })
            // Rows are inserted by a statement for each number of them.
            .statement_cache_capacity(256)
            .row_buffer_size(if of == Use::Read { 256 } else { 50 })
            .disable_statement_logging()
            .connect()
            .await
    }

    /// Takes the file that the path leads to now for the store's.
    pub(crate) async fn bind(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let identity = self.identity()?;
        let token = token(connection).await?;
        self.file.set((identity, token)).map_err(|_| Failure::damaged("a store is opened once"))
    }

    /// A connection to the store's file.
    pub(crate) async fn connect(&self, of: Use) -> Result<SqliteConnection, Failure> {
        self.check()?;
        let mut connection = self.raw(of).await?;
        self.check_token(&mut connection).await?;
        // What is opened in between could be another file, of the same token.
        self.check()?;
        Ok(connection)
    }

    /// Refuses to go on if the path leads to another file than that which was opened.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.file.get() {
            Some((identity, _)) if self.identity()? != *identity => Err(self.replaced()),
            _ => Ok(()),
        }
    }

    /// Refuses a connection to another file.
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
