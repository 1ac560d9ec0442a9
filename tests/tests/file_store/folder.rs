//! A folder for one test.

use std::path::{Path, PathBuf};
use std::{env, fs};

use es_core::uuid::Uuid;

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = env::temp_dir().join(format!("es-file-store-{}", Uuid::now_v7()));
        fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        Path::join(&self.0, name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is only temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}
