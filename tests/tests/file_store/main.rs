//! A store that was written by following `docs/writing-a-store.md`: all events in one file.

mod check;
mod damaged;
mod event_store;
mod fixture;
mod folder;
mod index;
mod killed;
mod log;
mod page;
mod reader;
mod readers;
mod record;
mod reopened;
mod store;

use self::folder::Folder;
use self::store::FileStore;

es_core::conformance!(
    async {
        let folder = Folder::new();
        (FileStore::open(folder.file("events")).expect("a new file"), folder)
    },
    without ImportStore
);
