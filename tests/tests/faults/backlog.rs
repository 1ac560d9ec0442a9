//! A backlog of a million events is read and projected in bounded memory.

use es_core::store::Rest;
use es_core::subscription::Subscription;
use es_postgres::PostgresStore;

use crate::support::*;

const EVENTS: u64 = 1_000_000;
/// Their payloads and metadata alone take several times as much.
const ALLOWED_KB: u64 = 40 * 1024;

/// The peak memory of this process, in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("its peak");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number")
}

/// A separate process, as its memory is measured.
#[tokio::test]
#[ignore = "started by another test"]
async fn program_that_reads_everything() {
    let Ok(url) = std::env::var("ES_FAULTS_URL") else { return };
    let store = PostgresStore::connect(&url).await.expect("a store");
    let before = peak_kb();
    let mut subscription = Subscription::new(store.clone());
    let mut read = 0;
    let mut take = |_: es_core::record::RawEvent<'_>| {
        read += 1;
        Ok(())
    };
    while subscription.page(&mut take).await.expect("a page").rest == Rest::More {}
    assert_eq!(read, EVENTS);
    assert!(peak_kb() - before < ALLOWED_KB, "reading took {} kB more", peak_kb() - before);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_a_million_events_is_read_in_bounded_memory() {
    let (database, _store) = fresh().await;
    let mut db = connect(database.url()).await;
    sql(
        &mut db,
        &format!(
            "SELECT es.register_names('{{account}}', '{{account.deposited}}', '{{1}}');
             INSERT INTO es.streams (category, key, revision, head_event_id)
             SELECT 1, 'a' || n, {EVENTS} / 1000, gen_random_uuid() FROM generate_series(1, 1000) n;
             INSERT INTO es.events (position, stream, revision, recorded_at, event_id, type, payload)
             SELECT nextval('es.positions'), s, r, clock_timestamp(), gen_random_uuid(), 1, '{{\"cents\": 1}}'
             FROM generate_series(1, {EVENTS} / 1000) r, generate_series(1, 1000) s"
        ),
    )
    .await;
    let told = [("ES_FAULTS_URL", database.url())];
    Program::start("backlog::program_that_reads_everything", &told).end();
}
