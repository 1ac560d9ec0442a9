//! The temporary folder of an in-memory store.

use std::path::PathBuf;
use std::{env, fs, io, process};

use uuid::Uuid;

/// Removed with its contents once it is no longer used.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> io::Result<Self> {
        let name = format!("es-sqlite-{}-{}", process::id(), Uuid::now_v7().simple());
        let path = env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("events.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's clean-up of temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}
