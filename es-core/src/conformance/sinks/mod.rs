//! The suite that every [sink](crate::messaging::MessageSink) must pass: each line of its contract as a test.
//!
//! The author of a sink writes a [`SinkHarness`], which creates sinks and reads what the broker has stored,
//! and calls [`sink_conformance!`](crate::sink_conformance) in an integration test:
//!
//! ```
//! use es_core::conformance::sinks::SinkHarness;
//! use es_core::messaging::{MemoryBroker, Message};
//!
//! struct InMemory(MemoryBroker);
//!
//! impl SinkHarness for InMemory {
//!     type Sink = MemoryBroker;
//!
//!     async fn sink(&self) -> MemoryBroker {
//!         self.0.clone()
//!     }
//!
//!     async fn stored(&self) -> Vec<Message> {
//!         self.0.messages()
//!     }
//! }
//!
//! es_core::sink_conformance!(async { InMemory(MemoryBroker::new()) }, without Interrupt, Refuse);
//! # fn main() {}
//! ```
//!
//! Each case becomes a `#[tokio::test]`, for which the expression is evaluated anew: it must create an empty
//! broker. Leave out `without …` if the harness implements [`Interrupt`] and [`Refuse`], which any broker on
//! a network allows. The cases are also public functions, for other test runners than tokio's. Each panics
//! when the sink breaks the contract.

mod confirming;
mod interrupted;
pub(super) mod mail;
mod refusing;

use std::future::Future;
use std::time::Duration;

pub use self::confirming::*;
pub use self::interrupted::*;
pub use self::refusing::*;

use crate::messaging::{Message, MessageSink};
use crate::stream::StreamId;

/// What a broker does with a message whose id it has stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// It stores the message again; consumers recognize it by its id.
    Stored,
    /// It confirms the message, and stores nothing.
    Dropped,
}

/// A broker, and sinks that send to it.
pub trait SinkHarness: Send + Sync + 'static {
    /// The sink under test.
    type Sink: MessageSink;

    /// What the broker does with a repeated message. Defaults to [`Repeated::Stored`].
    const REPEATED: Repeated = Repeated::Stored;

    /// The time within which a message must be sent, and within which its confirmation must resolve. Defaults
    /// to 30 seconds. It must be less than 16 times the sink's own limit for a confirmation: otherwise
    /// confirmations that expire one after the other would pass.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A new sink, as another program would have.
    fn sink(&self) -> impl Future<Output = Self::Sink> + Send;

    /// All messages that the broker has stored, in the order in which consumers receive them. It must not
    /// depend on the sinks' connections, as it is called while these are [interrupted](Interrupt).
    fn stored(&self) -> impl Future<Output = Vec<Message>> + Send;
}

/// A harness that can interrupt the broker's confirmations.
pub trait Interrupt: SinkHarness {
    /// From now on the broker confirms no message to any sink. It may store messages.
    fn interrupt(&self) -> impl Future<Output = ()> + Send;

    /// From now on the broker confirms messages again.
    fn restore(&self) -> impl Future<Output = ()> + Send;
}

/// A harness of a broker that does not accept every message.
pub trait Refuse: SinkHarness {
    /// A message of this stream that the broker refuses, however often it is sent: too large, for example.
    fn refused(&self, stream: &StreamId) -> Message;
}

/// Generates a `#[tokio::test]` for each case of the [suite](mod@crate::conformance::sinks), except for the
/// cases of the traits after `without`.
#[macro_export]
macro_rules! sink_conformance {
    (@tests $make:expr; $($case:ident),* $(,)?) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let harness = $make.await;
            $crate::conformance::sinks::$case(&harness).await;
        }
    )*};
    ($make:expr $(, without $($without:ident),+)? $(,)?) => {
        $crate::sink_conformance_cases! {
            $(without $($without),+;)? [$crate::sink_conformance] @tests $make;
        }
    };
}

/// Calls a macro with the names of the cases of the [suite](mod@crate::conformance::sinks), for other test
/// runners than tokio's: `sink_conformance_cases!([my_macro] tokens before the names)` with all of them, and
/// `sink_conformance_cases!(without Refuse; [my_macro] …)` with those of a harness without this trait.
#[macro_export]
macro_rules! sink_conformance_cases {
    ([$($callback:tt)*] $($before:tt)*) => {
        $crate::sink_conformance_cases! { @of [Interrupt Refuse] [[$($callback)*] $($before)*] [] }
    };
    (without Refuse; [$($callback:tt)*] $($before:tt)*) => {
        $crate::sink_conformance_cases! { @of [Interrupt] [[$($callback)*] $($before)*] [] }
    };
    (without Interrupt; [$($callback:tt)*] $($before:tt)*) => {
        $crate::sink_conformance_cases! { @of [Refuse] [[$($callback)*] $($before)*] [] }
    };
    (without Refuse, Interrupt; $($rest:tt)*) => {
        $crate::sink_conformance_cases! { without Interrupt, Refuse; $($rest)* }
    };
    (without Interrupt, Refuse; [$($callback:tt)*] $($before:tt)*) => {
        $crate::sink_conformance_cases! { @of [] [[$($callback)*] $($before)*] [] }
    };
    (@of [Interrupt $($with:ident)*] $call:tt [$($case:ident)*]) => {
        $crate::sink_conformance_cases! { @of [$($with)*] $call [$($case)*
            what_was_confirmed_before_an_interruption_stays
            what_is_sent_during_an_interruption_fails_for_now
            a_confirmation_resolves_in_time_even_if_nobody_polls_it
            what_was_interrupted_is_sent_again_in_order
        ] }
    };
    (@of [Refuse] $call:tt [$($case:ident)*]) => {
        $crate::sink_conformance_cases! { @of [] $call [$($case)*
            a_refused_message_is_refused_alone
            a_refused_message_is_refused_again
        ] }
    };
    (@of [] [[$($callback:tt)*] $($before:tt)*] [$($case:ident)*]) => {
        $($callback)*! { $($before)*
            a_confirmed_message_is_stored,
            every_part_of_a_message_is_stored,
            messages_of_a_stream_keep_their_order,
            a_message_sent_after_a_confirmation_comes_after_it,
            a_window_is_sent_before_any_of_it_is_confirmed,
            a_confirmation_that_is_dropped_disturbs_no_other,
            sinks_beside_each_other_share_the_broker,
            a_repeated_message_has_its_id,
            $($case,)*
        }
    };
}
