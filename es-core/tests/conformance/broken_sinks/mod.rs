//! A sound sink in memory passes the conformance suite, and the suite fails on sinks with one fault each.

mod broken;

use std::sync::Arc;
use std::time::Duration;

use broken::{BrokenSink, Broker, Fault, TOO_LARGE};
use es_core::StreamId;
use es_core::conformance::sinks::{self, Interrupt, Refuse, Repeated, SinkHarness};
use es_core::messaging::{MemoryBroker, Message};
use es_core::uuid::Uuid;

use crate::failing::{cases, faults_are_noticed};

struct OfMemory(MemoryBroker);

impl SinkHarness for OfMemory {
    type Sink = MemoryBroker;

    async fn sink(&self) -> MemoryBroker {
        self.0.clone()
    }

    async fn stored(&self) -> Vec<Message> {
        self.0.messages()
    }
}

mod of_memory {
    use es_core::messaging::MemoryBroker;

    use super::OfMemory;

    es_core::sink_conformance!(async { OfMemory(MemoryBroker::new()) }, without Interrupt, Refuse);
}

/// A sink that may have a fault, for a broker that drops repeated messages, can be interrupted, and refuses
/// messages that are too large.
struct MayBeBroken(Arc<Broker>);

impl MayBeBroken {
    fn by(fault: Option<Fault>) -> Self {
        Self(Arc::new(Broker::by(fault)))
    }
}

impl SinkHarness for MayBeBroken {
    type Sink = BrokenSink;
    const REPEATED: Repeated = Repeated::Dropped;
    const TIMEOUT: Duration = Duration::from_secs(2);

    async fn sink(&self) -> BrokenSink {
        self.0.sink()
    }

    async fn stored(&self) -> Vec<Message> {
        self.0.stored()
    }
}

impl Interrupt for MayBeBroken {
    async fn interrupt(&self) {
        self.0.interrupt();
    }

    async fn restore(&self) {
        self.0.restore();
    }
}

impl Refuse for MayBeBroken {
    fn refused(&self, stream: &StreamId) -> Message {
        Message::new(Uuid::now_v7(), stream.clone(), "parcel.sent", 1, vec![b'1'; TOO_LARGE])
    }
}

mod that_is_not_broken {
    use super::MayBeBroken;

    es_core::sink_conformance!(async { MayBeBroken::by(None) });
}

es_core::sink_conformance_cases!([cases] sinks MayBeBroken;);

/// Each fault with a case that it fails.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::ConfirmsEarly, "a_confirmed_message_is_stored"),
    (Fault::DropsOne, "a_confirmed_message_is_stored"),
    (Fault::StoresTwice, "a_confirmed_message_is_stored"),
    (Fault::DropsInWindows, "a_window_is_sent_before_any_of_it_is_confirmed"),
    (Fault::NeedsPolling, "a_window_is_sent_before_any_of_it_is_confirmed"),
    (Fault::Reorders, "messages_of_a_stream_keep_their_order"),
    (Fault::Overtakes, "a_message_sent_after_a_confirmation_comes_after_it"),
    (Fault::NoCorrelation, "every_part_of_a_message_is_stored"),
    (Fault::NoRevision, "messages_of_a_stream_keep_their_order"),
    (Fault::CutsPayloads, "every_part_of_a_message_is_stored"),
    (Fault::ChangesKeys, "every_part_of_a_message_is_stored"),
    (Fault::DroppedTakesNext, "a_confirmation_that_is_dropped_disturbs_no_other"),
    (Fault::OneSender, "sinks_beside_each_other_share_the_broker"),
    (Fault::NewestSender, "a_message_sent_after_a_confirmation_comes_after_it"),
    (Fault::NewIds, "a_repeated_message_has_its_id"),
    (Fault::StoresRepeated, "a_repeated_message_has_its_id"),
    (Fault::LosesWindow, "what_was_confirmed_before_an_interruption_stays"),
    (Fault::ConfirmsWhileAway, "what_was_confirmed_before_an_interruption_stays"),
    (Fault::ConfirmsWhileAway, "what_is_sent_during_an_interruption_fails_for_now"),
    (Fault::GivesUp, "what_is_sent_during_an_interruption_fails_for_now"),
    (Fault::WaitsForEver, "what_is_sent_during_an_interruption_fails_for_now"),
    (Fault::WaitsForEver, "a_confirmation_resolves_in_time_even_if_nobody_polls_it"),
    (Fault::CountsFromPoll, "a_confirmation_resolves_in_time_even_if_nobody_polls_it"),
    (Fault::StoresLate, "what_was_interrupted_is_sent_again_in_order"),
    (Fault::RefusesAnother, "a_refused_message_is_refused_alone"),
    (Fault::RefusalPasses, "a_refused_message_is_refused_again"),
    (Fault::StoresRefused, "a_refused_message_is_refused_again"),
    (Fault::ConfirmsRefused, "a_refused_message_is_refused_again"),
];

faults_are_noticed!(MayBeBroken);
