//! Everything that only reads.

pub(crate) mod all;
pub(crate) mod event;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod load_many;
pub(crate) mod packed;
pub(crate) mod readers;
pub(crate) mod row;
pub(crate) mod stream;
pub(crate) mod types;
