//! The program of 2011: the same process, with the first version of its events.

mod application;
mod events;

pub use self::application::{Application2011, Application2011Event};
pub use self::events::{DutchName, Submitted, WorkCompleted, WorkScheduled, WorkStarted};
