//! Names under which checkpoints of effects are kept, apart from those of projections.

use std::marker::PhantomData;

use super::Effects;

/// Stands before the name. No projection has a dot in its name.
const BEFORE: &[u8] = b"reactor.";

/// The longest name, in bytes.
const LONGEST: usize = 80;

/// The kept name of effects.
pub(super) struct Kept<E>(PhantomData<E>);

impl<E: Effects> Kept<E> {
    const BYTES: [u8; BEFORE.len() + LONGEST] = {
        let name = E::NAME.as_bytes();
        assert!(
            !name.is_empty() && name.len() <= LONGEST,
            "the name of a reactor has 1 to 80 bytes; write a shorter one"
        );
        let mut bytes = [0; BEFORE.len() + LONGEST];
        let mut at = 0;
        while at < BEFORE.len() {
            bytes[at] = BEFORE[at];
            at += 1;
        }
        while at < BEFORE.len() + name.len() {
            let letter = name[at - BEFORE.len()];
            assert!(
                letter.is_ascii_lowercase()
                    || letter.is_ascii_digit()
                    || matches!(letter, b'-' | b'_' | b'.'),
                "the name of a reactor is of lower-case letters, digits, `-`, `_` and `.`"
            );
            bytes[at] = letter;
            at += 1;
        }
        bytes
    };

    pub(super) const NAME: &'static str =
        match std::str::from_utf8(Self::BYTES.split_at(BEFORE.len() + E::NAME.len()).0) {
            Ok(name) => name,
            Err(_) => E::NAME,
        };
}
