//! One error for each field, and none where the event is used.

use es_core::{Aggregate, Apply, Events, Handle, emit, event};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::rc::Rc;

#[event(name = "account.opened")]
#[derive(Clone)]
pub struct Opened {
    pub owner: Rc<str>,
    #[serde(default)]
    pub seen: Option<RefCell<u8>>,
    pub often: std::cell::Cell<u8>,
}

/// A cell of a board, and not that of the standard library.
mod board {
    #[derive(serde::Serialize, serde::Deserialize, es_core::shape::Shape)]
    pub struct Cell<T>(T);

    #[es_core::event(name = "board.set")]
    pub struct Set {
        cells: Vec<Cell<u8>>,
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", events(Opened))]
pub struct Account {
    owner: String,
    last: Option<Opened>,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: Opened) {
        self.owner = event.owner.to_string();
    }
}

pub struct Open;

impl Handle<Open> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
        emit(Opened { owner: "Ann".into(), seen: None, often: Cell::new(1) })
    }
}

fn main() {}
