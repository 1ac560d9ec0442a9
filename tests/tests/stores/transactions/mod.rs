//! Transactions over several aggregates, on every store.

mod basics;
mod conflicts;
mod domain;
mod idempotency;
mod kept;
mod refusals;
mod unique;
mod unique_lock;
mod unique_races;
mod unreliable;

/// One test of each case on each store.
macro_rules! on_all_stores {
    ($($file:ident: $($case:ident),+;)+) => {
        mod memory {$($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$file::$case(es_core::MemoryStore::new()).await;
            }
        )+)+}

        mod sqlite {$($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                super::$file::$case(es_sqlite::SqliteStore::in_memory().await.expect("a store")).await;
            }
        )+)+}

        mod postgres {$($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let database = es_postgres::testing::TestDatabase::new().await.expect("a test database");
                super::$file::$case(database.store().await.expect("a migrated store")).await;
            }
        )+)+}
    };
}

on_all_stores! {
    basics: commands_of_several_types_are_written_together, commands_on_one_stream_build_on_each_other,
        a_transaction_on_one_stream_is_a_command, what_only_reads_writes_nothing;
    conflicts: a_conflict_in_the_middle_is_decided_again, a_stream_that_was_read_must_not_change,
        a_stream_that_was_not_there_must_not_come, two_that_read_what_the_other_writes_do_not_both_go_through,
        sixteen_callers_on_two_hot_accounts_keep_the_sum, after_all_retries_the_conflict_is_told,
        a_rejection_rests_on_one_moment;
    idempotency: a_repetition_gets_the_first_outcome, of_one_transaction_sent_twice_at_once_one_is_executed,
        an_id_of_another_command_is_refused, a_repetition_that_takes_another_course_is_refused,
        a_lost_answer_is_found_again;
    kept: kept_states_stay_right, a_cancelled_transaction_leaves_nothing_behind, snapshots_are_taken_when_due;
    refusals: a_rejection_ends_it, a_rejection_that_is_handled_goes_on, a_closed_stream_can_only_be_read,
        what_cannot_be_read_back_is_not_written, together_they_keep_to_the_limit,
        after_its_end_a_transaction_is_of_no_use;
    unique: a_value_has_one_owner, only_its_owner_releases_a_value, a_change_is_one_append,
        what_is_not_written_reserves_nothing, a_repetition_reserves_nothing_again,
        any_text_is_a_value_and_none_is_stored, who_had_a_value_can_be_read;
    unique_races: of_two_who_saw_a_value_free_one_gets_it, of_two_changes_of_one_value_one_is_made,
        two_who_want_each_others_value_keep_their_own, that_a_value_is_taken_holds_when_it_is_written,
        that_the_owner_has_a_value_holds_when_it_is_written, of_sixteen_who_want_a_value_one_gets_it;
}
