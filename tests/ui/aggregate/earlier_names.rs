use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", was(), events(Opened))]
pub struct NoNames;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", was = "konto", events(Opened))]
pub struct NoList;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", was("konto", "konto"), events(Opened))]
pub struct Twice;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", was("konto", "account"), events(Opened))]
pub struct Itself;

macro_rules! apply {
    ($($aggregate:ident),*) => {
        $(impl Apply<Opened> for $aggregate {
            fn apply(&mut self, _: Opened) {}
        })*
    };
}

apply!(NoNames, NoList, Twice, Itself);

fn main() {}
