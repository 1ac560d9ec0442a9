//! A second service: it follows the public events of the loans through NATS JetStream, and keeps a notice for
//! each customer and the applications by outcome in a file of its own. See the README.

mod notices;
mod public;
mod service;

pub use self::notices::{Figure, Notices};
pub use self::public::{ApplicationDecided, ApplicationSubmitted, Decision};
pub use self::service::{Notifier, run};
