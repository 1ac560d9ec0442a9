//! Read models in a different database than their events: which events are used, and who may run them.

use es_core::projection::ModelStore;
use es_core::store::ReadAll;
use es_core::{MemoryStore, Repository, StoreError, StreamId};
use es_postgres::testing::TestDatabase;
use es_postgres::{
    ConnectError, OnFailure, PostgresProjector, PostgresStore, PostgresTarget, PostgresTargetError,
    Projector, ProjectorError,
};
use sqlx::PgConnection;

use crate::policies::{OPEN_GHOST, poisoned};
use crate::rewind::{events_after, rewind};
use crate::support::*;

/// A store, and another database for models, which has events of another service, in accounts with the same
/// names.
pub(crate) struct Apart {
    pub(crate) store: PostgresStore,
    pub(crate) events: TestDatabase,
    pub(crate) models: TestDatabase,
    pub(crate) others: PostgresStore,
    pub(crate) db: PgConnection,
}

impl Apart {
    pub(crate) async fn fresh() -> Self {
        let (events, store) = fresh().await;
        let (models, others) = fresh().await;
        for account in ["a", "a1", "ghost"] {
            deposit(&others, account, 1_000_000).await;
        }
        let db = connect(models.url()).await;
        Self { store, events, models, others, db }
    }

    pub(crate) fn target<P>(&self) -> PostgresTarget<P> {
        PostgresTarget::new(self.others.clone())
    }

    pub(crate) fn projector(&self) -> Projector<Balances> {
        Projector::with_target(self.store.clone(), Balances, self.target())
    }

    /// The expected model: accounts, cents and number of events.
    async fn wanted(&self) -> Vec<(String, i64, i64)> {
        let mut db = connect(self.events.url()).await;
        let sums =
            "SELECT key, coalesce(sum((payload->>'cents')::bigint), 0)::bigint, count(*) FROM es.event_log
                    GROUP BY key ORDER BY key COLLATE \"C\"";
        sqlx::query_as(sums).fetch_all(&mut db).await.expect("sums")
    }

    async fn found(&mut self, schema: &str) -> Vec<(String, i64, i64)> {
        let rows =
            format!("SELECT account, cents, events FROM {schema}.balances ORDER BY account COLLATE \"C\"");
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(rows)).persistent(false).fetch_all(&mut self.db).await;
        rows.expect("balances")
    }

    pub(crate) async fn assert_exact(&mut self, schema: &str) {
        assert_eq!(self.found(schema).await, self.wanted().await, "{schema}.balances");
    }

    /// Waits until the model is as expected.
    pub(crate) async fn until_exact(&mut self, schema: &str) {
        let exact = async {
            while self.found(schema).await != self.wanted().await {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(LONG, exact).await.is_err() {
            self.assert_exact(schema).await;
        }
    }
}

fn is_foreign(error: &ProjectorError) -> bool {
    matches!(error.of_target(), Some(PostgresTargetError::ForeignSource { .. }))
}

#[tokio::test]
async fn only_the_events_of_the_source_are_projected() {
    let mut apart = Apart::fresh().await;
    for account in ["a", "b", "a", "c"] {
        deposit(&apart.store, account, 3).await;
    }
    let projector = apart.projector();
    projector.catch_up().await.expect("all events");
    apart.assert_exact("es_balances").await;
    deposit(&apart.others, "b", 7).await;
    deposit(&apart.store, "b", 4).await;
    let status = projector.status().await.expect("a status");
    assert_eq!((status.head, status.lag_events()), (apart.store.end().await.expect("a head").position(), 1));
    assert!(status.lag() > std::time::Duration::ZERO, "{status:?}");
    projector.catch_up().await.expect("one more");
    apart.assert_exact("es_balances").await;
    let status = projector.status().await.expect("a status");
    assert_eq!((status.lag_events(), status.dead_letters), (0, 0));
}

/// Otherwise such a model would wait forever for events that are never in its database.
#[tokio::test]
async fn a_model_beside_the_events_of_a_store_refuses_those_of_another_one() {
    let apart = Apart::fresh().await;
    deposit(&apart.store, "a", 3).await;
    let beside = ModelStore::<Balances>::model_target(&apart.others);
    let projector = Projector::with_target(apart.store.clone(), Balances, beside);
    let error = projector.catch_up().await.expect_err("the events are elsewhere");
    assert!(matches!(error.of_target(), Some(PostgresTargetError::EventsElsewhere { .. })), "{error}");
    assert!(error.to_string().contains("`PostgresTarget::new`"), "{error}");
    Projector::new(apart.others.clone(), Balances).catch_up().await.expect("its own events");
}

#[tokio::test]
async fn a_database_without_the_tables_is_refused_until_it_is_migrated() {
    let database = TestDatabase::empty().await.expect("a database");
    let refused = PostgresTarget::<Balances>::connect(database.url()).await.expect_err("no tables");
    assert!(matches!(refused, ConnectError::NotMigrated { .. }), "{refused}");
    let target = PostgresTarget::migrate(database.url()).await.expect("tables");
    let events = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(events.clone());
    accounts.execute(&"a".to_owned(), Deposit(5)).await.expect("a deposit");
    Projector::with_target(events, Balances, target).catch_up().await.expect("all events");
    let mut db = connect(database.url()).await;
    assert_eq!(number(&mut db, "SELECT cents FROM es_balances.balances WHERE account = 'a'").await, 5);
    assert_eq!(number(&mut db, "SELECT count(*) FROM es.events").await, 0);
    PostgresTarget::<Balances>::connect(database.url()).await.expect("the tables are there");
}

/// It has no privileges in the database of the events, nor in the store next to the models.
#[tokio::test]
async fn a_projector_role_of_the_database_of_the_models_is_enough() {
    let mut apart = Apart::fresh().await;
    let role = format!("es_models_{}", uuid::Uuid::now_v7().simple());
    sql(&mut apart.db, &format!("CREATE ROLE {role} LOGIN")).await;
    apart.others.grant_projector(&role).await.expect("granted");
    deposit(&apart.store, "a", 5).await;
    let options = PostgresStore::options(&as_role(apart.models.url(), &role));
    let target = PostgresTarget::new(options.connect().await.expect("the tables are there"));
    let projector = Projector::new(apart.store.clone(), Balances).into_target(target);
    projector.catch_up().await.expect("all events");
    apart.assert_exact("es_balances").await;
    let owner = format!(
        "SELECT nspowner::regrole::text = '{role}' FROM pg_namespace WHERE nspname = 'es_balances_1'"
    );
    until(&mut apart.db, &owner).await;
    let gone = format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
    sql(&mut apart.db, &gone).await;
}

/// The same URL with another user, without a password.
fn as_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let server = rest.split_once('@').map_or(rest, |(_, server)| server);
    format!("{scheme}://{role}@{server}")
}

