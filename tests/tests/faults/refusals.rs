//! Transient errors of the server, and permanent ones.

use es_core::{ExecuteError, StoreError};
use sqlx::PgConnection;

use crate::support::*;

/// The server refuses this many appends with this error.
async fn refuse(db: &mut PgConnection, code: &str, times: i64) {
    sql(
        db,
        &format!(
            "CREATE SEQUENCE tried;
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF nextval('public.tried') <= {times} THEN
                     RAISE EXCEPTION 'not now' USING ERRCODE = '{code}';
                 END IF;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER refuse AFTER INSERT ON es.events FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        ),
    )
    .await;
}

async fn accept(db: &mut PgConnection) -> i64 {
    let tried = number(db, "SELECT last_value FROM tried").await;
    sql(db, "DROP TRIGGER refuse ON es.events; DROP FUNCTION refuse; DROP SEQUENCE tried").await;
    tried
}

#[tokio::test]
async fn transient_errors_are_retried_and_others_are_not() {
    let (database, store) = fresh().await;
    let mut db = connect(database.url()).await;
    let accounts = accounts(&store);
    let a = String::from("a");
    let mut deposited = 0;
    // Serialization, deadlock, memory, disk, connections, a failing disk, a cancelled statement, a server
    // that shuts down, a read-only session.
    for code in ["40001", "40P01", "53200", "53100", "53300", "58030", "57014", "57P01", "25006"] {
        refuse(&mut db, code, 2).await;
        let done = accounts.execute(&a, Deposit(1)).await.unwrap_or_else(|error| panic!("{code}: {error:?}"));
        deposited += 1;
        assert_eq!((done.revision.get(), done.repeated), (deposited, false), "{code}");
        assert_eq!(accept(&mut db).await, 3, "{code}");
    }
    // A constraint, a bug of the server, data corruption.
    for code in ["23514", "XX000", "XX001"] {
        refuse(&mut db, code, 2).await;
        let error = accounts.execute(&a, Deposit(1)).await.expect_err(code);
        let ExecuteError::Store(StoreError::Backend { retryable: false, .. }) = &error else {
            panic!("{code}: {error:?}")
        };
        assert_eq!(accept(&mut db).await, 1, "{code}");
    }
    assert!(holds(&mut db, CONTIGUOUS).await);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await.unsigned_abs(), deposited);
}
