//! Appending events, to one stream or several, alone or in a batch.

pub(crate) mod answer;
pub(crate) mod columns;
pub(crate) mod decided;
pub(crate) mod json;
pub(crate) mod lanes;
pub(crate) mod lost;
pub(crate) mod names;
pub(crate) mod one;
pub(crate) mod remember;
pub(crate) mod several;
