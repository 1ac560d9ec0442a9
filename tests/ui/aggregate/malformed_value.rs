use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(name = "", events = [Opened], id)]
pub struct Account;

#[derive(Aggregate, Default)]
#[aggregate(name = "other", events(Opened, &Closed), event_enum())]
pub struct Other;

impl Apply<Opened> for Other {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "third", events(Opened), event_enum(derives(Debug)), crate = "not a path")]
pub struct Third;

impl Apply<Opened> for Third {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "fourth", events(Opened, Closed as))]
pub struct Fourth;

impl Apply<Opened> for Fourth {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "fifth", events(Opened Closed), event_enum(Name derive(Debug)))]
pub struct Fifth;

impl Apply<Opened> for Fifth {
    fn apply(&mut self, _: Opened) {}
}

pub fn still_known(event: Name) -> bool {
    matches!(event, Name::Opened(Opened))
}

fn main() {}
