//! The account that both sides write and read.

use std::convert::Infallible;

use es_core::uuid::Uuid;
use es_core::{Aggregate, Apply, Events, Handle, emit, event};

/// A deposit of about a hundred bytes of JSON.
#[event(name = "account.deposited")]
#[derive(Debug)]
pub(crate) struct Deposited {
    pub(crate) account: String,
    pub(crate) amount: i64,
    pub(crate) reference: String,
}

impl Deposited {
    pub(crate) fn new(amount: i64) -> Self {
        Self {
            account: "NL91 ABNA 0417 1643 00".into(),
            amount,
            reference: "monthly savings, standing order".into(),
        }
    }
}

#[derive(Aggregate, Default, serde::Serialize, serde::Deserialize)]
#[aggregate(name = "account", id = Uuid, events(Deposited), snapshot(every = 10_000))]
pub(crate) struct Account {
    pub(crate) total: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.total += event.amount;
    }
}

pub(crate) struct Deposit;

impl Handle<Deposit> for Account {
    type Error = Infallible;
    fn handle(&self, _: &Deposit) -> Result<Events<Self>, Infallible> {
        emit(Deposited::new(1))
    }
}
