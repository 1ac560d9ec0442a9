//! Reading: one stream, or the whole store.

pub(crate) mod again;
pub(crate) mod all;
pub(crate) mod find;
pub(crate) mod load;
mod new_names;
pub(crate) mod row;
pub(crate) mod stream;
