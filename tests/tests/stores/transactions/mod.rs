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
        a_transaction_on_one_stream_is_a_command, a_transaction_that_only_reads_writes_nothing;
    conflicts: a_conflict_in_the_middle_is_decided_again, a_stream_that_was_read_must_not_change,
        a_stream_that_did_not_exist_must_not_be_created, two_transactions_that_each_read_what_the_other_writes_do_not_both_succeed,
        sixteen_callers_on_two_hot_accounts_keep_the_sum, after_all_retries_the_conflict_is_returned,
        a_rejection_is_based_on_one_moment;
    idempotency: a_repetition_gets_the_first_outcome, a_transaction_sent_twice_at_once_is_executed_once,
        the_id_of_another_command_is_rejected, a_repetition_that_decides_differently_is_rejected,
        a_lost_answer_is_found_again;
    kept: cached_states_stay_correct, a_cancelled_transaction_leaves_nothing_behind, snapshots_are_taken_when_due;
    refusals: a_rejection_ends_the_transaction, a_transaction_can_continue_after_a_handled_rejection, a_closed_stream_can_only_be_read,
        what_cannot_be_read_back_is_not_written, the_events_of_a_transaction_share_one_size_limit,
        a_transaction_cannot_be_used_after_its_end;
    unique: a_value_has_one_owner, only_its_owner_releases_a_value, a_change_is_one_append,
        what_is_not_written_reserves_nothing, a_repetition_reserves_nothing_again,
        any_text_is_a_value_and_is_never_stored_itself, former_owners_of_a_value_can_be_read;
    unique_races: if_two_find_a_value_free_one_reserves_it, of_two_concurrent_changes_of_one_value_one_succeeds,
        two_owners_who_want_each_others_value_keep_their_own, a_value_found_taken_is_still_taken_when_the_append_is_written,
        a_value_found_owned_is_still_owned_when_the_append_is_written, of_sixteen_callers_who_want_a_value_one_reserves_it;
}
