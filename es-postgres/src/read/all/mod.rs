//! Reading the whole store.

pub(crate) mod page;
pub(crate) mod reader;
pub(crate) mod replay;
pub(crate) mod shared;
pub(crate) mod streams;
pub(crate) mod watermark;
