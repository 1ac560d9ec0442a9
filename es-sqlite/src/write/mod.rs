//! Everything that writes to the file.

pub(crate) mod alone;
pub(crate) mod decide;
pub(crate) mod group;
pub(crate) mod inside;
pub(crate) mod job;
pub(crate) mod known;
pub(crate) mod lane;
pub(crate) mod next;
pub(crate) mod part;
mod queue;
pub(crate) mod rows;
pub(crate) mod standing;
pub(crate) mod turn;
pub(crate) mod writer;
