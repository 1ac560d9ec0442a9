//! One shape, whole: a type with all the definitions that it needs.

use super::{Describe, Line, OpaquePart, Shape, Type, Types};
use crate::Fingerprint;
use crate::codec::Exact;

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

    /// The shape that a function describes.
    #[must_use]
    pub fn described(describe: Describe) -> Self {
        Self::described_in(Types::default(), describe)
    }

    /// The same with types that have a history as they are today, and not as they were first stored.
    pub(crate) fn described_today(describe: Describe) -> Self {
        Self::described_in(Types::of_today(), describe)
    }

    fn described_in(mut types: Types, describe: Describe) -> Self {
        let root = describe(&mut types);
        Self { types, root }
    }

    /// The canonical text: one field a line, sorted, without Rust paths. Equal shapes have equal texts.
    #[must_use]
    pub fn text(&self) -> String {
        Line::text(&self.lines())
    }

    /// The hash of [`text`](Self::text).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::EMPTY.with(&self.text())
    }

    /// The parts without a shape, each with the way to it.
    #[must_use]
    pub fn opaque(&self) -> Vec<OpaquePart> {
        super::opaque::parts(self)
    }

    /// The same in what types have been given since their first form.
    pub(crate) fn opaque_later(&self) -> Vec<OpaquePart> {
        super::opaque::later_parts(self)
    }

    /// Payloads of this shape, made up: together they hold every field and reach every variant that can be
    /// written. At most 256 of them.
    #[must_use]
    pub fn samples(&self) -> Vec<serde_json::Value> {
        super::sample::samples(self)
    }

    /// Payloads with one field left out: one for each field that has a default or is an option, and one more
    /// for each option with `null` in its place. At most 256 of them.
    ///
    /// A type may still refuse them: the shape does not tell whether code that reads a field takes its
    /// absence.
    #[must_use]
    pub fn partial_samples(&self) -> Vec<serde_json::Value> {
        super::sample::partial(self)
    }

    /// The same value with sets in order, for values that are compared: a set is written in any order.
    pub(crate) fn in_order(&self, mut value: Exact) -> Exact {
        super::order::put_in_order(self, &mut value);
        value
    }
}
