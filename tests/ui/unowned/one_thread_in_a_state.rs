//! One error for each field, and none where the state is used.

use es_core::{Aggregate, Apply, Events, Handle, emit, event};
use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

#[event(name = "account.opened")]
pub struct Opened;

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account {
    owner: Rc<str>,
    seen: Vec<RefCell<u8>>,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

pub struct Open;
impl Handle<Open> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
        emit(Opened)
    }
}

fn main() {}
