use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened", was("account.created"))]
pub struct Opened;

#[event(name = "account.created")]
pub struct Created;

#[event(name = "account.founded", was("account.opened"))]
pub struct Founded;

#[event(name = "account.started", was("account.begun", "account.created"))]
pub struct Started;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Created))]
pub struct NameOfAnother;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Founded))]
pub struct NameOfOneBefore;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened, Started))]
pub struct EarlierNameOfBoth;

macro_rules! apply {
    ($($event:ident: $aggregate:ident),*) => {
        $(impl Apply<$event> for $aggregate {
            fn apply(&mut self, _: $event) {}
        })*
    };
}

apply!(Opened: NameOfAnother, Created: NameOfAnother, Opened: NameOfOneBefore, Founded: NameOfOneBefore);
apply!(Opened: EarlierNameOfBoth, Started: EarlierNameOfBoth);

fn main() {}
