//! `DATABASE_URL=postgres://localhost/bank cargo run -p guide --bin inline_projection`
//!
//! A read model that is committed together with the events, in PostgreSQL. Take it where who has written must
//! see it in the model at once; it makes appends slower.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::{Recorded, Repository};
use es_postgres::{PostgresProjector, PostgresStore, Projector};
use guide::{Account, Deposit, Deposited};
use sqlx::{Connection, Executor, PgConnection};

#[derive(Projection)]
#[projection(name = "deposits", build = 1, events(Deposited), model = PgConnection, error = sqlx::Error, setup)]
struct Deposits;

impl ProjectSetup for Deposits {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        db.execute("CREATE TABLE deposits (account text NOT NULL, cents bigint NOT NULL)").await?;
        Ok(())
    }
}

impl Project<Deposited> for Deposits {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        let insert = sqlx::query("INSERT INTO deposits VALUES ($1, $2)");
        insert.bind(event.stream.key()).bind(event.event.cents).execute(db).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let store = PostgresStore::migrate(&url).await?;
    let store = Projector::new(store, Deposits).inline().await?;
    let accounts = Repository::<Account, _>::new(store);
    let mut db = PgConnection::connect(&url).await?;
    for cents in [500, 70] {
        accounts.execute("A-17", Deposit(cents)).await?;
        let sum: i64 = sqlx::query_scalar("SELECT sum(cents)::bigint FROM es_deposits.deposits")
            .fetch_one(&mut db)
            .await?;
        println!("after {cents}: {sum}");
    }
    Ok(())
}
