use es_core::event;
use es_core::projection::Projection;
use es_core::reactor::Reactor;
use es_core::{Aggregate, Apply};

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Projection)]
#[projection(name = "one", events(all of), model = u32)]
pub struct One;

#[derive(Projection)]
#[projection(name = "two", events(all Account), model = u32)]
pub struct Two;

#[derive(Projection)]
#[projection(name = "three", events(all of Account, all of Account), model = u32)]
pub struct Three;

#[derive(Reactor)]
#[reactor(name = "four", events(all of Account, Opened))]
pub struct Four;

#[derive(Aggregate, Default)]
#[aggregate(name = "five", events(all of Account))]
pub struct Five;

fn main() {}
