//! The result of reading a page.

use std::sync::Arc;

use es_core::store::Checkpoint;
use sqlx::postgres::PgRow;

use crate::connect::names::Known;
use crate::read::all::streams::KnownStream;

/// The end of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageEnd {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) events: usize,
    /// The size of their payloads and metadata.
    pub(crate) bytes: usize,
    /// Whether more can be read immediately.
    pub(crate) more: bool,
    /// Whether the server is still sending rows beyond the page.
    pub(crate) cut: bool,
}

impl PageEnd {
    /// The end of a page without events.
    pub(crate) const fn nothing(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, events: 0, bytes: 0, more: false, cut: false }
    }
}

/// Whether a page is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    ForOthers,
    Not,
}

/// The events of a page, kept for other readers that want the same.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(super) known: Arc<Known>,
    pub(super) events: Vec<KeptEvent>,
}

#[derive(Debug)]
pub(super) struct KeptEvent {
    pub(super) checkpoint: Checkpoint,
    pub(super) stream: KnownStream,
    pub(super) row: PgRow,
}

impl Kept {
    /// Whether this is the checkpoint after one of the events.
    pub(crate) fn holds(&self, checkpoint: Checkpoint) -> bool {
        self.place(checkpoint).is_ok_and(|at| self.events[at].checkpoint == checkpoint)
    }

    pub(super) fn place(&self, checkpoint: Checkpoint) -> Result<usize, usize> {
        self.events.binary_search_by_key(&checkpoint.position(), |event| event.checkpoint.position())
    }
}
