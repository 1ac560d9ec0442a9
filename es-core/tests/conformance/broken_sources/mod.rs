//! Sound sources in memory pass the conformance suite, and the suite fails on sources with one fault each.

mod broken;

use std::sync::Arc;
use std::time::Duration;

use broken::{BrokenSource, Broker, Fault};
use es_core::conformance::sources::{self, Expire, InterruptSource, Malformed, SourceHarness};
use es_core::messaging::{MemoryBroker, MemorySource, Message, MessageSink};

use crate::failing::{cases, faults_are_noticed};

struct OfMemory(MemoryBroker);

impl SourceHarness for OfMemory {
    type Source = MemorySource;

    async fn source(&self) -> MemorySource {
        self.0.source("suite")
    }

    async fn store(&self, message: &Message) {
        self.0.send(message).await.expect("it is sent").await.expect("it is stored");
    }
}

mod of_memory {
    use es_core::messaging::MemoryBroker;

    use super::OfMemory;

    es_core::source_conformance!(
        async { OfMemory(MemoryBroker::new()) },
        without Expire, InterruptSource, Malformed
    );
}

/// A source that may have a fault.
struct MayBeBroken(Arc<Broker>);

impl MayBeBroken {
    fn by(fault: Option<Fault>) -> Self {
        Self(Arc::new(Broker::by(fault)))
    }
}

impl SourceHarness for MayBeBroken {
    type Source = BrokenSource;
    const TIMEOUT: Duration = Duration::from_secs(2);

    async fn source(&self) -> BrokenSource {
        self.0.source()
    }

    async fn store(&self, message: &Message) {
        self.0.store(Some(message.clone()));
    }
}

impl Expire for MayBeBroken {}

impl InterruptSource for MayBeBroken {
    async fn interrupt(&self) {
        self.0.set_away(true);
    }

    async fn restore(&self) {
        self.0.set_away(false);
    }
}

impl Malformed for MayBeBroken {
    async fn store_malformed(&self) {
        self.0.store(None);
    }
}

mod that_is_not_broken {
    use super::MayBeBroken;

    es_core::source_conformance!(async { MayBeBroken::by(None) });
}

es_core::source_conformance_cases!([cases] sources MayBeBroken;);

/// Each fault with a case that it fails.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::NoRevision, "messages_are_delivered_unchanged"),
    (Fault::SkipsOne, "messages_are_delivered_in_the_order_in_which_they_were_stored"),
    (Fault::Reorders, "messages_are_delivered_in_the_order_in_which_they_were_stored"),
    (Fault::ReturnsNothing, "a_message_that_is_stored_later_is_waited_for"),
    (Fault::MissesLater, "a_message_that_is_stored_later_is_waited_for"),
    (Fault::SettlesFirst, "a_receive_that_is_dropped_loses_no_message"),
    (Fault::SettlesFirst, "a_returned_message_is_redelivered_before_later_ones"),
    (Fault::ForgetsAcks, "an_acknowledged_message_is_not_redelivered"),
    (Fault::AcksEarlier, "a_message_is_acknowledged_alone"),
    (Fault::RedeliversLater, "a_returned_message_is_redelivered_before_later_ones"),
    (Fault::CountsOne, "a_returned_message_is_redelivered_before_later_ones"),
    (Fault::ReturnsAtOnce, "a_message_is_returned_for_a_time"),
    (Fault::RedeliversTerminated, "a_terminated_message_is_not_redelivered"),
    (Fault::StartsOver, "an_acknowledged_message_is_not_redelivered"),
    (Fault::StartsOver, "the_next_source_continues_where_the_last_one_ended"),
    (Fault::SkipsHeld, "the_next_source_continues_where_the_last_one_ended"),
    (Fault::NeverExpires, "what_is_not_settled_in_time_is_redelivered"),
    (Fault::IgnoresProgress, "what_is_in_progress_is_not_redelivered"),
    (Fault::DoesNotWait, "an_unconfirmed_acknowledgement_fails_for_now"),
    (Fault::GivesUp, "an_unconfirmed_acknowledgement_fails_for_now"),
    (Fault::LosesInterrupted, "messages_lost_in_an_interruption_are_redelivered_in_order"),
    (Fault::LateInterrupted, "messages_lost_in_an_interruption_are_redelivered_in_order"),
    (Fault::HidesMalformed, "a_malformed_message_affects_no_other"),
    (Fault::RepeatsMalformed, "a_malformed_message_affects_no_other"),
];

faults_are_noticed!(MayBeBroken);
