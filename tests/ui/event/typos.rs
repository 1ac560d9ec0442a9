use es_core::model::DowncastTo;
use es_core::{Aggregate, Apply, UpcastContext, UpcastFrom, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened {
    pub owner: Strng,
    pub id: u64,
}

#[event(name = "account.closed", version = 2, removed(in = 2, by: Clrek))]
pub struct Closed {
    #[event(added(in = 2, default = Vec::new()))]
    pub reasons: Vec<Reson>,
}

pub struct RenamedV1;

#[event(name = "account.renamed", version = 2, previous = RenamdV1, write_as = 1)]
pub struct Renamed;

impl UpcastFrom<RenamedV1> for Renamed {
    type Error = Infallible;
    fn upcast_from(_: RenamedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl DowncastTo<RenamedV1> for Renamed {
    type Error = Infallible;
    fn downcast_to(&self) -> Result<RenamedV1, Infallible> {
        Ok(RenamedV1)
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = Numbr, events(Opened, Closd), retired(Renamd))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Closed> for Account {
    fn apply(&mut self, _: Closed) {}
}

fn main() {}
