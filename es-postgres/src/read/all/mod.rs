//! Reading the whole store.

pub(crate) mod columns;
pub(crate) mod filter;
pub(crate) mod kept;
mod left;
pub(crate) mod page;
pub(crate) mod reach;
pub(crate) mod reader;
pub(crate) mod replay;
pub(crate) mod shared;
pub(crate) mod streams;
pub(crate) mod watermark;
