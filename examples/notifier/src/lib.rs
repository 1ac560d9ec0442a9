//! A second service: it consumes the public events of the loans from NATS JetStream. In a file of its own it
//! keeps a notice for each customer, and counts the applications by outcome. See the README.

mod notices;
mod public;
mod service;

pub use self::notices::{Figure, Notices};
pub use self::public::{ApplicationDecided, ApplicationSubmitted, Decision};
pub use self::service::{Notifier, run};
