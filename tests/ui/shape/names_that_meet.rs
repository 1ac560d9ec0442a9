use es_core::shape::Shape;
use es_core::event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Shape)]
pub enum Channel {
    #[serde(alias = "Shop")]
    Web,
    Shop,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    #[serde(default, alias = "paidAmount")]
    amount: u8,
    paid_amount: Option<u8>,
}

#[event(name = "order.placed")]
pub struct Placed {
    #[serde(default, alias = "note")]
    remark: String,
    #[serde(default, alias = "note")]
    comment: String,
    // Nothing else has this name.
    #[serde(alias = "number")]
    count: u8,
}

fn main() {}
