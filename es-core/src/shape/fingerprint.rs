//! A hash of a shape.

use std::fmt;

/// A hash that identifies a shape: of an event, or of a state and the way it is folded.
///
/// Computed with FNV-1a (64 bit), which is stable across
/// programs and compilers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of nothing.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Adds another part. `a` then `b` differs from `ab`.
    #[must_use]
    pub const fn with(self, part: &str) -> Self {
        let bytes = part.as_bytes();
        let mut hash = self.0;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        // 0xff is not a byte of UTF-8, so it ends a part unambiguously.
        Self((hash ^ 0xff).wrapping_mul(0x0100_0000_01b3))
    }

    /// A hash that was stored as a signed number.
    #[must_use]
    pub const fn from_i64(hash: i64) -> Self {
        Self(hash.cast_unsigned())
    }

    /// The hash, as a signed number, which is what databases have.
    #[must_use]
    pub const fn to_i64(self) -> i64 {
        self.0.cast_signed()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_keeps_parts_apart_and_never_changes() {
        let of = |parts: &[&str]| parts.iter().fold(Fingerprint::EMPTY, |hash, part| hash.with(part));
        assert_ne!(of(&["ab"]), of(&["a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&[]), of(&[""]));
        // Stored in databases: a change of this value orphans every snapshot.
        assert_eq!(of(&["account", "cents: i64"]).to_string(), "a6d690e29e356ec4");
    }
}
