use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.closed")]
pub struct Closed;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), snapshot(every = 0))]
pub struct Account;

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "other", events(Opened), snapshot(build = 2))]
pub struct Other;

impl Apply<Opened> for Other {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "third", events(Opened), snapshot = 100)]
pub struct Third;

impl Apply<Opened> for Third {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default)]
#[aggregate(name = "fourth", events(Opened), snapshot(every = "often", evry = 3))]
pub struct Fourth;

impl Apply<Opened> for Fourth {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
