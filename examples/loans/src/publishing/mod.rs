//! What other services learn of the loans: public events, published to NATS JetStream.
//!
//! The stored events are private. [`Applications`] is the publisher that maps the four of them that matter to
//! others to two public events, [`ApplicationSubmitted`] and [`ApplicationDecided`], which have names and
//! versions of their own; the lock contains both kinds.

mod events;
mod feed;
mod runner;

pub use self::events::{ApplicationDecided, ApplicationSubmitted, Decision};
pub use self::feed::Applications;
pub use self::runner::{ConnectError, Runner, STREAM, connect, runner};
