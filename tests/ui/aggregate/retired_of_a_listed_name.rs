use es_core::model::Retired;
use es_core::{Aggregate, Apply, Events, UpcastContext, emit, event};
use std::convert::Infallible;

#[event(name = "account.opened", was("account.created"))]
pub struct Opened;

mod old {
    #[es_core::event(name = "account.opened")]
    pub struct Opened;

    #[es_core::event(name = "account.created")]
    pub struct Created;
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired(old::Opened))]
pub struct Name;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened), retired(old::Created))]
pub struct EarlierName;

macro_rules! retired {
    ($($account:ident: $event:ty),*) => {
        $(impl Apply<Opened> for $account {
            fn apply(&mut self, _: Opened) {}
        }
        impl Retired<$event> for $account {
            type Error = Infallible;
            fn retired(_: $event, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
                emit(())
            }
        })*
    };
}

retired!(Name: old::Opened, EarlierName: old::Created);

fn main() {}
