//! What is asked of a store now and then.

pub(crate) mod backup;
pub(crate) mod checkpoint;
pub(crate) mod verify;
