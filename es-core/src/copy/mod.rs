//! Copying a store into another one, such as a file into PostgreSQL.
//!
//! ```
//! use es_core::copy::copy_store;
//! use es_core::record::NewEvent;
//! use es_core::store::{Append, AppendOutcome};
//! use es_core::{EventStore, MemoryStore, Metadata, Revision, StreamId};
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

mod copied;
mod digest;
mod error;
mod page;
mod run;

pub use self::copied::{ContentHash, Copied, Digest};
pub use self::error::CopyError;
use self::run::Copy;
use crate::store::{ExportStore, ImportStore};

/// Copies a store into another one, and compares the two at the end.
///
/// Copied are all events with their positions, revisions, ids and times, the command ledger, closed streams,
/// and the names of categories and events with their fingerprints. Checkpoints of readers of one store are
/// valid in the other. Snapshots are not copied, as they are taken again, nor are read models, which are
/// [projected](crate::projection::Projection) again.
///
/// The target must be empty, or hold what an earlier copy of the same source wrote: an interrupted copy
/// resumes when it is called again. Nobody may append to the target meanwhile. Events that are appended to
/// the source are copied as well, but the copy can end only once no more are.
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
