//! What was copied.

use std::fmt;

use crate::store::Checkpoint;

/// What was copied, and verified to be equal in both stores.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The checkpoint after the last event.
    pub checkpoint: Checkpoint,
    /// The events, in their order.
    pub events: Digest,
    /// The entries of the command ledger.
    pub commands: Digest,
    /// The closed streams.
    pub closed: Digest,
}

/// The number of items, and a hash of everything that is stored of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Digest {
    /// The number.
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
pub struct ContentHash(pub(super) [u8; 32]);

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
