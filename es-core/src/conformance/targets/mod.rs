//! The conformance suite for [targets](crate::projection::Target): each clause of the contract as a test.
//!
//! The author of a target writes a [`TargetHarness`], which writes rows to the model and reads them back, and
//! in an integration test:
//!
//! ```ignore
//! es_core::target_conformance!(async { MyTarget::new().await });
//! ```
//!
//! This generates one `#[tokio::test]` for each case. The expression is evaluated once for each case: it
//! creates an empty target. The cases are also public functions, for other test harnesses than tokio's. Each
//! panics if the target breaks the contract.

mod batches;
mod builds;
mod leases;
mod letters;
mod tally;

use std::future::Future;

pub use self::batches::*;
pub use self::builds::*;
pub use self::leases::*;
pub use self::letters::*;
pub use self::tally::{Tallied, Tally};

use crate::projection::{Projection, Target};
use crate::record::BoxError;
use crate::store::{EventStore, ReadAll};

/// A row of the model: the stream and revision of a projected event.
pub type Row = (String, u64);

/// A target under test, with a store to read from.
pub trait TargetHarness: Send + Sync + 'static {
    /// The store that projections read.
    type Source: EventStore + ReadAll + Clone + 'static;

    /// What events are projected into.
    type Model: Send;

    /// The target.
    type Target<P: Projection<Model = Self::Model>>: Target<P>;

    /// The store, which is empty at first.
    fn source(&self) -> Self::Source;

    /// The target, which is empty at first. All returned targets share their contents.
    fn target<P: Projection<Model = Self::Model>>(&self) -> Self::Target<P>;

    /// Creates a model that can contain rows, without a constraint that they are unique.
    ///
    /// # Errors
    ///
    /// Any error of the model.
    fn set_up(model: &mut Self::Model) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// Any error of the model.
    fn write(model: &mut Self::Model, row: &Row) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// All committed rows of the projection `tally` in this build.
    fn rows(&self, build: u32) -> impl Future<Output = Vec<Row>> + Send;

    /// All rows of it that readers see.
    fn published(&self) -> impl Future<Output = Vec<Row>> + Send;
}

/// Generates one `#[tokio::test]` for each case of the [suite](mod@crate::conformance::targets). See there.
#[macro_export]
macro_rules! target_conformance {
    ($make:expr) => {
        $crate::target_conformance_cases! { [$crate::target_conformance] @tests $make; }
    };
    (@tests $make:expr; $($case:ident),* $(,)?) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let harness = $make.await;
            $crate::conformance::targets::$case(&harness).await;
        }
    )*};
}

/// Calls a macro with the names of the cases of the [suite](mod@crate::conformance::targets), for other test
/// harnesses than tokio's: `target_conformance_cases!([my_macro] and what comes before the names)`.
#[macro_export]
macro_rules! target_conformance_cases {
    ([$($callback:tt)*] $($before:tt)*) => {
        $($callback)*! { $($before)*
            each_event_is_taken_once,
            a_batch_that_is_dropped_leaves_nothing,
            a_batch_that_is_rolled_back_leaves_nothing,
            model_and_checkpoint_take_effect_together,
            a_batch_begins_only_where_the_checkpoint_stands,
            of_two_batches_from_one_place_one_takes_effect,
            workers_beside_each_other_take_each_event_once,
            partitions_take_each_event_once_and_are_divided_anew,
            the_events_of_another_store_are_refused,
            a_failure_stops_right_before_its_event,
            a_parked_event_holds_back_its_stream_alone,
            letters_are_tried_again_in_their_order,
            a_letter_that_fails_again_stays,
            a_discarded_letter_is_left_out,
            a_build_is_made_beside_the_published_one,
            a_build_that_is_behind_is_not_published,
            a_published_build_is_not_dropped,
            the_status_says_how_far_it_is,
            a_start_holds_when_checkpoints_are_made,
            a_partition_is_of_one_worker_at_a_time,
            an_expired_lease_goes_to_the_next_worker,
            a_lease_is_released_by_its_owner,
            only_the_last_owner_moves_the_checkpoint,
            epochs_continue_where_partitions_are_divided_anew,
        }
    };
}
