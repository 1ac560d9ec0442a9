//! Names under which checkpoints of effects are stored, distinct from those of projections.

use std::marker::PhantomData;

use super::Effects;

/// The longest name, in bytes, and the longest name of a kind with the dot after it.
const LONGEST: usize = 80;
const LONGEST_KIND: usize = 16;

/// The name under which the checkpoint of effects is stored: `KIND.NAME`. No projection has a dot in its
/// name.
pub(super) struct StoredName<E>(PhantomData<E>);

impl<E: Effects> StoredName<E> {
    const BYTES: [u8; LONGEST_KIND + LONGEST] = {
        let (kind, name) = (E::KIND.as_bytes(), E::NAME.as_bytes());
        assert!(kind.len() < LONGEST_KIND, "the name of a kind of effects must have at most 15 bytes");
        assert!(!name.is_empty() && name.len() <= LONGEST, "the name of a reactor must have 1 to 80 bytes");
        let mut bytes = [b'.'; LONGEST_KIND + LONGEST];
        let mut at = 0;
        while at < kind.len() {
            bytes[at] = kind[at];
            at += 1;
        }
        at = 0;
        while at < name.len() {
            let letter = name[at];
            assert!(
                letter.is_ascii_lowercase()
                    || letter.is_ascii_digit()
                    || matches!(letter, b'-' | b'_' | b'.'),
                "the name of a reactor may contain only lower-case letters, digits, `-`, `_` and `.`"
            );
            bytes[kind.len() + 1 + at] = letter;
            at += 1;
        }
        bytes
    };

    pub(super) const NAME: &'static str =
        match std::str::from_utf8(Self::BYTES.split_at(E::KIND.len() + 1 + E::NAME.len()).0) {
            Ok(name) => name,
            Err(_) => E::NAME,
        };
}
