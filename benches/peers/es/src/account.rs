//! The bank account, as a user of the framework writes it, without and with snapshots.

use std::convert::Infallible;

use driver::{OWNER, amounts, note};
use es_core::{Aggregate, Apply, Events, Handle, emit, event};

#[event(name = "account.opened")]
pub struct Opened {
    pub owner: String,
}

#[event(name = "account.deposited")]
pub struct Deposited {
    pub amount: i64,
    pub note: String,
}

#[event(name = "account.withdrawn")]
pub struct Withdrawn {
    pub amount: i64,
}

pub struct Open;

/// `n` deposits at once.
pub struct Deposit {
    pub first: i64,
    pub n: usize,
}

/// Without snapshots.
#[derive(Aggregate, Clone, Default)]
#[aggregate(name = "account", events(Opened, Deposited, Withdrawn))]
pub struct Account {
    balance: i64,
    pub events: u64,
    open: bool,
}

/// With a snapshot every hundred events.
#[derive(Aggregate, Default, serde::Serialize, serde::Deserialize)]
#[aggregate(name = "saved_account", events(Opened, Deposited, Withdrawn), snapshot(every = 100))]
pub struct SavedAccount {
    balance: i64,
    pub events: u64,
    open: bool,
}

macro_rules! bank {
    ($account:ident) => {
        impl Apply<Opened> for $account {
            fn apply(&mut self, _: Opened) {
                self.events += 1;
                self.open = true;
            }
        }

        impl Apply<Deposited> for $account {
            fn apply(&mut self, event: Deposited) {
                self.events += 1;
                self.balance = self.balance.wrapping_add(event.amount);
            }
        }

        impl Apply<Withdrawn> for $account {
            fn apply(&mut self, event: Withdrawn) {
                self.events += 1;
                self.balance = self.balance.wrapping_sub(event.amount);
            }
        }

        impl Handle<Open> for $account {
            type Error = Infallible;

            fn handle(&self, _: &Open) -> Result<Events<Self>, Infallible> {
                emit(Opened { owner: OWNER.into() })
            }
        }

        impl Handle<Deposit> for $account {
            type Error = Infallible;

            fn handle(&self, command: &Deposit) -> Result<Events<Self>, Infallible> {
                let deposited = |amount| Deposited { amount, note: note(amount) };
                emit(amounts(command.first, command.n).map(deposited).collect::<Vec<_>>())
            }
        }
    };
}

bank!(Account);
bank!(SavedAccount);
