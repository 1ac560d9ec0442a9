//! Accounts, their commands, and the read model that is compared with a recount.

use es_core::projection::{Project, ProjectSetup, Projection};
use es_core::record::BoxError;
use es_core::shape::Shape;
use es_core::{Aggregate, Apply, Events, Handle, Recorded, emit, event};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, PgConnection};

/// The number of accounts.
pub(crate) const ACCOUNTS: u32 = 300;

#[event(name = "account.moved")]
#[derive(Debug, Clone)]
pub(crate) struct Moved {
    pub(crate) cents: i64,
}

/// The sum is the oracle: an event that is lost, doubled or folded twice changes it.
#[derive(Aggregate, Debug, Default, Serialize, Deserialize, Shape)]
#[aggregate(name = "account", id = u32, events(Moved), snapshot(every = 25))]
pub(crate) struct Account {
    pub(crate) cents: i64,
    pub(crate) events: u64,
}

impl Apply<Moved> for Account {
    fn apply(&mut self, event: Moved) {
        self.cents += event.cents;
        self.events += 1;
    }
}

/// Moves money, several times in one command.
pub(crate) struct Move(pub(crate) Vec<i64>);

#[derive(Debug, thiserror::Error)]
#[error("the account would be overdrawn")]
pub(crate) struct Overdrawn;

impl Handle<Move> for Account {
    type Error = Overdrawn;

    fn handle(&self, command: &Move) -> Result<Events<Self>, Overdrawn> {
        if self.cents + command.0.iter().sum::<i64>() < 0 {
            return Err(Overdrawn);
        }
        emit(command.0.iter().map(|&cents| Moved { cents }).collect::<Vec<_>>())
    }
}

#[derive(Debug, Clone, Projection)]
#[projection(name = "sums", events(Moved), model = PgConnection, setup)]
pub(crate) struct Sums;

impl ProjectSetup for Sums {
    async fn setup(&self, db: &mut PgConnection) -> Result<(), BoxError> {
        let table =
            "CREATE TABLE sums (account text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)";
        db.execute(table).await?;
        Ok(())
    }
}

impl Project<Moved> for Sums {
    async fn project(&self, event: &Recorded<Moved>, db: &mut PgConnection) -> Result<(), BoxError> {
        let add = "INSERT INTO sums AS s VALUES ($1, $2, 1)
                   ON CONFLICT (account) DO UPDATE SET cents = s.cents + $2, events = s.events + 1";
        sqlx::query(add).bind(event.stream.key()).bind(event.event.cents).execute(db).await?;
        Ok(())
    }
}
