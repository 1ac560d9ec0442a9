use es_core::event;

use es_core::{Aggregate, Apply, Events, Handle, emit};
use std::convert::Infallible;

#[event(version = 1)]
#[derive(Clone)]
pub struct Opened {
    pub owner: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account {
    owner: String,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened) {
        self.owner = event.owner;
    }
}

pub struct Open;

impl Handle<Open> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
        emit(Opened { owner: String::from("Ann") })
    }
}

pub fn copied(event: &Opened) -> String {
    event.clone().owner
}

fn main() {}
