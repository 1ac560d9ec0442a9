use es_core::model::Retired;
use es_core::{Aggregate, Apply, Events, UpcastContext, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened")]
pub struct Opened;

#[event(name = "account.moved")]
pub struct Moved;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired())]
pub struct NoEvents;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired(Moved as Gone))]
pub struct WithVariant;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired(&'static str))]
pub struct NoStruct;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Moved), retired(Moved))]
pub struct ListedAsWell;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired(Moved, Moved))]
pub struct ListedTwice;

macro_rules! account {
    ($($account:ident),*) => {
        $(impl Apply<Opened> for $account {
            fn apply(&mut self, _: Opened) {}
        }
        impl Apply<Moved> for $account {
            fn apply(&mut self, _: Moved) {}
        }
        impl Retired<Moved> for $account {
            type Error = Infallible;
            fn retired(_: Moved, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
                emit(())
            }
        })*
    };
}

account!(NoEvents, WithVariant, NoStruct, ListedAsWell, ListedTwice);

fn main() {}
