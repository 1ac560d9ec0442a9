//! A store of accounts, projections of them, and SQL to compare with.

use std::convert::Infallible;
use std::sync::Arc;

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::{BoxError, NewEvent};
use es_core::store::{Append, AppendOutcome};
use es_core::{
    Aggregate, Apply, EventStore, Events, Handle, Metadata, Recorded, Repository, Revision, StoreError,
    StreamId, emit, event,
};
use es_postgres::PostgresStore;
use es_postgres::testing::TestDatabase;
use sqlx::{Executor, PgConnection};

pub(crate) use crate::database::{LONG, MOMENT, connect, number, sql, until};

#[event(name = "account.opened")]
pub(crate) struct Opened {
    pub(crate) owner: String,
}

#[event(name = "account.deposited")]
pub(crate) struct Deposited {
    pub(crate) cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Opened, Deposited))]
pub(crate) struct Account {
    open: bool,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {
        self.open = true;
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, _: Deposited) {}
}

/// Deposits, and opens the account first if it is not open.
pub(crate) struct Deposit(pub(crate) i64);

impl Handle<Deposit> for Account {
    type Error = Infallible;

    fn handle(&self, command: &Deposit) -> Result<Events<Self>, Infallible> {
        let opened = (!self.open).then(|| Opened { owner: "Ann".into() });
        emit((opened, Deposited { cents: command.0 }))
    }
}

/// One row for each account. Projecting an event twice changes the numbers.
#[derive(Projection)]
#[projection(name = "balances", events(Opened, Deposited), model = PgConnection, setup)]
pub(crate) struct Balances;

pub(crate) async fn make_balances(db: &mut PgConnection) -> Result<(), BoxError> {
    db.execute(
        "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)",
    )
    .await?;
    Ok(())
}

pub(crate) async fn open_balance(account: &str, db: &mut PgConnection) -> Result<(), BoxError> {
    sqlx::query("INSERT INTO balances VALUES ($1, 0, 1)").bind(account).execute(db).await?;
    Ok(())
}

pub(crate) async fn add_balance(account: &str, cents: i64, db: &mut PgConnection) -> Result<(), BoxError> {
    let sql = "UPDATE balances SET cents = cents + $2, events = events + 1 WHERE account = $1";
    match sqlx::query(sql).bind(account).bind(cents).execute(db).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(format!("{account} is not open").into()),
    }
}

impl ProjectSetup for Balances {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        make_balances(db).await
    }
}

impl Project<Opened> for Balances {
    async fn project(&self, event: &Recorded<Opened>, db: &mut PgConnection) -> Result<(), BoxError> {
        open_balance(event.stream.key(), db).await
    }
}

impl Project<Deposited> for Balances {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        add_balance(event.stream.key(), event.event.cents, db).await
    }
}

pub(crate) async fn fresh() -> (TestDatabase, PostgresStore) {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a migrated store");
    (database, store)
}

/// Deposits through commands.
pub(crate) async fn deposit(store: &PostgresStore, account: &str, cents: i64) {
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute(&account.to_owned(), Deposit(cents)).await.expect("a deposit");
}

/// Appends an event without a command.
pub(crate) async fn append(
    store: &PostgresStore,
    key: &str,
    expected: u64,
    name: &'static str,
    version: u32,
    payload: &str,
) {
    let stream = StreamId::new("account", key).expect("a stream id");
    let events = [NewEvent::new(name, version, payload.into(), Arc::new(Metadata::new()))];
    let outcome =
        store.append(Append::new(&stream, Revision::new(expected), &events)).await.expect("an outcome");
    assert!(matches!(outcome, AppendOutcome::Appended(_)), "{outcome:?}");
}

/// Asserts that an append is stored.
pub(crate) fn appended(outcome: Result<AppendOutcome, StoreError>) {
    match outcome {
        Ok(AppendOutcome::Appended(_)) => {}
        other => panic!("{other:?}"),
    }
}

/// An event that opens an account.
pub(crate) fn opening() -> [NewEvent; 1] {
    let payload = br#"{"owner":"Ann"}"#.to_vec();
    [NewEvent::new("account.opened", 1, payload, Arc::new(Metadata::new()))]
}

/// An event that deposits into an open account.
pub(crate) fn depositing() -> [NewEvent; 1] {
    let payload = br#"{"cents":7}"#.to_vec();
    [NewEvent::new("account.deposited", 1, payload, Arc::new(Metadata::new()))]
}

/// The condition that the read model `schema.balances` agrees with the events, account by account.
pub(crate) fn is_exact(schema: &str) -> String {
    format!(
        "NOT EXISTS (
            SELECT FROM (
                SELECT key AS account, coalesce(sum((payload->>'cents')::bigint), 0)::bigint AS cents, count(*) AS events
                FROM es.event_log GROUP BY key) AS wanted
            FULL JOIN {schema}.balances AS found USING (account)
            WHERE (wanted.cents, wanted.events) IS DISTINCT FROM (found.cents, found.events))"
    )
}

pub(crate) async fn assert_exact(connection: &mut PgConnection, schema: &str) {
    let exact = number(connection, &format!("SELECT ({})::integer::bigint", is_exact(schema))).await;
    assert_eq!(exact, 1, "{schema}.balances does not agree with the events");
}
