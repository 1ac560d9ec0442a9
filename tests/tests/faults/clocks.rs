//! A server clock that is set back and forth. Events are ordered by position, not by time.

use std::time::Duration;

use es_core::ExecuteOptions;
use es_core::record::RawEvent;
use es_core::subscription::Subscription;
use es_core::uuid::Uuid;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::support::*;

/// Gives a database a clock that can be set.
const CLOCK: &str = "
    SET allow_system_table_mods = on;
    ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO real_clock_timestamp;
    CREATE TABLE public.clock (hours integer NOT NULL);
    INSERT INTO public.clock VALUES (0);
    GRANT SELECT ON public.clock TO PUBLIC;
    CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        RETURN pg_catalog.real_clock_timestamp() + (SELECT pg_catalog.make_interval(hours => hours) FROM public.clock);
    END $$;
    RESET allow_system_table_mods";

async fn set(db: &mut PgConnection, hours: i32) {
    sql(db, &format!("UPDATE public.clock SET hours = {hours}")).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_changes_no_order() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(&mut db, CLOCK).await;
    let store = {
        store.close().await;
        database.store().await.expect("a store")
    };
    let accounts = accounts(&store);
    let a = String::from("a");
    projector(&store).catch_up().await.expect("tables");
    let began = OffsetDateTime::now_utc();
    let hours = [0, -48, 24, -72, 0];
    let commands = hours.map(|_| Uuid::now_v7());
    for (nth, (hours, id)) in hours.into_iter().zip(commands).enumerate() {
        set(&mut db, hours).await;
        let options = ExecuteOptions::new().command_id(id);
        accounts.execute_with(&a, Deposit(1 << nth), options).await.expect("a deposit");
        projector(&store).catch_up().await.expect("all events");
        projector(&store).status().await.expect("a status");
        store.open_appends().await.expect("open appends");
    }

    let mut seen = Vec::new();
    let mut take = |event: RawEvent<'_>| {
        seen.push((event.position, event.revision.get(), event.recorded_at));
        Ok(())
    };
    let mut subscription = Subscription::new(store.clone());
    subscription.page(&mut take).await.expect("a page");
    assert!(seen.is_sorted_by_key(|(position, ..)| *position));
    assert_eq!(seen.iter().map(|(_, revision, _)| *revision).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let elapsed = |hours: i32| began + time::Duration::hours(hours.into());
    for ((.., recorded_at), hours) in seen.iter().zip(hours) {
        assert!((*recorded_at - elapsed(hours)).abs() < time::Duration::hours(1), "{recorded_at}");
    }
    assert!(holds(&mut db, BALANCED).await);

    // Times select events, but do not order them.
    let minutes = |minutes| began + time::Duration::minutes(minutes);
    for (at, cents) in [(-90 * 60, 0), (-60 * 60, 8), (-60, 2 + 8), (60, 1 + 2 + 8 + 16), (30 * 60, 31)] {
        let then = accounts.load_as_of(&a, minutes(at)).await.expect("an account");
        assert_eq!(then.state.cents, cents, "{at} minutes");
    }

    // Pruning compares ages with the current clock, in whatever order commands were recorded.
    assert_eq!(store.prune_commands(Duration::from_secs(60 * 3600)).await.expect("pruned"), 1);
    assert_eq!(store.prune_commands(Duration::from_secs(36 * 3600)).await.expect("pruned"), 1);
    assert_eq!(store.prune_commands(Duration::from_secs(3600)).await.expect("pruned"), 0);
    let again = ExecuteOptions::new().command_id(commands[2]);
    assert!(accounts.execute_with(&a, Deposit(4), again).await.expect("it is remembered").repeated);
    set(&mut db, 26).await;
    assert_eq!(store.prune_commands(Duration::from_secs(3600)).await.expect("pruned"), 3);
    assert_eq!(accounts.load(&a).await.expect("an account").state.cents, 31);
}
