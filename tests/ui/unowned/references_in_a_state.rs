//! States that borrow.

use es_core::{Aggregate, Apply, event};

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account<'a> {
    owner: &'a str,
}

impl Apply<Opened> for Account<'_> {
    fn apply(&mut self, _: Opened) {}
}

#[derive(Aggregate, Default, serde::Serialize, serde::Deserialize)]
#[aggregate(name = "basket", events(Opened), snapshot(every = 10))]
pub struct Basket {
    owner: &'static str,
}

impl Apply<Opened> for Basket {
    fn apply(&mut self, _: Opened) {}
}

fn main() {}
