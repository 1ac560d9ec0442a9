//! Projections as messages propose them.

use es_core::projection::Projection;

#[es_core::event(name = "account.opened")]
pub struct Opened;

#[es_core::event(name = "account.closed")]
pub struct Closed;

pub mod door {
    #[es_core::event(name = "door.opened")]
    pub struct Opened;
}

/// In place of a model in a database.
pub struct PgConnection;

mod sqlx {
    /// In place of the error of a database.
    pub type Error = std::fmt::Error;
}

#[derive(Projection)]
#[projection(name = "openings")]
#[projection(events(Opened, Closed))]
#[projection(model = PgConnection)]
pub struct Openings;

impl es_core::projection::Project<Opened> for Openings {
    async fn project(
        &self,
        _: &es_core::Recorded<Opened>,
        _: &mut PgConnection,
    ) -> Result<(), es_core::record::BoxError> {
        Ok(())
    }
}

impl es_core::projection::Project<Closed> for Openings {
    async fn project(
        &self,
        event: &es_core::Recorded<Closed>,
        model: &mut Self::Model,
    ) -> Result<(), Self::Error> {
        let _ = (event, model);
        Ok(())
    }
}

#[derive(Projection)]
#[projection(name = "plains", events(Opened, door::Opened as Other), model = PgConnection, build = 1, batch, setup,
             error = sqlx::Error)]
pub struct Plains;

impl es_core::projection::ProjectBatch for Plains {
    async fn project_batch(
        &self,
        events: &[Self::Event],
        model: &mut Self::Model,
    ) -> Result<(), Self::Error> {
        let _ = (events, model);
        Ok(())
    }
}

impl es_core::projection::ProjectSetup for Plains {
    async fn setup(&self, model: &mut Self::Model) -> Result<(), Self::Error> {
        let _ = model;
        Ok(())
    }
}

#[derive(Projection)]
#[projection(name = "second", events(Opened), model = PgConnection, build = 2)]
pub struct Second;

impl es_core::projection::Project<Opened> for Second {
    async fn project(
        &self,
        _: &es_core::Recorded<Opened>,
        _: &mut PgConnection,
    ) -> Result<(), es_core::record::BoxError> {
        Ok(())
    }
}

/// Takes all events of an aggregate.
pub mod whole {
    use es_core::projection::Projection;
    use es_core::{Aggregate, Apply, Loaded, MemoryStore, Repository, StoreError};

    use super::{Closed, Opened};

    #[derive(Aggregate, Default)]
    #[aggregate(name = "account", id = String, events(Opened, Closed))]
    pub struct Account;

    impl Apply<Opened> for Account {
        fn apply(&mut self, _: Opened) {}
    }

    impl Apply<Closed> for Account {
        fn apply(&mut self, _: Closed) {}
    }

    #[derive(Projection)]
    #[projection(name = "missing", events(all of Account), model = u32)]
    pub struct Missing;

    impl es_core::projection::Project<AccountEvent> for Missing {
        async fn project(
            &self,
            event: &es_core::Recorded<AccountEvent>,
            model: &mut Self::Model,
        ) -> Result<(), Self::Error> {
            match event.event {
                AccountEvent::Opened(_) => *model += 1,
                AccountEvent::Closed(_) => *model -= 1,
            }
            Ok(())
        }
    }

    /// Names an account by a reference to its id.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn load(
        accounts: &Repository<Account, MemoryStore>,
        id: String,
    ) -> Result<Loaded<Account>, StoreError> {
        accounts.load(&id).await
    }
}
