//! The schema of a type: its shape with all the definitions that it needs.

use super::{Describe, Fingerprint, Line, Shape, Type, Types};

/// The shape of a type, with the shapes of all types in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    pub(crate) types: Types,
    pub(crate) root: Type,
}

impl Schema {
    /// The shape of `T`.
    #[must_use]
    pub fn of<T: Shape + ?Sized>() -> Self {
        Self::described(T::shape)
    }

    /// The shape described by a function.
    #[must_use]
    pub fn described(describe: Describe) -> Self {
        Self::described_in(Types::default(), describe)
    }

    /// The same with types that have a history in their current form, and not as they were first stored.
    pub(crate) fn described_in_current_form(describe: Describe) -> Self {
        Self::described_in(Types::in_current_form(), describe)
    }

    fn described_in(mut types: Types, describe: Describe) -> Self {
        let root = describe(&mut types);
        Self { types, root }
    }

    /// The canonical text: one field per line, sorted, without Rust paths. Equal shapes have equal texts.
    #[must_use]
    pub fn text(&self) -> String {
        Line::text(&self.lines())
    }

    /// The hash of [`text`](Self::text).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EMPTY.with(&self.text())
    }
}
