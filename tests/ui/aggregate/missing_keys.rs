use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(events(Opened))]
pub struct NoName;

impl Apply<Opened> for NoName {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account")]
pub struct NoEvents;

#[derive(Aggregate, Default)]
pub struct Nothing;

#[derive(Aggregate, Default)]
#[aggregate]
pub struct NoKeys;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events())]
pub struct EmptyList;

fn main() {}
