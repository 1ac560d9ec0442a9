//! What a user writes: events, upcasts, aggregates, and commands.

mod aggregate;
mod description;
mod duplicate;
mod event;
pub(crate) mod guarded;
mod snapshot;
mod upcast;

pub use self::aggregate::{Aggregate, Apply, Events, Handle, IntoEvents, emit};
pub(crate) use self::duplicate::copy;
pub use self::event::Event;
pub use self::snapshot::{NewSnapshot, Snapshots};
pub(crate) use self::upcast::asks_where_stored;
pub use self::upcast::{DowncastTo, Retired, UpcastContext, UpcastFrom};

// What generated code names.
#[doc(hidden)]
pub use self::description::{
    AddedDefault, AggregateDescription, EventDescription, ReadEvent, ReadWhole, WholeAggregate,
};
#[doc(hidden)]
pub use self::duplicate::{NotClone, TryClone};
