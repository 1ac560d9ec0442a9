//! A server that has no connection left for a program: each part of it says so, and goes on by itself once
//! there is room.

use es_postgres::PostgresStore;
use sqlx::{Connection, PgConnection};

use crate::support::*;
use crate::workload::Workload;

/// How many the server has.
const CONNECTIONS: usize = 30;

/// A server, a connection that nobody takes away, and a program that has a role of its own.
async fn working() -> (Host, PgConnection, Workload) {
    let settings = format!("max_connections = {CONNECTIONS}\nsuperuser_reserved_connections = 0");
    let host = Host::start(&settings).await;
    let owner = PostgresStore::migrate(host.url()).await.expect("tables");
    let mut admin = connect(host.url()).await;
    sql(&mut admin, "CREATE ROLE app LOGIN").await;
    owner.grant_writer("app").await.expect("granted");
    owner.grant_projector("app").await.expect("granted");
    owner.close().await;
    let store = impatient(&of_app(&host)).connections(4).connect().await.expect("a store");
    let program = Workload::start(&store).await;
    program.goes_on(10).await;
    (host, admin, program)
}

fn of_app(host: &Host) -> String {
    host.url().replacen("postgres@", "app@", 1)
}

/// Ends the sessions of the program, and takes what they leave, until strangers have all but one.
async fn take_all(url: &str, admin: &mut PgConnection) -> Vec<PgConnection> {
    let mut taken = Vec::new();
    while taken.len() < CONNECTIONS - 1 {
        match PgConnection::connect(url).await {
            Ok(connection) => taken.push(connection),
            Err(_) => {
                sql(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
                    .await;
            }
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_outlives_strangers_that_take_all_connections() {
    let (host, mut admin, program) = working().await;
    for _ in 0..2 {
        let taken = take_all(host.url(), &mut admin).await;
        program.says("the server accepts no connection now").await;
        drop(taken);
        program.goes_on(10).await;
    }
    program.end_exact(&mut admin).await;
}

/// As where another program has the role or the database as well, and takes what either may have.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_outlives_a_role_and_a_database_that_have_no_connection_left() {
    let (host, mut admin, program) = working().await;
    for of in ["ROLE app", "DATABASE postgres"] {
        let mut held = [connect(&of_app(&host)).await, connect(&of_app(&host)).await];
        for held in &mut held {
            sql(held, "SET application_name = 'held'").await;
        }
        // That of a database counts the sessions of a superuser, too.
        let limit = format!("ALTER {of} CONNECTION LIMIT {}", if of == "ROLE app" { 2 } else { 3 });
        sql(&mut admin, &limit).await;
        let pids = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
                    WHERE usename = 'app' AND application_name <> 'held'";
        sql(&mut admin, pids).await;
        program.says("the server accepts no connection now").await;
        drop(held);
        sql(&mut admin, &format!("ALTER {of} CONNECTION LIMIT -1")).await;
        program.goes_on(10).await;
    }
    program.end_exact(&mut admin).await;
}
