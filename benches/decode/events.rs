//! An aggregate with some events, which serde can decode as well.

use es_core::shape::Shape;
use es_core::{Aggregate, Apply, event};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Shape)]
pub(crate) struct Money {
    cents: i64,
    currency: Currency,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Currency {
    Eur,
    Usd,
}

#[derive(Serialize, Deserialize, Shape)]
pub(crate) struct Line {
    item: String,
    count: u32,
    price: Money,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Channel {
    Web { url: String },
    Shop { number: u32 },
}

#[event(name = "order.closed")]
pub(crate) struct Closed {
    clerk: u32,
}

#[event(name = "order.deposited")]
pub(crate) struct Deposited {
    cents: i64,
    currency: String,
    teller: String,
    confirmed: bool,
}

#[event(name = "order.ordered", version = 3, removed(in = 2, fax: String))]
pub(crate) struct Ordered {
    #[event(renamed(in = 3, from = "name"))]
    customer: String,
    street: String,
    city: String,
    lines: Vec<Line>,
    channel: Channel,
    rate: f64,
    #[event(added(in = 2, default))]
    note: Option<String>,
    #[event(added(in = 3, default))]
    express: bool,
}

/// Version 1 of `Ordered`.
#[derive(Deserialize)]
#[allow(dead_code, reason = "only its decoding is of interest")]
pub(crate) struct OrderedV1 {
    name: String,
    street: String,
    city: String,
    lines: Vec<Line>,
    channel: Channel,
    rate: f64,
    fax: String,
}

#[event(name = "order.packed")]
pub(crate) struct Packed;

#[event(name = "order.sent", was("order.shipped"))]
pub(crate) struct Sent {
    carrier: String,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "order", id = String, events(Packed, Sent, Deposited, Ordered, Closed))]
pub(crate) struct Order;

macro_rules! apply {
    ($($event:ident),*) => {$(
        impl Apply<$event> for Order {
            fn apply(&mut self, _: $event) {}
        }
    )*};
}

apply!(Packed, Sent, Deposited, Ordered, Closed);
