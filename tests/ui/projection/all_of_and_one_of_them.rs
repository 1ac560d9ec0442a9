use es_core::projection::{ProjectBatch, Projection};
use es_core::record::BoxError;
use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened", was("account.created"))]
pub struct Opened;

#[event(name = "account.created")]
pub struct Created;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

/// Another view of the same streams.
#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Archive;

impl Apply<Opened> for Archive {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Projection)]
#[projection(name = "openings", events(all of Account, all of Archive, Opened, Created as Old), model = u32, batch)]
pub struct Openings;

impl ProjectBatch for Openings {
    async fn project_batch(&self, _: &[OpeningsEvent], _: &mut u32) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
