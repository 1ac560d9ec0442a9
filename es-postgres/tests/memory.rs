//! A long stream is read in bounded memory. This is a separate binary, as the memory of a process is
//! measured.

use es_core::store::{Load, LoadItem, StreamRange};
use es_core::{EventStore, Revision, StreamId};
use es_postgres::testing::TestDatabase;
use sqlx::{Connection, PgConnection};

const EVENTS: u64 = 300_000;
/// Their payloads alone are over 60 MB.
const PAYLOAD: usize = 200;
const ALLOWED_KB: u64 = 8 * 1024;

/// The peak memory of this process, in kB. Only Linux reports it.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_long_stream_is_read_in_bounded_memory() {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a store");
    let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "SELECT es.register_names('{{account}}', '{{account.counted}}', '{{1}}');
         INSERT INTO es.streams (category, key, revision, head_event_id) VALUES (1, 'long', {EVENTS}, gen_random_uuid());
         INSERT INTO es.events (position, stream, revision, recorded_at, event_id, type, payload)
         SELECT nextval('es.positions'), 1, n, clock_timestamp(), gen_random_uuid(), 1,
                json_build_object('text', repeat('x', {PAYLOAD}))
         FROM generate_series(1, {EVENTS}) n"
    )))
    .execute(&mut connection)
    .await
    .expect("a long stream");
    let stream = StreamId::new("account", "long").expect("a stream id");
    // The first read allocates what stays: buffers, statements, names.
    let warm = StreamRange::ALL.to(Revision::new(1_000));
    store.read_stream(&stream, warm, &mut |_| Ok(())).await.expect("read");
    store.load(Load::all(&stream).up_to(Revision::new(1_000)), &mut |_| Ok(())).await.expect("read");
    let before = peak_kb();

    let (mut forward, mut backward, mut loaded) = (0, 0, 0);
    let mut count = |_: es_core::record::RawEvent<'_>| {
        forward += 1;
        Ok(())
    };
    store.read_stream(&stream, StreamRange::ALL, &mut count).await.expect("read");
    let mut next = EVENTS;
    let mut down = |event: es_core::record::RawEvent<'_>| {
        assert_eq!(event.revision, Revision::new(next));
        (next, backward) = (next - 1, backward + 1);
        Ok(())
    };
    store.read_stream(&stream, StreamRange::ALL.backward(), &mut down).await.expect("read");
    let mut load = |item: LoadItem<'_>| {
        loaded += u64::from(matches!(item, LoadItem::Event(_)));
        Ok(())
    };
    store.load(Load::all(&stream), &mut load).await.expect("a head");

    assert_eq!((forward, backward, loaded), (EVENTS, EVENTS, EVENTS));
    if let (Some(before), Some(after)) = (before, peak_kb()) {
        assert!(after - before < ALLOWED_KB, "reading took {} kB more", after - before);
    }
}
