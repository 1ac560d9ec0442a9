//! Opening a file: who wrote it, where it is, and the tables in it.

pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod files;
mod migrate;
pub(crate) mod options;

use std::path::{Path, PathBuf};

use sqlx::SqliteConnection;

use self::connect::{Opener, Use};
use self::error::OpenError;
use self::files::Found;
use self::options::SqliteOptions;
use crate::error::{Failure, Meaning};
use crate::sql;

/// Opens the file, creating it if necessary, and migrates its tables. The connection is the writer's.
pub(crate) async fn open(options: SqliteOptions) -> Result<(Opener, SqliteConnection), OpenError> {
    let path = files::absolute(&options.path);
    if !options.allow_network_file_system
        && let Some(kind) = files::network(&path)
    {
        return Err(OpenError::NetworkFileSystem { path, kind });
    }
    let found = files::look(&path)?;
    if found == Found::Nothing && options.read_only {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::Folder { path, source });
    }
    let patience = options.busy_timeout;
    let opener = Opener::new(options, path.clone());
    let of_driver = |source| of_driver(&path, source);
    let mut connection = opener.raw(Use::Write).await.map_err(of_driver)?;
    if found == Found::Unmarked {
        refuse_others(&mut connection, &path).await?;
    }
    let version = migrate::version(&mut connection).await.map_err(of_driver)?;
    if version > migrate::LATEST {
        return Err(OpenError::Newer { path, found: version, known: migrate::LATEST });
    }
    if opener.options.read_only {
        if version < migrate::LATEST {
            return Err(OpenError::Older { path, found: version, known: migrate::LATEST });
        }
    } else {
        migrate::mark(&mut connection, patience).await.map_err(of_driver)?;
        if version < migrate::LATEST {
            migrate::migrate(&mut connection).await.map_err(of_driver)?;
        }
        files::sync_folder(&path).map_err(|source| OpenError::Folder { path: path.clone(), source })?;
    }
    migrate::check(&mut connection, &path).await?;
    opener.bind(&mut connection).await.map_err(|failure| of_failure(&path, failure))?;
    Ok((opener, connection))
}

/// A database without an application id is accepted if it is empty.
async fn refuse_others(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let tables: i64 = sqlx::query_scalar(sql::COUNT_OBJECTS)
        .fetch_one(&mut *connection)
        .await
        .map_err(|source| of_driver(path, source))?;
    // Another process may have marked it meanwhile.
    let id: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(connection)
        .await
        .map_err(|source| of_driver(path, source))?;
    if tables == 0 || id == files::APPLICATION_ID {
        return Ok(());
    }
    let found = format!("a database of SQLite with {tables} tables and indexes");
    Err(OpenError::Foreign { path: path.to_owned(), found })
}

fn of_failure(path: &Path, failure: Failure) -> OpenError {
    let path: PathBuf = path.to_owned();
    OpenError::Driver { path, source: sqlx::Error::Configuration(Box::new(failure)) }
}

fn of_driver(path: &Path, source: sqlx::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    match crate::error::of_driver(&source) {
        Meaning::Busy => OpenError::Locked { path, source },
        Meaning::Damaged => OpenError::Damaged { path, source },
        Meaning::Setup | Meaning::ReadOnly => {
            OpenError::Folder { path, source: std::io::Error::other(source) }
        }
        _ => OpenError::Driver { path, source },
    }
}
