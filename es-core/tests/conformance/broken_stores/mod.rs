//! The suite that every store must pass fails on stores that are broken, each in one way: a case notices it.

mod broken;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use broken::{Broken, Event, Fault, Way};
use es_core::conformance;
use tokio::runtime;

type Run = fn(Broken) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        /// The cases of the suite, by their names.
        const CASES: &[(&str, Run)] = &[$((stringify!($case), |store| Box::pin(conformance::$case(store)))),*];
    };
}

es_core::conformance_cases!([cases]);

/// No case waits for anything in memory, so one that takes so long never ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// The names of the cases that fail on a store with this fault.
fn noticed<'a>(
    fault: Option<Fault>,
    cases: impl Iterator<Item = &'a (&'static str, Run)>,
) -> Vec<&'static str> {
    let fails = |(name, run): &(&'static str, Run)| {
        let (run, (ended, end)) = (*run, mpsc::channel());
        // On a thread of its own, which is left alone if the case spins.
        thread::spawn(move || {
            let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = runtime.expect("a runtime");
            let case = catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(Broken::by(fault)))));
            let _nobody_waits = ended.send(case.is_ok());
        });
        let passed = end.recv_timeout(PATIENCE);
        (!passed.unwrap_or_else(|_| panic!("{name} never ends on {fault:?}"))).then_some(*name)
    };
    cases.filter_map(fails).collect()
}

