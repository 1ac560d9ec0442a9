//! Copying a store into another one, such as a file into PostgreSQL.
//!
//! ```
//! use es_core::copy::copy_store;
//! # use es_core::{Append, AppendOutcome, EventStore, MemoryStore, Metadata, NewEvent, Revision, StreamId};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (from, to) = (MemoryStore::new(), MemoryStore::new());
//! # let door = StreamId::new("door", "7")?;
//! # let opened = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
//! # let outcome = from.append(Append::new(&door, Revision::EMPTY, &opened)).await?;
//! # assert!(matches!(outcome, AppendOutcome::Appended(_)));
//!
//! let copied = copy_store(&from, &to).await?;
//! println!("{} events, hash {}", copied.events.count, copied.events.hash);
//! # assert_eq!(copied.events.count, 1);
//! # Ok(()) }
//! ```

mod digest;
mod error;
mod page;
mod run;

use std::fmt;

pub use self::error::CopyError;
use self::run::Copy;
use crate::store::{Checkpoint, ExportStore, ImportStore};

/// Copies a store into another one, and compares the two at the end.
///
/// Copied are all events with their positions, revisions, ids and times, the command ledger, closed streams,
/// and the names of categories and events with their fingerprints. Checkpoints that readers keep of the one
/// store are checkpoints of the other. Not copied are snapshots, which are made again, and read models, which
/// are [projected](crate::Projection) again.
///
/// The target is empty, or holds what an earlier copy of the same source left there: a copy that was broken
/// off goes on where it stood when it is called again. Nobody appends to the target meanwhile. Events that
/// are appended to the source are copied as well, but to end, the copy needs a source that stands still.
///
/// # Errors
///
/// [`CopyError`]; what was copied so far stays.
pub async fn copy_store<A, B>(from: &A, to: &B) -> Result<Copied, CopyError>
where
    A: ExportStore + ?Sized,
    B: ImportStore + ?Sized,
{
    Copy { from, to }.run().await
}

/// What was copied, and was found equal in both stores.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// After the last event.
    pub checkpoint: Checkpoint,
    /// The events, in their order.
    pub events: Digest,
    /// The entries of the command ledger.
    pub commands: Digest,
    /// The closed streams.
    pub closed: Digest,
}

/// How many there are of something, and a hash of all that is stored of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Digest {
    /// How many.
    pub count: u64,
    /// The hash.
    pub hash: ContentHash,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with hash {}", self.count, self.hash)
    }
}

/// A SHA-256 hash; its text is hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentHash([u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
