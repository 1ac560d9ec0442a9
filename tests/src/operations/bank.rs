//! Accounts whose events record the state on which their decisions were based.

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::shape::Shape;
use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, PgConnection};

/// Money was deposited.
#[event(name = "account.deposited")]
#[derive(Debug, Clone)]
pub struct Deposited {
    /// The amount.
    pub cents: i64,
    /// The new balance, by the state on which the command decided.
    pub balance: i64,
}

/// An account.
#[derive(Aggregate, Debug, Default, Serialize, Deserialize, Shape)]
#[aggregate(name = "account", id = u32, events(Deposited), snapshot(every = 20))]
pub struct Account {
    /// The balance.
    pub cents: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

/// Deposits so many cents.
#[derive(Debug, Clone, Copy)]
pub struct Deposit(pub i64);

impl Handle<Deposit> for Account {
    type Error = std::convert::Infallible;

    fn handle(&self, command: &Deposit) -> Result<Events<Self>, Self::Error> {
        emit(Deposited { cents: command.0, balance: self.cents + command.0 })
    }
}

/// One row for each account. Projecting an event twice changes the numbers.
#[derive(Debug, Clone, Projection)]
#[projection(name = "balances", events(Deposited), model = PgConnection, setup)]
pub struct Balances;

impl ProjectSetup for Balances {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        let table =
            "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)";
        db.execute(table).await?;
        Ok(())
    }
}

impl Project<Deposited> for Balances {
    async fn project(&self, event: &Recorded<Deposited>, db: &mut PgConnection) -> Result<(), BoxError> {
        let add = "INSERT INTO balances AS b VALUES ($1, $2, 1)
                   ON CONFLICT (account) DO UPDATE SET cents = b.cents + $2, events = b.events + 1";
        sqlx::query(add).bind(event.stream.key()).bind(event.event.cents).execute(db).await?;
        Ok(())
    }
}