#[tokio::test]
async fn a_second_source_is_refused_before_a_checkpoint_has_moved() {
    let mut apart = Apart::fresh().await;
    deposit(&apart.store, "a", 1).await;
    let (_events, second) = fresh().await;
    deposit(&second, "a", 2).await;
    apart.projector().partitions(4).prepare().await.expect("tables");
    let second = Projector::with_target(second, Balances, apart.target::<Balances>()).partitions(4);
    for error in [
        second.prepare().await.expect_err("another source"),
        second.catch_up().await.expect_err("another source"),
        second.run().await.expect_err("another source"),
    ] {
        assert!(is_foreign(&error) && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains("events in another store, the first of which is"), "{error}");
    }
    apart.projector().partitions(4).catch_up().await.expect("all events");
    apart.projector().partitions(4).repartition(2).await.expect("at one position");
    let error = second.partitions(2).prepare().await.expect_err("another source");
    assert!(is_foreign(&error), "{error}");
    apart.assert_exact("es_balances").await;
}

/// Neither had an event when the projection was set up: the checkpoint shows the difference.
#[tokio::test]
async fn of_two_sources_that_were_empty_one_is_refused_because_of_its_checkpoint() {
    let mut apart = Apart::fresh().await;
    let (_events, second) = fresh().await;
    apart.projector().prepare().await.expect("tables");
    let refused = Projector::with_target(second.clone(), Balances, apart.target::<Balances>());
    refused.prepare().await.expect("not known yet");
    deposit(&apart.store, "a", 1).await;
    deposit(&second, "a", 2).await;
    apart.projector().catch_up().await.expect("all events");
    let error = refused.catch_up().await.expect_err("a different event at the checkpoint");
    assert!(matches!(error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error}");
    apart.assert_exact("es_balances").await;
}

#[tokio::test]
async fn a_build_from_events_in_the_same_database_is_not_continued_with_those_elsewhere_nor_vice_versa() {
    for beside_first in [true, false] {
        let apart = Apart::fresh().await;
        deposit(&apart.store, "a", 1).await;
        let beside = Projector::new(apart.others.clone(), Balances);
        let mut both = [apart.projector(), beside];
        if beside_first {
            both.reverse();
        }
        let [first, second] = both;
        first.prepare().await.expect("tables");
        let error = second.catch_up().await.expect_err("other events");
        assert!(is_foreign(&error), "{error}");
        let error = second.repartition(2).await.expect_err("other events");
        assert!(is_foreign(&error), "{error}");
        first.catch_up().await.expect("all events");
    }
}

#[tokio::test]
async fn a_model_in_another_database_is_not_inline() {
    let apart = Apart::fresh().await;
    let inline = apart.projector().inline().await.map(drop).expect_err("the events are elsewhere");
    assert!(matches!(inline.of_target(), Some(PostgresTargetError::NotBeside { .. })), "{inline}");
}

#[tokio::test]
async fn a_source_that_was_rewound_is_detected() {
    let mut apart = Apart::fresh().await;
    for cents in 1..=3 {
        deposit(&apart.store, "a", cents).await;
    }
    apart.projector().catch_up().await.expect("all events");
    let mut events = connect(apart.events.url()).await;
    sql(&mut events, &rewind(&events_after(2))).await;
    for again in 0..3 {
        let store = apart.events.store().await.expect("the store as it is now");
        let projector = Projector::with_target(store.clone(), Balances, apart.target::<Balances>());
        for error in [
            projector.catch_up().await.expect_err("another history"),
            projector.run().await.expect_err("another history"),
        ] {
            assert!(matches!(error, ProjectorError::Store(StoreError::ForeignCheckpoint { .. })), "{error}");
        }
        // It grows past the checkpoint with other events.
        deposit(&store, "b", again).await;
    }
    assert_eq!(number(&mut apart.db, "SELECT cents FROM es_balances.balances").await, 6);
}

#[tokio::test]
async fn dead_letters_name_their_events_and_are_retried_in_order() {
    let mut apart = Apart::fresh().await;
    poisoned(&apart.store).await;
    let projector = apart.projector().on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but two");
    append(&apart.store, "ghost", 2, "account.deposited", 1, r#"{"cents":9}"#).await;
    projector.catch_up().await.expect("one more waits");
    let letters = projector.dead_letters().await.expect("a list");
    let mut events = connect(apart.events.url()).await;
    let ids: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT event_id FROM es.event_log WHERE key = 'ghost' ORDER BY revision")
            .fetch_all(&mut events)
            .await
            .expect("ids");
    let found: Vec<_> =
        letters.iter().map(|l| (l.revision.get(), &*l.event, l.event_id.expect("an id"))).collect();
    let deposited = "account.deposited";
    assert_eq!(found, [(1, deposited, ids[0]), (2, deposited, ids[1]), (3, deposited, ids[2])]);
    sql(&mut apart.db, OPEN_GHOST).await;
    let ghost = letters[0].stream.clone();
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (3, 0));
    apart.assert_exact("es_balances").await;
}

/// At the position of the dead letter there is a different event now.
#[tokio::test]
async fn a_dead_letter_is_not_retried_with_an_event_of_another_history() {
    let mut apart = Apart::fresh().await;
    deposit(&apart.store, "a", 1).await;
    let before = number(&mut connect(apart.events.url()).await, "SELECT max(position) FROM es.events").await;
    append(&apart.store, "ghost", 0, "account.deposited", 1, r#"{"cents":7}"#).await;
    let projector = apart.projector().on_failure(OnFailure::Park);
    projector.catch_up().await.expect("all but one");
    let mut events = connect(apart.events.url()).await;
    let back = format!("{}; SELECT setval('es.positions', {before})", events_after(before.unsigned_abs()));
    sql(&mut events, &rewind(&back)).await;
    let store = apart.events.store().await.expect("the store as it is now");
    append(&store, "ghost", 0, "account.deposited", 1, r#"{"cents":8}"#).await;
    let projector = Projector::with_target(store, Balances, apart.target::<Balances>());
    sql(&mut apart.db, OPEN_GHOST).await;
    let letters = projector.dead_letters().await.expect("a list");
    let now = number(&mut events, "SELECT max(position) FROM es.events").await;
    assert_eq!(letters[0].position.get(), now.unsigned_abs(), "both are at one position");
    let ghost = StreamId::new("account", "ghost").expect("a stream id");
    let retried = projector.retry(&ghost).await.expect("an outcome");
    assert_eq!((retried.taken, retried.left), (0, 1));
    let cents = "SELECT cents FROM es_balances.balances WHERE account = 'ghost'";
    assert_eq!(number(&mut apart.db, cents).await, 0);
}
