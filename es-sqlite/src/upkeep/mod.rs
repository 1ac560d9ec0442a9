//! Occasional maintenance of a store.

pub(crate) mod backup;
pub(crate) mod checkpoint;
pub(crate) mod verify;
