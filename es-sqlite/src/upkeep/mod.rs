//! What is asked of a store now and then.

pub(crate) mod checkpoint;
