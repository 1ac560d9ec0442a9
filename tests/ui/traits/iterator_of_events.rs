use es_core::{Aggregate, Apply, Events, Handle, emit, event};
use std::convert::Infallible;

#[event(name = "basket.filled")]
pub struct Filled {
    pub item: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "basket", id = String, events(Filled))]
pub struct Basket;

impl Apply<Filled> for Basket {
    fn apply(&mut self, _: Filled) {}
}

pub struct Fill(Vec<String>);

impl Handle<Fill> for Basket {
    type Error = Infallible;
    fn handle(&self, command: &Fill) -> Result<Events<Self>, Infallible> {
        emit(command.0.iter().map(|item| Filled { item: item.clone() }))
    }
}

pub struct Count(Vec<u8>);

impl Handle<Count> for Basket {
    type Error = Infallible;
    fn handle(&self, command: &Count) -> Result<Events<Self>, Infallible> {
        Ok(command.0.iter().copied().collect())
    }
}

fn main() {}
