//! The target in memory passes the suite that every target must pass, and the suite fails on targets that are
//! broken, each in one way.

mod broken;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broken::{BrokenTarget, Fault, Rows};
use es_core::MemoryStore;
use es_core::conformance::targets::{self, Row, TargetHarness};
use es_core::projection::{MemoryTarget, Projection};
use es_core::record::BoxError;

use crate::failing::{self, cases};

struct InMemory {
    source: MemoryStore,
    target: BrokenTarget,
}

impl InMemory {
    fn by(fault: Option<Fault>) -> Self {
        let target = BrokenTarget { inner: MemoryTarget::default(), fault, forced: Arc::default() };
        Self { source: MemoryStore::new(), target }
    }
}

impl TargetHarness for InMemory {
    type Source = MemoryStore;
    type Model = Rows;
    type Target<P: Projection<Model = Rows>> = BrokenTarget;

    fn source(&self) -> MemoryStore {
        self.source.clone()
    }

    fn target<P: Projection<Model = Rows>>(&self) -> BrokenTarget {
        self.target.clone()
    }

    async fn set_up(_: &mut Rows) -> Result<(), BoxError> {
        Ok(())
    }

    async fn write(model: &mut Rows, row: &Row) -> Result<(), BoxError> {
        model.push(row.clone());
        Ok(())
    }

    async fn rows(&self, build: u32) -> Rows {
        self.target.inner.build("tally", build).map(|rows| Rows::clone(&rows)).unwrap_or_default()
    }

    async fn published(&self) -> Rows {
        if self.target.forced.load(Ordering::SeqCst) {
            return self.rows(2).await;
        }
        self.target.inner.published("tally").map(|rows| Rows::clone(&rows)).unwrap_or_default()
    }
}

mod in_memory {
    use super::InMemory;

    es_core::target_conformance!(async { InMemory::by(None) });
}

es_core::target_conformance_cases!([cases] targets InMemory;);

/// A target that makes no progress, or loops without end, is noticed as well.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether a case fails on a target with this fault.
fn fails(fault: Fault, case: &str) -> bool {
    failing::fails(CASES, case, move || InMemory::by(Some(fault)), PATIENCE)
}

#[test]
fn every_fault_is_noticed() {
    let missed: Vec<_> = [
        (Fault::NoFence, "a_batch_begins_only_where_the_checkpoint_stands"),
        (Fault::NoFence, "of_two_batches_from_one_place_one_takes_effect"),
        (Fault::CheckpointFirst, "a_batch_that_is_dropped_leaves_nothing"),
        (Fault::CheckpointFirst, "model_and_checkpoint_take_effect_together"),
        (Fault::CheckpointStays, "each_event_is_taken_once"),
        (Fault::ModelStays, "each_event_is_taken_once"),
        (Fault::UndoneIsKept, "a_batch_that_is_rolled_back_leaves_nothing"),
        (Fault::UndoneIsKept, "a_failure_stops_right_before_its_event"),
        (Fault::PublishedTooEarly, "a_build_that_is_behind_is_not_published"),
        (Fault::AnyParts, "partitions_take_each_event_once_and_are_divided_anew"),
        (Fault::AnySource, "the_events_of_another_store_are_refused"),
        (Fault::NothingWaits, "a_parked_event_holds_back_its_stream_alone"),
        (Fault::LettersStay, "letters_are_tried_again_in_their_order"),
        (Fault::EventNotUndone, "a_letter_that_fails_again_stays"),
        (Fault::NotCounted, "a_letter_that_fails_again_stays"),
        (Fault::NoReason, "a_failure_stops_right_before_its_event"),
        (Fault::NotDiscarded, "a_discarded_letter_is_left_out"),
        (Fault::Unfounded, "a_published_build_is_not_dropped"),
        (Fault::NoStart, "a_start_holds_when_checkpoints_are_made"),
        (Fault::ForEverybody, "a_partition_is_of_one_worker_at_a_time"),
        (Fault::NeverRunsOut, "an_expired_lease_goes_to_the_next_worker"),
        (Fault::NotReleased, "a_lease_is_released_by_its_owner"),
        (Fault::ReleasedByAnybody, "a_lease_is_released_by_its_owner"),
        (Fault::NoEpochs, "only_the_last_owner_moves_the_checkpoint"),
        (Fault::SameEpochs, "epochs_continue_where_partitions_are_divided_anew"),
    ]
    .into_iter()
    .filter(|(fault, case)| !fails(*fault, case))
    .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
