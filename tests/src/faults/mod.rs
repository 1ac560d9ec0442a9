//! What breaks servers and networks in tests.

mod proxy;

pub use proxy::{Fault, Proxy};
