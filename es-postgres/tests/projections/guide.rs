//! The code of `docs/projections.md`.

use es_core::Recorded;
use es_core::projection::{Project, ProjectSetup, Projection};
use es_postgres::{PostgresStore, PostgresTarget, Projector};
use sqlx::{Executor, PgConnection};

use crate::support::{Account, AccountEvent, Deposited, Opened, connect, deposit, fresh, number};

#[derive(Projection)]
#[projection(name = "balances", build = 1, events(Opened, Deposited), model = PgConnection, error = sqlx::Error, setup)]
struct Balances;

impl ProjectSetup for Balances {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        db.execute(
            "CREATE TABLE balances (account text PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL)",
        )
        .await?;
        Ok(())
    }
}

impl Project<Opened> for Balances {
    async fn project(&self, event: &Recorded<Opened>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let insert = sqlx::query("INSERT INTO balances VALUES ($1, $2, 0)");
        insert.bind(event.stream.key()).bind(&event.event.owner).execute(db).await?;
        Ok(())
    }
}

impl Project<Deposited> for Balances {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let update = sqlx::query("UPDATE balances SET cents = cents + $2 WHERE account = $1");
        update.bind(event.stream.key()).bind(event.event.cents).execute(db).await?;
        Ok(())
    }
}

#[derive(Projection)]
#[projection(name = "statements", events(all of Account), model = PgConnection, error = sqlx::Error, setup)]
struct Statements;

impl ProjectSetup for Statements {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        db.execute("CREATE TABLE statements (account text, at timestamptz, text text NOT NULL)").await?;
        Ok(())
    }
}

impl Project<AccountEvent> for Statements {
    async fn project(
        &self,
        event: &Recorded<AccountEvent>,
        db: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        let text = match &event.event {
            AccountEvent::Opened(opened) => format!("opened for {}", opened.owner),
            AccountEvent::Deposited(deposited) => format!("{} cents paid in", deposited.cents),
        };
        let insert = sqlx::query("INSERT INTO statements VALUES ($1, $2, $3)");
        insert.bind(event.stream.key()).bind(event.occurred_at()).bind(text).execute(db).await?;
        Ok(())
    }
}

async fn balance(store: &PostgresStore, db: &mut PgConnection) -> Result<i64, Box<dyn std::error::Error>> {
    let projector = Projector::new(store.clone(), Balances);
    projector.catch_up().await?;
    let cents: i64 = sqlx::query_scalar("SELECT cents FROM es_balances.balances WHERE account = 'A-17'")
        .fetch_one(db)
        .await?;
    Ok(cents)
}

async fn report(store: PostgresStore, models: &str) -> Result<(), Box<dyn std::error::Error>> {
    let target = PostgresTarget::migrate(models).await?;
    Projector::new(store, Balances).into_target(target).catch_up().await?;
    Ok(())
}

#[tokio::test]
async fn the_guide_works() {
    let (database, store) = fresh().await;
    deposit(&store, "A-17", 500).await;
    assert_eq!(balance(&store, &mut connect(database.url()).await).await.expect("a balance"), 500);
    Projector::new(store.clone(), Statements).catch_up().await.expect("all events");
    let lines = "SELECT count(*) FROM es_statements.statements WHERE text = '500 cents paid in'";
    assert_eq!(number(&mut connect(database.url()).await, lines).await, 1);
    let (models, _) = fresh().await;
    report(store, models.url()).await.expect("all events");
    let cents = "SELECT cents FROM es_balances.balances WHERE account = 'A-17'";
    assert_eq!(number(&mut connect(models.url()).await, cents).await, 500);
}

/// The page shows the code that is compiled here, except for the layout.
#[test]
fn the_guide_is_this_code() {
    let plain = |text: &str| text.split_whitespace().collect::<String>().replace(",)", ")");
    let source = plain(include_str!("guide.rs"));
    let page = include_str!("../../../docs/projections.md");
    let blocks: Vec<&str> =
        page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks.iter().flat_map(|block| block.split("\n\n")) {
        assert!(source.contains(&plain(block)), "not in guide.rs:\n{block}");
    }
}
