use es_core::model::{DowncastTo, Retired};
use es_core::{Aggregate, Apply, Events, Handle, UpcastContext, UpcastFrom, emit, event};
use std::error::Error;
use std::rc::Rc;

#[event(name = "basket.filled", version = 1)]
pub struct FilledV1;

#[event(name = "basket.filled", version = 2, previous = FilledV1, write_as = 1)]
pub struct Filled;

impl UpcastFrom<FilledV1> for Filled {
    type Error = Box<dyn Error + Send + Sync>;
    fn upcast_from(_: FilledV1, _: &UpcastContext<'_>) -> Result<Self, Self::Error> {
        Ok(Self)
    }
}

impl DowncastTo<FilledV1> for Filled {
    type Error = String;
    fn downcast_to(&self) -> Result<FilledV1, Self::Error> {
        Ok(FilledV1)
    }
}

#[event(name = "basket.emptied")]
pub struct Emptied;

#[derive(Aggregate, Default)]
#[aggregate(name = "basket", id = String, events(Filled), retired(Emptied))]
pub struct Basket;

impl Apply<Filled> for Basket {
    fn apply(&mut self, _: Filled) {}
}

impl Retired<Emptied> for Basket {
    type Error = &'static str;
    fn retired(_: Emptied, _: &UpcastContext<'_>) -> Result<Events<Self>, Self::Error> {
        emit(())
    }
}

pub struct Fill;

impl Handle<Fill> for Basket {
    type Error = Box<dyn Error + Send + Sync>;
    fn handle(&self, _: &Fill) -> Result<Events<Self>, Self::Error> {
        emit(Filled)
    }
}

#[derive(Debug)]
pub struct Full(Rc<u8>);

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("full")
    }
}

impl Error for Full {}

pub struct FillAgain;

impl Handle<FillAgain> for Basket {
    type Error = Full;
    fn handle(&self, _: &FillAgain) -> Result<Events<Self>, Self::Error> {
        emit(Filled)
    }
}

fn main() {}
