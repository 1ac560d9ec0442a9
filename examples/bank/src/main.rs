//! The quick start: an account in one file. Run it with `cargo run -p bank`.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};

#[event(name = "account.deposited")]
pub struct Deposited {
    pub cents: u32,
}

#[event(name = "account.withdrawn")]
pub struct Withdrawn {
    pub cents: u32,
}

#[derive(Aggregate, Debug, Default, PartialEq)]
#[aggregate(name = "account", id = String, events(Deposited, Withdrawn))]
pub struct Account {
    pub cents: i64,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += i64::from(event.cents);
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.cents -= i64::from(event.cents);
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} cents available")]
pub struct TooLittle(pub i64);

pub struct Deposit(pub u32);
pub struct Withdraw(pub u32);

impl Handle<Deposit> for Account {
    type Error = std::convert::Infallible;
    fn handle(&self, command: &Deposit) -> Result<Events<Self>, Self::Error> {
        emit(Deposited { cents: command.0 })
    }
}

impl Handle<Withdraw> for Account {
    type Error = TooLittle;
    fn handle(&self, command: &Withdraw) -> Result<Events<Self>, TooLittle> {
        let Withdraw(cents) = *command;
        if i64::from(cents) > self.cents { Err(TooLittle(self.cents)) } else { emit(Withdrawn { cents }) }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    accounts.execute("A-17", Deposit(500)).await?;
    accounts.execute("A-17", Withdraw(120)).await?;
    println!("{:?}", accounts.execute("A-17", Withdraw(1_000)).await);

    accounts
        .history("A-17", .., |recorded| {
            println!("{}  {:?}", recorded.revision, recorded.event);
            Ok(())
        })
        .await?;
    println!("now {:?}", accounts.load("A-17").await?.state);
    println!("at revision 1 {:?}", accounts.load_at("A-17", 1).await?.state);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use es_core::testing::given;

    #[test]
    fn withdrawing_more_than_the_balance_is_rejected() {
        given::<Account>(Deposited { cents: 500 })
            .when(Withdraw(120))
            .then_events(Withdrawn { cents: 120 })
            .then_state(&Account { cents: 380 })
            .when(Withdraw(1_000))
            .then_rejected(&TooLittle(380));
    }
}

#[cfg(test)]
es_core::lock_test!(Account);
