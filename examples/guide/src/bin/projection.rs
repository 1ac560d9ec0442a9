//! `cargo run -p guide --bin projection`
//!
//! A read model in a file, built by a loop of its own. Take it where a list or a sum is shown, and a moment's
//! delay does no harm.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::{Recorded, Repository};
use es_sqlite::{Projector, SqliteStore};
use guide::{Account, Deposit, Deposited, Withdraw, Withdrawn};
use sqlx::{Executor, SqliteConnection};

#[derive(Projection)]
#[projection(name = "balances", build = 1, events(Deposited, Withdrawn), model = SqliteConnection, error = sqlx::Error, setup)]
struct Balances;

impl ProjectSetup for Balances {
    async fn setup(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        db.execute("CREATE TABLE balances (account TEXT PRIMARY KEY, cents INTEGER NOT NULL) STRICT").await?;
        Ok(())
    }
}

async fn add(account: &str, cents: i64, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let upsert =
        "INSERT INTO balances VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET cents = cents + ?2";
    sqlx::query(upsert).bind(account).bind(cents).execute(db).await?;
    Ok(())
}

impl Project<Deposited> for Balances {
    async fn project(
        &self,
        event: &Recorded<Deposited>,
        db: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        add(event.stream.key(), event.event.cents, db).await
    }
}

impl Project<Withdrawn> for Balances {
    async fn project(
        &self,
        event: &Recorded<Withdrawn>,
        db: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        add(event.stream.key(), -event.event.cents, db).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("es-guide-projection-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let store = SqliteStore::open(folder.join("bank.db")).await?;
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.execute("A-17", Deposit(500)).await?;
    accounts.execute("A-17", Withdraw(120)).await?;
    accounts.execute("B-4", Deposit(70)).await?;

    // A program calls `run()`, which never returns; `catch_up` ends with the last event.
    let projector = Projector::new(store, Balances);
    projector.catch_up().await?;
    let mut model = projector.model_target().read().await?;
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT account, cents FROM balances ORDER BY account").fetch_all(&mut model).await?;
    for (account, cents) in rows {
        println!("{account}: {cents}");
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
