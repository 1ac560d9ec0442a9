//! What a generated payload leaves out.

use crate::shape::Field;

/// An optional field.
pub(super) struct LeftOut<'a> {
    pub(super) field: &'a Field,
    /// Whether it is `null` or absent.
    pub(super) is_null: bool,
}
