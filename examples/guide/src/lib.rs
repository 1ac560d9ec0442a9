//! The account that most of the programs in `src/bin` use: money is paid in and taken out.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;

use es_core::{Aggregate, Apply, Events, Handle, emit, event};

#[event(name = "account.deposited")]
pub struct Deposited {
    pub cents: i64,
}

#[event(name = "account.withdrawn")]
pub struct Withdrawn {
    pub cents: i64,
}

#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(name = "account", id = String, events(Deposited, Withdrawn))]
pub struct Account {
    pub cents: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.cents -= event.cents;
    }
}

pub struct Deposit(pub u32);
pub struct Withdraw(pub u32);

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} cents available")]
pub struct TooLittle(pub i64);

impl Handle<Deposit> for Account {
    type Error = Infallible;
    fn handle(&self, command: &Deposit) -> Result<Events<Self>, Infallible> {
        emit(Deposited { cents: command.0.into() })
    }
}

impl Handle<Withdraw> for Account {
    type Error = TooLittle;
    fn handle(&self, command: &Withdraw) -> Result<Events<Self>, TooLittle> {
        let cents = i64::from(command.0);
        if cents > self.cents { Err(TooLittle(self.cents)) } else { emit(Withdrawn { cents }) }
    }
}

/// The code of the cookbook compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/cookbook.md")]
pub mod cookbook {}