#[test]
fn every_fault_is_noticed() {
    let mut all = FAULTS.to_vec();
    for way in [Way::Stream, Way::Load, Way::All, Way::Find] {
        let read_back = match way {
            Way::Stream | Way::Load => "what_was_written_is_read_back",
            Way::All => "what_was_written_is_read_back_by_pages",
            Way::Find => "what_was_written_is_found",
        };
        all.extend(EVENTS.iter().map(|event| (Fault::Reads(way, *event), read_back)));
        let error_of_sink = match way {
            Way::Stream | Way::Load => "an_error_of_the_sink_ends_the_read",
            Way::All => "an_error_of_the_sink_ends_the_page",
            Way::Find => "an_error_of_the_sink_ends_the_search",
        };
        all.push((Fault::Reads(way, Event::SinkErrorIgnored), error_of_sink));
    }
    let missed = all.into_iter().filter_map(|(fault, case)| {
        let cases = CASES.iter().filter(|(name, _)| *name == case);
        let noticed = noticed(Some(fault), cases);
        (noticed != [case]).then(|| format!("{fault:?} is not noticed by {case}"))
    });
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn without_a_fault_every_case_passes() {
    assert_eq!(noticed(None, CASES.iter()), [""; 0]);
}

/// Each fault, and a case that notices it.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::IgnoresExpectedRevision, "an_append_at_another_revision_is_a_conflict"),
    (Fault::IgnoresHead, "an_append_after_another_last_event_is_a_conflict"),
    (Fault::WritesHalfOfAnAppend, "an_append_counts_revisions_without_gaps"),
    (Fault::WritesHalfOfABatch, "a_batch_with_one_conflict_writes_nothing"),
    (Fault::IgnoresConditions, "a_condition_that_is_not_met_keeps_all_from_being_written"),
    (Fault::ConditionsHoldNothing, "of_two_batches_that_read_what_the_other_writes_one_goes_through"),
    (Fault::ConditionsForgetCommands, "a_condition_with_a_command_remembers_that_it_wrote_nothing"),
    (Fault::ConditionsMakeStreams, "a_condition_that_is_met_writes_nothing_to_its_stream"),
    (Fault::TellsOtherPositions, "positions_increase_within_and_across_appends"),
    (Fault::TellsOtherConflict, "an_append_at_another_revision_is_a_conflict"),
    (Fault::ForgetsCommands, "a_repeated_command_gets_its_first_outcome"),
    (Fault::RepeatsWithOtherRevision, "a_repeated_command_gets_its_first_outcome"),
    (Fault::RepeatsWithOtherCount, "a_repeated_command_gets_its_first_outcome"),
    (Fault::RepeatsWithoutName, "a_repeated_command_gets_its_first_outcome"),
    (Fault::RepeatsAsAppended, "a_repeated_command_gets_its_first_outcome"),
    (Fault::SubmitsNothing, "a_time_out_of_range_is_refused"),
    (Fault::RemembersNothing, "a_decision_without_events_is_remembered"),
    (Fault::RemembersOnAnyState, "a_decision_on_a_state_that_has_passed_is_a_conflict"),
    (Fault::RemembersAsNotRejected, "a_decision_without_events_is_remembered"),
    (Fault::LoadsManyForAnother, "streams_are_loaded_together_as_each_alone"),
    (Fault::LoadsManyWithoutSnapshots, "streams_are_loaded_together_as_each_alone"),
    (Fault::LoadsManyUpToAnError, "streams_are_loaded_together_as_each_alone"),
    (Fault::LoadsAfterNothing, "a_load_reads_the_part_asked_for"),
    (Fault::LoadsUpToTheEnd, "a_load_reads_the_part_asked_for"),
    (Fault::LoadsOtherRevision, "an_append_counts_revisions_without_gaps"),
    (Fault::LoadsWithoutHead, "an_append_counts_revisions_without_gaps"),
    (Fault::LoadsAsOpen, "a_closed_stream_takes_no_more_events"),
    (Fault::LoadsWithoutCommand, "a_repeated_command_gets_its_first_outcome"),
    (Fault::SnapshotOfAnotherFingerprint, "a_snapshot_shortens_the_load"),
    (Fault::SnapshotOfAnotherRevision, "a_stream_is_found_by_every_name_of_its_category"),
    (Fault::SnapshotOfAnotherState, "a_stream_is_found_by_every_name_of_its_category"),
    (Fault::SnapshotOfOtherEvents, "a_snapshot_of_other_events_is_not_kept"),
    (Fault::NoSnapshots, "a_stream_is_found_by_every_name_of_its_category"),
    (Fault::ReadsFromTheBeginning, "a_range_is_read_in_both_directions"),
    (Fault::ReadsToTheEnd, "a_range_is_read_in_both_directions"),
    (Fault::ReadsForwardOnly, "a_range_is_read_in_both_directions"),
    (Fault::PageInAnotherOrder, "the_whole_store_keeps_times"),
    (Fault::PageBeyondItsLimit, "the_whole_store_is_read_in_pages"),
    (Fault::PageBeyondItsBytes, "a_page_has_a_limit_of_bytes"),
    (Fault::PageOfEverything, "the_whole_store_is_read_through_a_filter"),
    (Fault::PageCheckpointGoesBack, "the_whole_store_is_read_in_pages"),
    (Fault::PageCheckpointSkips, "the_whole_store_is_read_in_pages"),
    (Fault::PageIsTheLast, "the_whole_store_is_read_in_pages"),
    (Fault::PageCountsWrongly, "the_whole_store_is_read_in_pages"),
    (Fault::FollowsPastEvents, "who_follows_misses_nothing"),
    (Fault::HeadIsTheStart, "the_whole_store_is_read_in_pages"),
    (Fault::ListsFromTheBeginning, "streams_are_listed_in_pages"),
    (Fault::ListsEveryPrefix, "streams_are_listed_by_prefix"),
    (Fault::ListsTooMany, "streams_are_listed_in_pages"),
    (Fault::ListsAsOpen, "a_closed_stream_is_listed_as_closed"),
    (Fault::ListsOtherRevisions, "streams_are_listed_in_pages"),
    (Fault::ClosesNothing, "a_closed_stream_takes_no_more_events"),
    (Fault::ClosesAtAnyRevision, "a_closed_stream_takes_no_more_events"),
    (Fault::RegistersNothing, "a_batch_takes_registered_events_only"),
    (Fault::RenamesNothing, "the_whole_store_knows_earlier_names"),
    (Fault::ExportsNoNames, "a_copy_is_read_as_the_original"),
    (Fault::ExportsNoCommands, "a_copy_is_read_as_the_original"),
    (Fault::ExportsNoClosedStreams, "a_copy_is_read_as_the_original"),
    (Fault::ImportsNoNames, "a_copy_is_read_as_the_original"),
    (Fault::ImportsNoEvents, "a_copy_is_read_as_the_original"),
    (Fault::ImportsNoCommands, "a_copy_is_read_as_the_original"),
    (Fault::ImportsNoClosedStreams, "a_copy_is_read_as_the_original"),
    (Fault::Accepts("NotNext"), "an_imported_event_follows_what_is_stored"),
    (Fault::Accepts("EmptyAppend"), "bad_input_is_refused_and_nothing_is_written"),
    (Fault::Accepts("TooLarge"), "bad_input_is_refused_and_nothing_is_written"),
    (Fault::Accepts("NulCharacter"), "bad_input_is_refused_and_nothing_is_written"),
    (Fault::Accepts("NotJson"), "what_not_every_store_can_hold_is_refused"),
    (Fault::Accepts("InvalidEventType"), "what_not_every_store_can_hold_is_refused"),
    (Fault::Accepts("InvalidCommandName"), "what_not_every_store_can_hold_is_refused"),
    (Fault::Accepts("AppendTooLarge"), "an_append_has_a_limit_of_bytes"),
    (Fault::Accepts("TimeOutOfRange"), "a_time_out_of_range_is_refused"),
    (Fault::Accepts("MetadataNotReadable"), "metadata_that_does_not_read_back_is_refused"),
    (Fault::Accepts("NotRegistered"), "a_batch_takes_registered_events_only"),
    (Fault::Accepts("DuplicateStream"), "a_batch_that_names_a_stream_twice_is_refused"),
    (Fault::Accepts("StreamClosed"), "a_closed_stream_takes_no_more_events"),
    (Fault::Accepts("CommandIdReused"), "a_command_id_with_another_body_is_refused"),
    (Fault::Accepts("SchemaConflict"), "a_version_of_an_event_means_one_shape"),
    (Fault::Accepts("SplitCategory"), "two_categories_do_not_become_one"),
    (Fault::Accepts("ForeignCheckpoint"), "a_checkpoint_of_another_history_is_refused"),
];

/// What goes wrong with events, by each way to read them; a sink's error has cases of its own.
const EVENTS: &[Event] = &[
    Event::Skipped,
    Event::Doubled,
    Event::OtherName,
    Event::OtherVersion,
    Event::OtherPayload,
    Event::OtherId,
    Event::OtherRevision,
    Event::OtherPosition,
    Event::OtherRecordedTime,
    Event::NoOccurredTime,
    Event::NoMetadata,
    Event::NoCorrelation,
    Event::NoCausation,
];
