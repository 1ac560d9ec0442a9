//! The list of cases, by the traits that they require, and the macros that run them.

/// Generates one `#[tokio::test]` for each case of the [suite](mod@crate::conformance), except those of the
/// traits after `without`. See there.
#[macro_export]
macro_rules! conformance {
    (@tests $make:expr; $($case:ident),* $(,)?) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let (store, guard) = $make.await;
            $crate::conformance::$case(store).await;
            drop(guard);
        }
    )*};
    ($make:expr $(, without $($without:ident),+)? $(,)?) => {
        $crate::conformance_cases! {
            $(without $($without),+;)? [$crate::conformance] @tests $make;
        }
    };
}

/// Calls a macro with the names of the cases of the [suite](mod@crate::conformance), for other test harnesses
/// than tokio's: `conformance_cases!([my_macro] and what comes before the names)` for all of them, and
/// `conformance_cases!(without ReadAll, FindEvents; [my_macro] …)` for those of a store without these traits.
#[macro_export]
macro_rules! conformance_cases {
    ([$($callback:tt)*] $($before:tt)*) => {
        $crate::conformance_cases! { @all [] [[$($callback)*] $($before)*] }
    };
    (without $($without:ident),+; [$($callback:tt)*] $($before:tt)*) => {
        $crate::conformance_cases! { @all [$($without)*] [[$($callback)*] $($before)*] }
    };
    (@all $without:tt $call:tt) => {
        $crate::conformance_cases! { @of $without $without $call []
            { []
                an_append_counts_revisions_without_gaps,
                an_append_at_another_revision_is_a_conflict,
                an_append_after_another_last_event_is_a_conflict,
                of_concurrent_appends_exactly_one_wins,
                concurrent_appends_to_many_streams_all_win,
                positions_increase_within_and_across_appends,
                a_large_append_keeps_its_order,
                bad_input_is_refused_and_nothing_is_written,
                what_not_every_store_can_hold_is_refused,
                an_append_has_a_limit_of_bytes,
                a_batch_is_written_to_all_streams,
                a_batch_with_one_conflict_writes_nothing,
                a_batch_that_names_a_stream_twice_is_refused,
                a_batch_takes_registered_events_only,
                batches_in_opposite_orders_do_not_block_each_other,
                a_condition_that_is_met_writes_nothing_to_its_stream,
                a_condition_that_is_not_met_keeps_all_from_being_written,
                conditions_alone_say_whether_streams_stand_so,
                a_condition_with_a_command_remembers_that_it_wrote_nothing,
                of_two_batches_that_read_what_the_other_writes_one_goes_through,
                a_repeated_command_gets_its_first_outcome,
                a_command_id_belongs_to_one_stream,
                a_command_id_with_another_body_is_refused,
                a_command_id_of_another_command_is_refused,
                of_one_command_sent_twice_at_once_one_is_executed,
                a_batch_with_a_repeated_command_writes_nothing,
                a_decision_without_events_is_remembered,
                a_decision_on_a_state_that_has_passed_is_a_conflict,
                a_decision_belongs_to_one_stream,
                a_remembered_command_id_of_another_command_is_refused,
                of_a_decision_and_an_append_at_once_one_goes_through,
                what_was_written_is_read_back,
                a_range_is_read_in_both_directions,
                a_stream_that_is_not_there_is_empty,
                an_error_of_the_sink_ends_the_read,
                a_load_reads_the_part_asked_for,
                what_was_acknowledged_is_read_by_everybody,
                payloads_keep_their_values,
                times_are_kept_in_utc_and_whole_microseconds,
                a_time_out_of_range_is_refused,
                metadata_reads_back_equal,
                metadata_that_does_not_read_back_is_refused,
                keys_are_exact,
                a_stream_is_found_by_every_name_of_its_category,
                a_stream_exists_once_under_all_names,
                a_category_may_be_renamed_again_and_again,
                two_categories_do_not_become_one,
                of_programs_with_different_names_one_makes_the_stream,
                a_version_of_an_event_means_one_shape,
                two_shapes_of_a_version_in_one_call_are_refused,
                a_shape_may_become_known_later,
                a_renamed_event_keeps_its_shape,
                of_two_shapes_registered_at_once_one_wins,
                a_snapshot_shortens_the_load,
                streams_are_loaded_together_as_each_alone,
                an_older_snapshot_never_replaces_a_newer_one,
                a_snapshot_of_what_is_not_stored_is_not_kept,
                a_snapshot_of_other_events_is_not_kept,
                a_random_history_is_that_of_the_reference_store,
            }
            { [ReadAll]
                the_whole_store_is_read_in_pages,
                a_page_has_a_limit_of_bytes,
                the_whole_store_is_read_through_a_filter,
                the_whole_store_knows_earlier_names,
                a_checkpoint_of_another_history_is_refused,
                an_error_of_the_sink_ends_the_page,
                a_reader_beside_writers_misses_nothing,
                who_follows_misses_nothing,
                what_was_written_is_read_back_by_pages,
                the_whole_store_keeps_metadata,
                the_whole_store_keeps_times,
            }
            { [ListStreams]
                streams_are_listed_in_pages,
                streams_are_listed_by_prefix,
                a_renamed_category_is_listed_under_every_name,
                what_was_refused_is_not_listed,
            }
            { [FindEvents]
                events_are_found_by_their_ids,
                an_error_of_the_sink_ends_the_search,
                what_was_written_is_found,
            }
            { [CloseStreams]
                a_closed_stream_takes_no_more_events,
                a_batch_with_a_closed_stream_writes_nothing,
                a_closed_stream_meets_a_condition,
                a_stream_is_closed_under_every_name,
                a_random_history_with_closed_streams_is_that_of_the_reference_store,
            }
            { [CloseStreams ListStreams]
                a_closed_stream_is_listed_as_closed,
            }
            { [ImportStore]
                a_copy_is_read_as_the_original,
                an_interrupted_copy_resumes,
                a_copied_store_continues,
                a_store_of_another_history_is_not_copied_into,
                an_imported_event_follows_what_is_stored,
                a_copied_command_keeps_its_outcome,
                copied_names_agree_with_those_that_are_there,
            }
            { [ImportStore ListStreams]
                copied_streams_are_listed,
            }
        }
    };
    // The cases collected so far, then those of the remaining traits.
    (@of $all:tt $without:tt [[$($callback:tt)*] $($before:tt)*] [$($case:ident)*]) => {
        $($callback)*! { $($before)* $($case),* }
    };
    (@of $all:tt [ReadAll $($w:ident)*] $call:tt $cases:tt
     { [ReadAll] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [ListStreams $($w:ident)*] $call:tt $cases:tt
     { [ListStreams] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [FindEvents $($w:ident)*] $call:tt $cases:tt
     { [FindEvents] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [CloseStreams $($w:ident)*] $call:tt $cases:tt
     { [CloseStreams] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [ListStreams $($w:ident)*] $call:tt $cases:tt
     { [CloseStreams ListStreams] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [CloseStreams $($w:ident)*] $call:tt $cases:tt
     { [CloseStreams ListStreams] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [ImportStore $($w:ident)*] $call:tt $cases:tt
     { [ImportStore] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [ImportStore $($w:ident)*] $call:tt $cases:tt
     { [ImportStore ListStreams] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [ListStreams $($w:ident)*] $call:tt $cases:tt
     { [ImportStore ListStreams] $($left_out:tt)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call $cases $($rest)* }
    };
    (@of $all:tt [$other:ident $($without:ident)*] $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all [$($without)*] $($rest)* }
    };
    (@of $all:tt [] $call:tt [$($case:ident)*] { [$($of:ident)*] $($more:ident,)* } $($rest:tt)*) => {
        $crate::conformance_cases! { @of $all $all $call [$($case)* $($more)*] $($rest)* }
    };
}
