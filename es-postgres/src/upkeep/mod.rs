//! What whoever runs a store asks of it.

pub(crate) mod open_appends;
pub(crate) mod roles;
pub(crate) mod snapshots;
pub(crate) mod streams;
