//! What a proxy and its connections know together.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;

/// What a [`Proxy`](super::Proxy) does to what passes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing; everything passes.
    #[default]
    None,
    /// Each piece is late by this much, in either direction.
    Delay(Duration),
    /// Nothing passes; it is kept until the fault is over.
    Hold,
    /// What clients send is lost, without a word to either end.
    SwallowQuestions,
    /// What the server sends is lost, without a word to either end.
    SwallowAnswers,
    /// Everything is lost, without a word to either end.
    BlackHole,
    /// New connections are closed at once; those that are open go on.
    Refuse,
}

/// What the connections of a proxy know of it.
pub(super) struct Shared {
    pub(super) network: watch::Sender<Network>,
    pub(super) round_trips: AtomicU64,
    /// Where this is 1, the next bytes from the server are thrown away, and the connection with them.
    pub(super) cut_at_answer: AtomicU64,
    /// Where this is 1, the next bytes from the server are thrown away, and nothing follows.
    pub(super) silent_at_answer: AtomicU64,
    /// The version that the server tells is taken for this one.
    pub(super) version: Option<String>,
}

#[derive(Clone)]
pub(super) struct Network {
    pub(super) server: PgConnectOptions,
    pub(super) fault: Fault,
    /// Raised to cut all connections.
    pub(super) cuts: u64,
    /// Raised to silence all connections.
    pub(super) silences: u64,
}
