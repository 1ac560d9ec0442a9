use es_core::projection::{Project, Projection};
use es_core::record::BoxError;
use es_core::{Aggregate, Apply, Recorded, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Closed))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

pub struct Plain;

#[derive(Projection)]
#[projection(name = "missing", events(all of Account), model = u32)]
pub struct Missing;

#[derive(Projection)]
#[projection(name = "plain", events(all of Plain), model = u32, batch)]
pub struct Plains;

/// `Closed` is new, and forgotten here.
#[derive(Projection)]
#[projection(name = "forgotten", events(all of Account), model = u32)]
pub struct Forgotten;

impl Project<AccountEvent> for Forgotten {
    async fn project(&self, event: &Recorded<AccountEvent>, openings: &mut u32) -> Result<(), BoxError> {
        match event.event {
            AccountEvent::Opened(_) => *openings += 1,
        }
        Ok(())
    }
}

fn main() {}
