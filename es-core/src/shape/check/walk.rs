//! One check on its way through a value: which side is asked, and what was entered.

use serde_json::Value;

use super::misfit::{JsonPath, Misfit};
use crate::shape::model::{Definition, Field, Note, Type, Types};

/// The first misfit, or none.
pub(super) type Fit = Result<(), Misfit>;

/// Whose side is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What the code writes.
    Written,
    /// What the code reads: aliases, defaults, omitted fields, and the other representations that serde
    /// accepts.
    Read,
}

/// Whether serde keeps the present value aside before it reads it. Keys of maps that were kept aside stay
/// strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    No,
    /// For a tag or `flatten`: read once, where something empty stands for a value without parts.
    Once,
    /// For `untagged`: read again for each variant.
    Again,
}

/// One check on its way through a value.
pub(super) struct Check<'a> {
    pub(super) types: &'a Types,
    pub(super) side: Side,
    /// The definitions entered at the present value: one that stands in itself there has no finite value.
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
