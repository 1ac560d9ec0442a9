//! es-entity.

mod account;
mod saved;

use std::sync::Arc;

use driver::{Column, Command, Failed, Result, next_amount};
use sqlx::postgres::{PgPool, PgPoolOptions};

use self::account::{Acc, AccEvent, Accs, NewAcc};
use self::saved::{NewSnap, SnapEvent, Snaps};

#[derive(Clone)]
struct EsEntity {
    pool: PgPool,
    accounts: Arc<Accs>,
    saved: Arc<Snaps>,
}

/// Empty before the first append, as the repository creates the id.
struct Stream(Option<Acc>);

/// The crate has no error of its own for a conflict.
fn failed(error: impl std::fmt::Debug) -> Failed {
    let text = format!("{error:?}");
    match text.contains("Transient") || text.contains("23505") {
        true => Failed::Conflict,
        false => Failed::Other(text.into()),
    }
}

impl Column for EsEntity {
    const NAME: &'static str = "es-entity";
    type Stream = Stream;

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
        let accounts = Arc::new(Accs { pool: pool.clone() });
        Ok(Self { accounts, saved: Arc::new(Snaps { pool: pool.clone() }), pool })
    }

    async fn setup(&self) -> Result<()> {
        sqlx::raw_sql(include_str!("../schema.sql")).execute(&self.pool).await?;
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream(None)
    }

    fn id(stream: &Stream) -> String {
        stream.0.as_ref().map(|entity| entity.id.to_string()).unwrap_or_default()
    }

    async fn open(&self) -> Result<String, Failed> {
        Ok(self.accounts.create(NewAcc(None)).await.map_err(failed)?.id.to_string())
    }

    async fn append(&self, stream: &mut Stream, first: i64, n: usize) -> Result<()> {
        match &mut stream.0 {
            None => stream.0 = Some(self.accounts.create(NewAcc(Some((first, n)))).await?),
            Some(entity) => {
                entity.events.extend(AccEvent::deposits(first, n));
                self.accounts.update(entity).await?;
            }
        }
        Ok(())
    }

    async fn command(&self, id: &str, command: Command) -> Result<(), Failed> {
        let Command::Deposit { first, n } = command else {
            return Err(Failed::Other("accounts are opened by `open`".into()));
        };
        let mut entity = self.accounts.find_by_id(account::id(id)?).await.map_err(failed)?;
        entity.events.extend(AccEvent::deposits(first, n));
        self.accounts.update(&mut entity).await.map_err(failed)?;
        Ok(())
    }

    async fn load(&self, id: &str) -> Result<u64> {
        Ok(self.accounts.find_by_id(account::id(id)?).await?.state.events)
    }

    async fn snapshot_build(&self, n: usize) -> Result<Option<String>> {
        let mut entity = self.saved.create(NewSnap(Some((next_amount(100), 100)))).await?;
        for done in (100..n).step_by(100) {
            let some = (n - done).min(100);
            for event in SnapEvent::deposits(next_amount(some), some) {
                event.fold(&mut entity.state);
                entity.events.push(event);
            }
            self.saved.update(&mut entity).await?;
        }
        Ok(Some(entity.id.to_string()))
    }

    async fn snapshot_load(&self, id: &str) -> Result<u64> {
        Ok(self.saved.find_by_id(saved::id(id)?).await?.state.events)
    }
}

fn main() -> Result<()> {
    driver::run::<EsEntity>()
}
