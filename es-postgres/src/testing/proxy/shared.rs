//! State shared by a proxy and its connections.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;

/// A network fault that a [`Proxy`](super::Proxy) injects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Fault {
    /// No fault: everything passes.
    #[default]
    None,
    /// Each piece is delayed by this time, in either direction.
    Delay(Duration),
    /// Nothing passes; it is held until the fault is over.
    Hold,
    /// What clients send is dropped silently.
    SwallowQuestions,
    /// What the server sends is dropped silently.
    SwallowAnswers,
    /// Everything is dropped silently.
    BlackHole,
    /// New connections are closed at once; open ones keep working.
    Refuse,
}

/// The state of a proxy that its connections share.
pub(super) struct Shared {
    pub(super) network: watch::Sender<Network>,
    pub(super) round_trips: AtomicU64,
    /// If this is 1, the next bytes from the server are dropped, and the connection is cut.
    pub(super) cut_at_answer: AtomicU64,
    /// If this is 1, the next bytes from the server are dropped, and the connection stays silent.
    pub(super) silent_at_answer: AtomicU64,
    /// The server version to report.
    pub(super) version: Option<String>,
}

#[derive(Clone)]
pub(super) struct Network {
    pub(super) server: PgConnectOptions,
    pub(super) fault: Fault,
    /// Incremented to cut all connections.
    pub(super) cuts: u64,
    /// Incremented to silence all connections.
    pub(super) silences: u64,
}
