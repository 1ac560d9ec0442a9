//! Reading: one stream, or the whole store.

pub(crate) mod again;
pub(crate) mod all;
pub(crate) mod find;
pub(crate) mod load;
pub(crate) mod load_many;
mod new_names;
pub(crate) mod row;
pub(crate) mod stream;
