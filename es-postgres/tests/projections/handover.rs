//! The next build of a projection under another role.

use es_core::uuid::Uuid;
use es_postgres::{PostgresStore, PostgresTargetError, Projector, ProjectorError};
use sqlx::PgConnection;

use crate::builds::NewBalances;
use crate::publishing::LongerBalances;
use crate::roles::as_role;
use crate::support::*;

/// Two roles that run projections, and one that reads a model.
struct Roles {
    names: [String; 3],
    stores: Vec<PostgresStore>,
    reader: PgConnection,
}

impl Roles {
    async fn new(url: &str, owner: &PostgresStore, admin: &mut PgConnection) -> Self {
        let id = Uuid::now_v7().simple();
        let names = ["old", "new", "reading"].map(|name| format!("{name}_{id}"));
        for role in &names {
            sql(admin, &format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
        }
        let mut stores = Vec::new();
        for role in &names[..2] {
            owner.grant_projector(role).await.expect("granted");
            stores.push(PostgresStore::connect(&as_role(url, role)).await.expect("a store"));
        }
        let reader = connect(&as_role(url, &names[2])).await;
        Self { names, stores, reader }
    }

    /// What the reader sees through the views.
    async fn read(&mut self) -> i64 {
        number(&mut self.reader, "SELECT count(*) FROM es_balances.balances").await
    }

    async fn drop(self, admin: &mut PgConnection) {
        drop(self.reader);
        for store in self.stores {
            store.close().await;
        }
        for role in self.names {
            sql(admin, &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
        }
    }
}

fn statements(done: Result<(), ProjectorError>) -> String {
    let error = done.expect_err("another role's");
    match error.of_target() {
        Some(PostgresTargetError::ForeignSchema { statements, .. }) => statements.clone(),
        _ => panic!("{error}"),
    }
}

#[tokio::test]
async fn another_role_publishes_the_next_build_once_it_owns_the_views() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let mut roles = Roles::new(database.url(), &owner, &mut admin).await;
    deposit(&owner, "a", 5).await;
    let old = Projector::new(roles.stores[0].clone(), Balances);
    old.catch_up().await.expect("all events");
    let reader = &roles.names[2];
    let grant = format!(
        "GRANT USAGE ON SCHEMA es_balances TO {reader}; GRANT SELECT ON es_balances.balances TO {reader};
         ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA es_balances GRANT SELECT ON TABLES TO {reader}",
        roles.names[1]
    );
    sql(&mut admin, &grant).await;
    assert_eq!(roles.read().await, 1);

    // Reported before anything is built.
    let new = Projector::new(roles.stores[1].clone(), NewBalances);
    let needed = statements(new.prepare().await);
    assert_eq!(number(&mut admin, "SELECT count(*) FROM es.checkpoints WHERE build = 2").await, 0);
    // Or afterwards, if it is published by hand.
    let by_hand = new.clone().publish_when_caught_up(false);
    by_hand.catch_up().await.expect("all events");
    assert_eq!(statements(by_hand.publish().await), needed);
    assert_eq!(statements(new.catch_up().await), needed);

    sql(&mut admin, &needed).await;
    assert_eq!(roles.read().await, 1, "readers are served in between");
    deposit(&owner, "b", 5).await;
    old.catch_up().await.expect("the old program keeps working");
    assert_eq!(roles.read().await, 2);
    new.catch_up().await.expect("all events");
    assert_eq!(new.status().await.expect("a status").live, Some(2));
    assert_eq!(roles.read().await, 2);
    assert_exact(&mut admin, "es_balances").await;
    deposit(&owner, "c", 5).await;
    old.catch_up().await.expect("the old program keeps working");

    // The tables of the old role are dropped by it, or by the new one once it owns them.
    let needed = statements(new.drop_build(1).await);
    sql(&mut admin, &needed).await;
    new.drop_build(1).await.expect("dropped");

    // And back again: now only the views are foreign, and those of a third build have more columns.
    let back = Projector::new(roles.stores[0].clone(), LongerBalances);
    let needed = statements(back.prepare().await);
    sql(&mut admin, &needed).await;
    back.catch_up().await.expect("all events");
    assert_eq!(back.status().await.expect("a status").live, Some(3));
    roles.drop(&mut admin).await;
}

#[tokio::test]
async fn a_member_of_the_other_role_publishes_without_a_handover() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let mut roles = Roles::new(database.url(), &owner, &mut admin).await;
    deposit(&owner, "a", 5).await;
    Projector::new(roles.stores[0].clone(), Balances).catch_up().await.expect("all events");
    let [old, new, reader] = &roles.names;
    sql(&mut admin, &format!("GRANT {old} TO {new}")).await;
    let default =
        format!("ALTER DEFAULT PRIVILEGES IN SCHEMA es_balances GRANT SELECT ON TABLES TO {reader}");
    let grant = format!(
        "GRANT USAGE ON SCHEMA es_balances TO {reader}; SET ROLE {old}; {default}; SET ROLE {new}; {default}; RESET ROLE"
    );
    sql(&mut admin, &grant).await;
    let projector = Projector::new(roles.stores[1].clone(), NewBalances);
    projector.catch_up().await.expect("all events");
    assert_eq!(roles.read().await, 1);
    // A view that keeps its columns keeps its owner, which reads the tables of the new role.
    let longer = Projector::new(roles.stores[1].clone(), LongerBalances);
    longer.catch_up().await.expect("all events");
    projector.drop_build(1).await.expect("dropped");
    assert_eq!(roles.read().await, 0, "it projects nothing");
    roles.drop(&mut admin).await;
}

/// With the same columns, so that the view stays.
#[tokio::test]
async fn the_owner_of_a_view_can_read_the_tables_of_the_next_build() {
    let (database, owner) = fresh().await;
    let mut admin = connect(database.url()).await;
    let mut roles = Roles::new(database.url(), &owner, &mut admin).await;
    deposit(&owner, "a", 5).await;
    Projector::new(roles.stores[0].clone(), Balances).catch_up().await.expect("all events");
    let [old, new, reader] = &roles.names;
    let grant = format!(
        "GRANT {old} TO {new}; GRANT USAGE ON SCHEMA es_balances TO {reader};
         GRANT SELECT ON es_balances.balances TO {reader}"
    );
    sql(&mut admin, &grant).await;
    assert_eq!(roles.read().await, 1);
    let projector = Projector::new(roles.stores[1].clone(), LongerBalances);
    projector.catch_up().await.expect("all events");
    assert_eq!(roles.read().await, 0, "it projects nothing");
    roles.drop(&mut admin).await;
}
