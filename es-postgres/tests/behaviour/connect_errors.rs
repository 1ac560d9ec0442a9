//! The errors of opening a store say why, and what to do.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use es_core::store::Append;
use es_core::{EventStore, Revision, StoreError};
use es_postgres::testing::{Cluster, Proxy, TestDatabase};
use es_postgres::{ConnectError, PostgresStore};

use crate::support::{Gate, append_one, appended, connect, events, fresh, number, sql, stream};

async fn refused(url: &str) -> ConnectError {
    let error = PostgresStore::connect(url).await.expect_err("refused");
    assert!(!error.to_string().contains('\n'), "{error}");
    error
}

#[tokio::test]
async fn without_a_server_the_error_names_the_address() {
    for url in ["postgres://localhost:1/x", "postgres://localhost/x?host=/nowhere"] {
        let error = refused(url).await;
        assert!(matches!(&error, ConnectError::NoServer { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("no PostgreSQL answers at "), "{text}");
        assert!(text.contains("localhost:1") || text.contains("/nowhere"), "{text}");
        assert!(StoreError::from(error).is_retryable());
    }
}

#[tokio::test]
async fn an_invalid_url_and_a_bad_schema_name_are_reported() {
    for url in ["nonsense", "mysql://localhost:1/x", "http://localhost:1/x"] {
        assert!(matches!(refused(url).await, ConnectError::InvalidUrl { .. }), "{url}");
    }
    for name in ["", "1x", "Es", "x\"; DROP SCHEMA es; --", "pg_es"] {
        let opened = PostgresStore::options("postgres://localhost/x").schema(name).connect().await;
        let error = opened.expect_err(name);
        assert!(matches!(&error, ConnectError::InvalidSchemaName { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_missing_database_and_an_unknown_user_are_reported() {
    let (database, _) = fresh().await;
    let missing = database.url().replacen("/es_test_", "/no_such_", 1);
    let error = refused(&missing).await;
    assert!(
        matches!(&error, ConnectError::DatabaseMissing { database } if database.starts_with("no_such_")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_reported_without_the_password() {
    let folder = std::env::temp_dir().join(format!("es-cluster-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&folder).expect("a folder");
    let cluster = Cluster::persistent(&folder).start().await.expect("a server");
    let mut admin = connect(cluster.url()).await;
    sql(&mut admin, "SET password_encryption = 'scram-sha-256'; CREATE ROLE clerk LOGIN PASSWORD 'right'")
        .await;
    let rules = folder.join("server/data/pg_hba.conf");
    let before = std::fs::read_to_string(&rules).expect("the rules");
    std::fs::write(&rules, format!("local all clerk scram-sha-256\n{before}")).expect("written");
    sql(&mut admin, "SELECT pg_reload_conf()").await;
    let url = cluster.url().replacen("postgres@", "clerk:wrong@", 1);
    let error = loop {
        // The postmaster reloads the rules asynchronously.
        match refused(&url).await {
            ConnectError::NotMigrated { .. } => {}
            error => break error,
        }
    };
    assert!(
        matches!(&error, ConnectError::AuthenticationFailed { user, .. } if user == "clerk"),
        "{error:?}"
    );
    let text = format!("{error} {error:?}");
    assert!(!text.contains("wrong@") && !text.contains("\"wrong\""), "{text}");
    let stranger = refused(&cluster.url().replacen("postgres@", "nobody_here@", 1)).await;
    assert!(matches!(&stranger, ConnectError::AuthenticationFailed { .. }), "{stranger:?}");
    drop(admin);
    drop(cluster);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_old_is_reported_and_gets_no_tables() {
    let database = TestDatabase::empty().await.expect("a test database");
    let proxy = Proxy::of_version(database.url(), "13.14 (Debian 13.14-1)").await.expect("a proxy");
    let migrated = PostgresStore::migrate(proxy.url()).await.expect_err("refused");
    for error in [migrated, refused(proxy.url()).await] {
        assert_eq!(error.to_string(), "the server is PostgreSQL 13.14; 14 or later is needed");
    }
    let mut admin = connect(database.url()).await;
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'es'";
    assert_eq!(number(&mut admin, schemas).await, 0);
}

#[tokio::test]
async fn settings_on_which_guarantees_depend_are_checked() {
    type Check = fn(&ConnectError) -> bool;
    let cases: [(&str, Check); 6] = [
        ("ALTER DATABASE {db} SET synchronous_commit = off", |e| {
            matches!(e, ConnectError::SynchronousCommitOff)
        }),
        (
            "ALTER DATABASE {db} SET default_transaction_isolation = 'serializable'",
            |e| matches!(e, ConnectError::IsolationLevel { found } if found == "serializable"),
        ),
        ("ALTER SEQUENCE es.positions CACHE 10", |e| {
            matches!(e, ConnectError::UnsafeSequence { setting: "CACHE", .. })
        }),
        ("ALTER SEQUENCE es.positions INCREMENT 2", |e| {
            matches!(e, ConnectError::UnsafeSequence { setting: "INCREMENT", .. })
        }),
        ("ALTER SEQUENCE es.positions CYCLE", |e| {
            matches!(e, ConnectError::UnsafeSequence { setting: "CYCLE", .. })
        }),
        ("ALTER SEQUENCE es.positions RESTART WITH 3", |e| {
            matches!(e, ConnectError::PositionsBehind { drawn: 2, last: 5, .. })
        }),
    ];
    for (change, expected) in cases {
        let (database, store) = fresh().await;
        let (a, batch) = (stream("a"), events(5));
        let append = Append::new(&a, Revision::EMPTY, &batch);
        appended(store.append(append).await.expect("an outcome"));
        let name =
            database.url().split('?').next().and_then(|url| url.rsplit('/').next()).expect("a database");
        sql(&mut connect(database.url()).await, &change.replace("{db}", name)).await;
        let error = refused(database.url()).await;
        assert!(expected(&error), "{change}: {error:?}");
    }
}

/// Every connection is checked: a store that was opened before the change finds it when it connects again.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_connection_is_checked_like_the_first() {
    let (database, store) = fresh().await;
    appended(append_one(&store, &stream("a"), 0).await);
    let mut gate = Gate::closed(database.url()).await;
    sql(&mut gate.connection, "ALTER SEQUENCE es.positions CACHE 10").await;
    let held = {
        let store = store.clone();
        tokio::spawn(async move { append_one(&store, &stream("a"), 1).await })
    };
    gate.wait_for(1).await;
    let refused = store.append(Append::new(&stream("b"), Revision::EMPTY, &events(1))).await;
    assert!(
        matches!(&refused, Err(StoreError::Setup { source }) if source.to_string().contains("CACHE 10")),
        "{refused:?}"
    );
    gate.open().await;
    appended(held.await.expect("no panic"));
}

#[tokio::test]
async fn neither_store_nor_options_show_the_password() {
    let (database, _) = fresh().await;
    let url = database.url().replacen("postgres@", "postgres:hunter2@", 1);
    let options = PostgresStore::options(&url);
    let shown = format!("{options:?} {:?}", options.clone().connect().await.expect("a store"));
    assert!(shown.contains("PostgresStore") && !shown.contains("hunter2"), "{shown}");
}

/// A server without TLS, and one that answers with something else.
#[tokio::test]
async fn tls_errors_are_distinguished_from_an_unavailable_server() {
    for answer in [&b"N"[..], b"Snonsense that is no handshake at all"] {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = server.local_addr().expect("an address").port();
        let answering = tokio::spawn(async move {
            let (mut client, _) = server.accept().await.expect("a client");
            client.write_all(answer).await.expect("written");
            // Until the client has disconnected.
            let mut rest = Vec::new();
            let _gone = client.read_to_end(&mut rest).await;
        });
        let error = refused(&format!("postgres://localhost:{port}/x?sslmode=require")).await;
        assert!(matches!(&error, ConnectError::Tls { .. }), "{error:?}");
        assert!(error.to_string().contains("sslmode"), "{error}");
        assert!(!error.is_retryable());
        answering.await.expect("no panic");
    }
}
