//! How far an import has come: numbers that the reader and the workers add to, and that the progress shows.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far an import has come.
#[derive(Debug, Default)]
pub struct Count {
    /// 0 for a source whose size is not known.
    size: AtomicU64,
    bytes: AtomicU64,
    written: AtomicU64,
    present: AtomicU64,
}

impl Count {
    /// How many bytes the source has, if that is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        Some(self.size.load(Ordering::Relaxed)).filter(|size| *size > 0)
    }

    /// How many bytes of the source were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many records were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// How many records were in the store before.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.present.load(Ordering::Relaxed)
    }

    pub(super) fn set_size(&self, size: Option<u64>) {
        self.size.store(size.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_written(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_present(&self) {
        self.present.fetch_add(1, Ordering::Relaxed);
    }
}
