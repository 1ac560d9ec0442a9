//! The state of a check: which side is checked, and what was entered.

use serde_json::Value;

use super::misfit::{JsonPath, Misfit};
use crate::shape::model::{Definition, Field, Note, Type, Types};

/// The first misfit, or none.
pub(super) type Fit = Result<(), Misfit>;

/// Which side is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What the code writes.
    Written,
    /// What the code reads: aliases, defaults, omitted fields, and the other representations that serde
    /// accepts.
    Read,
}

/// Whether serde buffers the current value before it reads it. Buffered map keys stay strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    No,
    /// For a tag or `flatten`: read once, and an empty content is accepted for a value without parts.
    Once,
    /// For `untagged`: read again for each variant.
    Again,
}

/// A check on its way through a value.
pub(super) struct Check<'a> {
    pub(super) types: &'a Types,
    pub(super) side: Side,
    /// The definitions entered at the current value: one that contains itself there has no finite value.
    pub(super) entered: Vec<usize>,
    pub(super) aside: Aside,
}

impl<'a> Check<'a> {
    pub(super) const fn new(types: &'a Types, side: Side) -> Self {
        Self { types, side, entered: Vec::new(), aside: Aside::No }
    }

    pub(super) fn reads(&self) -> bool {
        self.side == Side::Read
    }

    pub(super) fn definition(&self, number: usize) -> Option<&'a Definition> {
        self.types.definitions.get(number)
    }

    pub(super) fn expected(&self, of: &Type) -> String {
        format!("`{}`", self.types.inline(of))
    }

    /// Whether a field or a variant exists on this side.
    pub(super) fn knows(&self, notes: &[Note]) -> bool {
        !notes.contains(match self.side {
            Side::Written => &Note::ReadOnly,
            Side::Read => &Note::WrittenOnly,
        })
    }
}

pub(super) fn length(items: &[Value], least: usize, most: usize, way: &JsonPath<'_>) -> Fit {
    if (least..=most).contains(&items.len()) {
        return Ok(());
    }
    let expected = if least == most { most.to_string() } else { format!("{least} to {most}") };
    Err(way.misfit(format!("a list of {expected}"), format!("a list of {}", items.len())))
}

pub(super) fn has_default(notes: &[Note]) -> bool {
    notes.iter().any(|note| matches!(note, Note::Defaulted | Note::DefaultedBy(_)))
}

pub(super) fn has_flattened(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.notes.contains(&Note::Flatten))
}
