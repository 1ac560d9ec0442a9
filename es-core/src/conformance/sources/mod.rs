//! The suite that every [source](crate::messaging::MessageSource) must pass: each line of its contract as a
//! test.
//!
//! The author of a source writes a [`SourceHarness`], which stores messages in the broker and creates
//! sources, and calls [`source_conformance!`](crate::source_conformance) in an integration test:
//!
//! ```
//! use es_core::conformance::sources::SourceHarness;
//! use es_core::messaging::{MemoryBroker, MemorySource, Message, MessageSink};
//!
//! struct InMemory(MemoryBroker);
//!
//! impl SourceHarness for InMemory {
//!     type Source = MemorySource;
//!
//!     async fn source(&self) -> MemorySource {
//!         self.0.source("suite")
//!     }
//!
//!     async fn store(&self, message: &Message) {
//!         self.0.send(message).await.expect("it is sent").await.expect("it is stored");
//!     }
//! }
//!
//! es_core::source_conformance!(
//!     async { InMemory(MemoryBroker::new()) },
//!     without Expire, InterruptSource, Malformed
//! );
//! # fn main() {}
//! ```
//!
//! Each case becomes a `#[tokio::test]`, for which the expression is evaluated anew: it must create an empty
//! broker. Leave out of `without …` the traits that the harness implements. The cases are also public
//! functions, for other test runners than tokio's. Each panics when the source breaks the contract.

mod delivering;
mod expiring;
mod interrupted;
mod receive;
mod settling;

use std::future::Future;
use std::time::Duration;

pub use self::delivering::*;
pub use self::expiring::*;
pub use self::interrupted::*;
pub use self::settling::*;

use crate::messaging::{Message, MessageSource};

/// A broker, and sources that receive from it.
pub trait SourceHarness: Send + Sync + 'static {
    /// The source under test.
    type Source: MessageSource;

    /// The time within which messages must be received, and within which settling one must end. Defaults to
    /// 30 seconds. It must be longer than the time after which the broker redelivers a message.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A source, as another program would have. All sources are of one consumer: what is settled through one
    /// is not delivered by another.
    fn source(&self) -> impl Future<Output = Self::Source> + Send;

    /// Stores a message in the broker. It must not depend on the connections of the sources.
    fn store(&self, message: &Message) -> impl Future<Output = ()> + Send;
}

/// A harness of a broker that redelivers a message by itself unless progress is reported: its deliveries
/// return a time from [`comes_again_after`](crate::messaging::Delivery::comes_again_after), of a few seconds
/// at most.
pub trait Expire: SourceHarness {}

/// A harness that can interrupt what the broker sends to its sources.
pub trait InterruptSource: SourceHarness {
    /// From now on nothing that the broker sends arrives at any source: no message, and no confirmation.
    fn interrupt(&self) -> impl Future<Output = ()> + Send;

    /// From now on what the broker sends arrives again.
    fn restore(&self) -> impl Future<Output = ()> + Send;
}

/// A harness of a broker that also accepts what is not a message.
pub trait Malformed: SourceHarness {
    /// Stores something that is not a message.
    fn store_malformed(&self) -> impl Future<Output = ()> + Send;
}

/// Generates a `#[tokio::test]` for each case of the [suite](mod@crate::conformance::sources), except for the
/// cases of the traits after `without`, which are named in alphabetical order.
#[macro_export]
macro_rules! source_conformance {
    (@tests $make:expr; $($case:ident),* $(,)?) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let harness = $make.await;
            $crate::conformance::sources::$case(&harness).await;
        }
    )*};
    ($make:expr $(, without $($without:ident),+)? $(,)?) => {
        $crate::source_conformance_cases! {
            $(without $($without),+;)? [$crate::source_conformance] @tests $make;
        }
    };
}

/// Calls a macro with the names of the cases of the [suite](mod@crate::conformance::sources), for other test
/// runners than tokio's: `source_conformance_cases!([my_macro] tokens before the names)` with all of them,
/// and `source_conformance_cases!(without InterruptSource; [my_macro] …)` with those of a harness without
/// this trait.
#[macro_export]
macro_rules! source_conformance_cases {
    (without $($without:ident),+; [$($callback:tt)*] $($before:tt)*) => {
        $crate::source_conformance_cases! { @of [$($without)+] [[$($callback)*] $($before)*] [] }
    };
    ([$($callback:tt)*] $($before:tt)*) => {
        $crate::source_conformance_cases! { @of [] [[$($callback)*] $($before)*] [] }
    };
    (@of [Expire $($without:ident)*] $call:tt [$($case:ident)*]) => {
        $crate::source_conformance_cases! { @interrupt [$($without)*] $call [$($case)*] }
    };
    (@of $without:tt $call:tt [$($case:ident)*]) => {
        $crate::source_conformance_cases! { @interrupt $without $call [$($case)*
            what_is_not_settled_in_time_is_redelivered
            what_is_in_progress_is_not_redelivered
        ] }
    };
    (@interrupt [InterruptSource $($without:ident)*] $call:tt [$($case:ident)*]) => {
        $crate::source_conformance_cases! { @malformed [$($without)*] $call [$($case)*] }
    };
    (@interrupt $without:tt $call:tt [$($case:ident)*]) => {
        $crate::source_conformance_cases! { @malformed $without $call [$($case)*
            an_unconfirmed_acknowledgement_fails_for_now
            messages_lost_in_an_interruption_are_redelivered_in_order
        ] }
    };
    (@malformed [Malformed] $call:tt [$($case:ident)*]) => {
        $crate::source_conformance_cases! { @all $call [$($case)*] }
    };
    (@malformed [] $call:tt [$($case:ident)*]) => {
        $crate::source_conformance_cases! { @all $call [$($case)* a_malformed_message_affects_no_other] }
    };
    (@all [[$($callback:tt)*] $($before:tt)*] [$($case:ident)*]) => {
        $($callback)*! { $($before)*
            messages_are_delivered_unchanged,
            messages_are_delivered_in_the_order_in_which_they_were_stored,
            a_message_that_is_stored_later_is_waited_for,
            a_receive_that_is_dropped_loses_no_message,
            an_acknowledged_message_is_not_redelivered,
            a_message_is_acknowledged_alone,
            a_returned_message_is_redelivered_before_later_ones,
            a_message_is_returned_for_a_time,
            a_terminated_message_is_not_redelivered,
            the_next_source_continues_where_the_last_one_ended,
            $($case,)*
        }
    };
}
