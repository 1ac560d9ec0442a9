//! What a made-up payload leaves out.

use crate::shape::Field;

/// A field that need not be there.
pub(super) struct LeftOut<'a> {
    pub(super) field: &'a Field,
    /// Whether `null` stands in its place, or nothing.
    pub(super) is_null: bool,
}
