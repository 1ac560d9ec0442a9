//! Operations: inspection and maintenance of a store.

pub(crate) mod open_appends;
pub(crate) mod roles;
pub(crate) mod snapshots;
pub(crate) mod streams;
