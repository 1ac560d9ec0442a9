//! `cargo run -p guide --bin retired_event`
//!
//! An event that nobody writes any more, and what it means today. Take it when one event becomes several, or
//! none; what is stored stays as it is.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;

use es_core::testing::given;
use es_core::{Aggregate, Apply, Events, Handle, UpcastContext, emit, event};

/// An earlier program wrote this one, for what are two facts today.
#[event(name = "order.placed")]
pub struct Placed {
    pub item: String,
    pub address: String,
}

#[event(name = "order.opened")]
pub struct Opened {
    pub item: String,
}

#[event(name = "order.addressed")]
pub struct Addressed {
    pub to: String,
}

#[derive(Aggregate, Debug, Default)]
#[aggregate(name = "order", id = String, events(Opened, Addressed), retired(Placed))]
pub struct Order {
    pub item: String,
    pub to: String,
}

impl es_core::model::Retired<Placed> for Order {
    type Error = Infallible;
    fn retired(old: Placed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit((Opened { item: old.item }, Addressed { to: old.address }))
    }
}

impl Apply<Opened> for Order {
    fn apply(&mut self, event: Opened) {
        self.item = event.item;
    }
}

impl Apply<Addressed> for Order {
    fn apply(&mut self, event: Addressed) {
        self.to = event.to;
    }
}

pub struct SendTo(pub &'static str);

impl Handle<SendTo> for Order {
    type Error = Infallible;
    fn handle(&self, command: &SendTo) -> Result<Events<Self>, Infallible> {
        emit((self.to != command.0).then(|| Addressed { to: command.0.to_owned() }))
    }
}

fn main() {
    // `and_stored` takes what an earlier program stored; a store would return the same.
    let stored = es_core::serde_json::json!({ "item": "lamp", "address": "Kiel" });
    let order = given::<Order>(()).and_stored("order.placed", 1, &stored);
    let order = order.when(SendTo("Kiel")).then_events(()).when(SendTo("Bonn"));
    println!("{:?}", order.then_events(Addressed { to: "Bonn".into() }).into_state());
}
