//! A server without free connections for a program: each component reports that, and continues once there are
//! some.

use es_postgres::PostgresStore;
use sqlx::{Connection, PgConnection};

use crate::support::*;
use crate::workload::Workload;

/// The number of connections of the server.
const CONNECTIONS: usize = 30;

/// A server, a reserved connection, and a program with a role of its own.
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

/// Terminates the sessions of the program, and takes their connections, until others have all but one.
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
async fn a_program_survives_others_that_take_all_connections() {
    let (host, mut admin, program) = working().await;
    for _ in 0..2 {
        let taken = take_all(host.url(), &mut admin).await;
        program.says("the server accepts no connection now").await;
        drop(taken);
        program.goes_on(10).await;
    }
    program.end_exact(&mut admin).await;
}

/// As if another program used the same role or database, and took all connections of either.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_survives_connection_limits_of_its_role_and_database() {
    let (host, mut admin, program) = working().await;
    for of in ["ROLE app", "DATABASE postgres"] {
        let mut held = [connect(&of_app(&host)).await, connect(&of_app(&host)).await];
        for held in &mut held {
            sql(held, "SET application_name = 'held'").await;
        }
        // The limit of a database includes the sessions of a superuser.
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
