//! Names and counters of the store: the stream, the revision within it, the position in the whole store.

mod id;
mod id_ref;
mod key;
mod number;

pub use self::id::{InvalidStreamId, StreamId};
pub use self::id_ref::IdRef;
pub use self::key::{InvalidKey, StreamKey};
pub use self::number::{Position, Revision};
