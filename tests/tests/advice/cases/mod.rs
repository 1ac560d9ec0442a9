//! All changes that are tested.

mod aggregates;
mod events;
mod fields;
mod opaque;
mod types;

use crate::case::Case;

pub(crate) fn all() -> Vec<Case> {
    [fields::CASES, types::CASES, events::CASES, aggregates::CASES, opaque::CASES].concat()
}
