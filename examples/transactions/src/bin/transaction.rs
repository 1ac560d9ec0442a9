//! cargo run -p transactions --bin transaction
//!
//! A transfer between two accounts, within the limit of a customer: one append, or none.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;

use es_core::repository::{Transacted, Transaction, TransactionError, TransactionOptions};
use es_core::uuid::Uuid;
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};

#[event(name = "account.moved")]
pub struct Moved {
    pub cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Moved))]
pub struct Account {
    pub cents: i64,
}

impl Apply<Moved> for Account {
    fn apply(&mut self, event: Moved) {
        self.cents += event.cents;
    }
}

#[derive(Debug, thiserror::Error)]
#[error("only {0} cents available")]
pub struct TooLittle(pub i64);

pub struct Move(pub i64);

impl Handle<Move> for Account {
    type Error = TooLittle;
    fn handle(&self, command: &Move) -> Result<Events<Self>, TooLittle> {
        let Move(cents) = *command;
        if self.cents + cents < 0 { Err(TooLittle(self.cents)) } else { emit(Moved { cents }) }
    }
}

#[event(name = "customer.limited")]
pub struct Limited {
    pub cents: i64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "customer", id = u64, events(Limited))]
pub struct Customer {
    pub limit: i64,
}

impl Apply<Limited> for Customer {
    fn apply(&mut self, event: Limited) {
        self.limit = event.cents;
    }
}

pub struct Limit(pub i64);

impl Handle<Limit> for Customer {
    type Error = Infallible;
    fn handle(&self, command: &Limit) -> Result<Events<Self>, Infallible> {
        emit(Limited { cents: command.0 })
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the limit is {0} cents")]
pub struct OverLimit(pub i64);

struct Bank<S> {
    accounts: Repository<Account, S>,
    customers: Repository<Customer, S>,
}

impl<S: es_core::EventStore + 'static> Bank<S> {
    /// Both accounts are written, or neither. The limit is only read, and nobody changes it meanwhile.
    async fn transfer(&self, id: Uuid, cents: i64) -> Result<Transacted<i64>, TransactionError> {
        let (from, to) = (String::from("A-17"), String::from("B-4"));
        let transfer = async |tx: Transaction<S>| {
            let limit = tx.load(&self.customers, &1).await?.limit;
            if cents > limit {
                return Err(TransactionError::rejected(OverLimit(limit)));
            }
            tx.execute(&self.accounts, &from, Move(-cents)).await?;
            tx.execute(&self.accounts, &to, Move(cents)).await?;
            Ok(tx.load(&self.accounts, &from).await?.cents)
        };
        let options = TransactionOptions::new().command_id(id).command_name("transfer");
        self.accounts.transaction(options, transfer).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let bank = Bank { accounts: Repository::new(store.clone()), customers: Repository::new(store) };
    bank.accounts.execute("A-17", Move(500)).await?;
    bank.customers.execute(&1, Limit(300)).await?;

    let id = Uuid::now_v7();
    let done = bank.transfer(id, 200).await?;
    println!("{} left, {} streams written", done.value, done.streams.len());
    let again = bank.transfer(id, 200).await?;
    println!("{} left, repeated: {}", again.value, again.repeated);
    for (limit, cents) in [(300, 301), (1_000, 400)] {
        bank.customers.execute(&1, Limit(limit)).await?;
        if let Err(refused) = bank.transfer(Uuid::now_v7(), cents).await {
            println!("{cents}: {refused}");
        }
    }
    println!("B-4 has {}", bank.accounts.load("B-4").await?.state.cents);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transfer_over_the_limit_moves_nothing() -> Result<(), Box<dyn std::error::Error>> {
        let store = MemoryStore::new();
        let bank = Bank { accounts: Repository::new(store.clone()), customers: Repository::new(store) };
        bank.accounts.execute("A-17", Move(500)).await?;
        // A history to which no command leads.
        bank.customers.decide(&1, async |_| emit::<_, Infallible>(Limited { cents: 300 })).await?;

        let refused = bank.transfer(Uuid::now_v7(), 301).await.unwrap_err();

        assert_eq!(refused.rejection(), Some(&OverLimit(300)));
        assert_eq!(bank.accounts.load("A-17").await?.state.cents, 500);
        assert_eq!(bank.accounts.load("B-4").await?.revision.get(), 0);
        Ok(())
    }
}
