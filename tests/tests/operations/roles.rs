//! Group roles.

use es_core::{ExecuteError, Repository, StoreError};
use es_postgres::Projector;
use es_tests::operations::bank::{Account, Balances, Deposit};
use es_tests::operations::block;

use crate::support::{Server, open};

#[tokio::test(flavor = "multi_thread")]
async fn programs_work_as_members_of_group_roles() {
    let server = Server::start("").await;
    server.store().await.close().await;
    let psql = |statements: &str| server.shell.psql("shop", statements);
    psql("CREATE ROLE shop_app LOGIN; CREATE ROLE shop_reports LOGIN");
    psql(&block("roles"));

    let app = open(&server.url_of("shop_app", "shop")).await;
    Repository::<Account, _>::new(app.clone()).execute(&1, Deposit(5)).await.expect("a writer appends");
    Projector::new(app.clone(), Balances).catch_up().await.expect("a projector projects");
    let reading = open(&server.url_of("shop_reports", "shop")).await;
    let accounts = Repository::<Account, _>::new(reading.clone());
    assert_eq!(accounts.load(&1).await.expect("a reader reads").state.cents, 5);
    let refused = accounts.execute(&1, Deposit(5)).await.expect_err("a reader does not append");
    assert!(matches!(refused, ExecuteError::Store(StoreError::Setup { .. })), "{refused:?}");

    // The table in `docs/operations.md`, compared with the server's catalogs.
    for (role, (reads, appends, projects)) in [
        ("shop_reports", (true, false, false)),
        ("shop_app", (true, true, true)),
        ("es_reader", (true, false, false)),
        ("es_writer", (true, true, false)),
        ("es_projector", (true, false, true)),
    ] {
        let may = |what: &str| psql(&format!("SELECT {}", what.replace("$1", &format!("'{role}'")))) == "t";
        assert_eq!(may("has_table_privilege($1, 'es.events', 'SELECT')"), reads, "{role}");
        assert_eq!(may("has_function_privilege($1, 'es.append_one'::regproc, 'EXECUTE')"), appends, "{role}");
        assert_eq!(
            may("has_function_privilege($1, 'es.prune_commands'::regproc, 'EXECUTE')"),
            appends,
            "{role}"
        );
        assert_eq!(may("has_table_privilege($1, 'es.checkpoints', 'UPDATE')"), projects, "{role}");
        assert_eq!(may("has_database_privilege($1, 'shop', 'CREATE')"), projects, "{role}");
        for table in ["events", "streams", "event_types", "categories", "registrations"] {
            let changes =
                format!("has_table_privilege($1, 'es.{table}', 'INSERT, UPDATE, DELETE, TRUNCATE')");
            assert!(!may(&changes), "{role}, {table}");
        }
    }
    // A reader may run all monitoring queries.
    let reports = server.shell.clone().with("PGUSER", "shop_reports");
    for name in [
        "open-appends",
        "projections",
        "dead-letters",
        "registrations",
        "sizes",
        "standbys",
        "waiting-for-a-standby",
        "archive-state",
        "connections",
        "verify",
        "holes",
    ] {
        reports.psql("shop", &block(name));
    }
    app.close().await;
    reading.close().await;
}
