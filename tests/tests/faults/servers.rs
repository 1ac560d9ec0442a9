//! Servers that stop and restart, hang, or are replaced. The program continues, and nothing is lost or
//! duplicated.

use std::time::{Duration, Instant};

use es_postgres::testing::Proxy;
use es_postgres::{PostgresStore, Projector};
use sqlx::PgConnection;
use tokio::time::{sleep, timeout};

use crate::support::*;
use crate::workload::Workload;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_survives_a_server_that_stops_and_restarts() {
    let mut host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = impatient(host.url()).connect().await.expect("a store");
    let program = Workload::start(&store).await;
    for round in 0..3 {
        program.goes_on(10).await;
        if round == 1 {
            // Stopped by its administrator.
            host.stop();
        } else {
            host.cluster().crash().await.expect("killed");
        }
        // Longer than the deadline of any of its calls.
        program.notices(3).await;
        host.start_again().await;
    }
    program.goes_on(10).await;
    program.end_exact(&mut connect(host.url()).await).await;
}

/// Ten times as long as the deadline of any of its calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_survives_a_server_that_is_down_for_long() {
    let mut host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = impatient(host.url()).connect().await.expect("a store");
    let program = Workload::start(&store).await;
    outlives(&mut host, program, 10 * MOMENT).await;
}

/// With the default options of a store.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes"]
async fn a_program_survives_a_server_that_is_down_for_ten_minutes() {
    let mut host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = PostgresStore::connect(host.url()).await.expect("a store");
    let program = Workload::with(&store, Projector::new(store.clone(), Balances)).await;
    outlives(&mut host, program, Duration::from_secs(600)).await;
}

async fn outlives(host: &mut Host, program: Workload, long: Duration) {
    program.goes_on(10).await;
    host.stop();
    let (since, mut failures) = (Instant::now(), 0);
    while since.elapsed() < long {
        program.notices(1).await;
        failures += 1;
    }
    assert!(failures > 1 && program.is_projecting_again());
    program.says("no PostgreSQL answers").await;
    host.start_again().await;
    let back = Instant::now();
    program.goes_on(10).await;
    program.end_exact(&mut connect(host.url()).await).await;
    println!("down for {long:?}: {failures} failures were seen, and it continued after {:?}", back.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_survives_a_server_whose_host_is_frozen() {
    let host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = impatient(host.url()).connect().await.expect("a store");
    let program = Workload::start(&store).await;
    for _ in 0..2 {
        program.goes_on(10).await;
        let processes = host.processes();
        processes.iter().for_each(|process| signal("STOP", *process));
        program.notices(3).await;
        processes.iter().for_each(|process| signal("CONT", *process));
    }
    program.goes_on(10).await;
    program.end_exact(&mut connect(host.url()).await).await;
}

/// As by the kernel's OOM killer. The server treats it as possible corruption: it ends all sessions, and
/// restarts itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_survives_a_server_process_that_is_killed() {
    let host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let store = impatient(host.url()).connect().await.expect("a store");
    let program = Workload::start(&store).await;
    for query in ["append_one", "watermark", "end_batch"] {
        program.goes_on(10).await;
        let process = process_that_ran(query, &mut connect(host.url()).await).await;
        signal("KILL", process);
    }
    program.goes_on(10).await;
    program.end_exact(&mut connect(host.url()).await).await;
}

/// The server process whose session ran such a statement last. The program may still be opening that session.
async fn process_that_ran(query: &str, connection: &mut PgConnection) -> u32 {
    let found = timeout(LONG, async {
        loop {
            let process = format!(
                "SELECT coalesce(max(pid), 0)::bigint FROM pg_stat_activity
                 WHERE query LIKE '%{query}%' AND pid <> pg_backend_pid()"
            );
            match number(connection, &process).await {
                0 => sleep(Duration::from_millis(2)).await,
                process => return process.try_into().expect("a process"),
            }
        }
    });
    found.await.unwrap_or_else(|_| panic!("no session has run {query}"))
}

/// The standby has all acknowledged events, as the primary waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_follows_an_address_that_moves_to_another_server() {
    let host = Host::start("").await;
    PostgresStore::migrate(host.url()).await.expect("tables").close().await;
    let standby = host.cluster().standby(host.folder.join("standby")).await.expect("a standby");
    let mut primary = connect(host.url()).await;
    sql(&mut primary, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    sql(&mut primary, "SELECT pg_reload_conf()").await;
    until(&mut primary, "(SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync') = 1").await;

    let proxy = Proxy::over_tcp(host.url()).await.expect("a proxy");
    let store = impatient(proxy.url()).connect().await.expect("a store");
    let program = Workload::start(&store).await;
    program.goes_on(20).await;
    host.cluster().crash().await.expect("killed");
    standby.promote().await.expect("promoted");
    program.notices(1).await;
    proxy.turn_to(standby.url()).expect("its address");
    program.goes_on(20).await;
    program.end_exact(&mut connect(standby.url()).await).await;
}
