use std::marker::PhantomData;

use es_core::{Aggregate, Apply, event};
use serde::{Deserialize, Serialize};

#[event(name = "account.deposited")]
pub struct Deposited {
    cents: i64,
}

#[derive(Aggregate, Default, Serialize, Deserialize)]
#[aggregate(name = "account", id = String, events(Deposited), snapshot(every = 100))]
pub struct Account {
    cents: i64,
    #[serde(skip)]
    total: i64,
    #[serde(skip)]
    mark: PhantomData<u8>,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents = event.cents;
        self.total += event.cents;
    }
}

// Without snapshots nothing of it is stored.
#[derive(Aggregate, Default, Serialize, Deserialize)]
#[aggregate(name = "other", id = String, events(Deposited))]
pub struct Other {
    #[serde(skip)]
    total: i64,
}

impl Apply<Deposited> for Other {
    fn apply(&mut self, event: Deposited) {
        self.total += event.cents;
    }
}

fn main() {}
