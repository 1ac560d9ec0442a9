//! Copies the file while the store is in use.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sqlx::SqliteConnection;

use crate::error::Failure;
use crate::open::files::sync_folder;

/// Writes the copy next to its destination, and moves it there once it is complete and on disk.
pub(crate) async fn backup(connection: &mut SqliteConnection, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        return Err(Failure::Copy(format!("{to:?} already exists; choose another path").into()));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = to.with_file_name(name);
    let of_io = |error: io::Error| Failure::Copy(format!("{to:?} cannot be written: {error}").into());
    // Left by an interrupted copy.
    if part.exists() {
        fs::remove_file(&part).map_err(of_io)?;
    }
    let text = part.to_str().ok_or_else(|| Failure::Copy(format!("{to:?} is not valid UTF-8").into()))?;
    if let Err(error) = sqlx::query("VACUUM INTO ?1").bind(text).execute(connection).await {
        drop(fs::remove_file(&part));
        return Err(error.into());
    }
    let place = to.to_owned();
    let placed = tokio::task::spawn_blocking(move || {
        File::open(&part)?.sync_all()?;
        fs::rename(&part, &place)?;
        sync_folder(&place)
    });
    placed.await.map_err(|_| Failure::Closed)?.map_err(of_io)
}
