//! cargo run -p transactions --bin unique
//!
//! Customers register with an e-mail address that nobody else has, change it, and give it back.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;

use es_core::repository::{Transaction, TransactionError, TransactionOptions};
use es_core::unique::{Unique, UniqueError};
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};

#[event(name = "customer.registered")]
pub struct Registered {
    pub email: String,
}

#[event(name = "customer.moved")]
pub struct Moved {
    pub email: String,
}

#[event(name = "customer.left")]
pub struct Left {}

#[derive(Aggregate, Default)]
#[aggregate(name = "customer", id = u64, events(Registered, Moved, Left))]
pub struct Customer {
    pub email: Option<String>,
}

impl Apply<Registered> for Customer {
    fn apply(&mut self, event: Registered) {
        self.email = Some(event.email);
    }
}

impl Apply<Moved> for Customer {
    fn apply(&mut self, event: Moved) {
        self.email = Some(event.email);
    }
}

impl Apply<Left> for Customer {
    fn apply(&mut self, _: Left) {
        self.email = None;
    }
}

struct Register(String);
struct Move(String);
struct Leave;

impl Handle<Register> for Customer {
    type Error = Infallible;
    fn handle(&self, command: &Register) -> Result<Events<Self>, Infallible> {
        emit(Registered { email: command.0.clone() })
    }
}

impl Handle<Move> for Customer {
    type Error = Infallible;
    fn handle(&self, command: &Move) -> Result<Events<Self>, Infallible> {
        emit(Moved { email: command.0.clone() })
    }
}

impl Handle<Leave> for Customer {
    type Error = Infallible;
    fn handle(&self, _: &Leave) -> Result<Events<Self>, Infallible> {
        emit(Left {})
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no customer {0}")]
struct Unknown(u64);

/// One way of writing an address, which all compare.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

struct Customers {
    customers: Repository<Customer, MemoryStore>,
    emails: Unique<u64, MemoryStore>,
}

impl Customers {
    async fn register(&self, id: u64, email: &str) -> Result<(), TransactionError> {
        let register = async |tx: Transaction<_>| {
            self.emails.reserve(&tx, &normal(email), &id).await?;
            tx.execute(&self.customers, &id, Register(email.to_owned())).await?;
            Ok(())
        };
        self.customers.transaction(TransactionOptions::new(), register).await.map(drop)
    }

    /// The old address comes from the customer, and is the one that is released.
    async fn change(&self, id: u64, email: &str) -> Result<(), TransactionError> {
        let change = async |tx: Transaction<_>| {
            let customer = tx.load(&self.customers, &id).await?;
            let old = customer.email.as_ref().ok_or_else(|| TransactionError::rejected(Unknown(id)))?;
            self.emails.change(&tx, &id, &normal(old), &normal(email)).await?;
            tx.execute(&self.customers, &id, Move(email.to_owned())).await?;
            Ok(())
        };
        self.customers.transaction(TransactionOptions::new(), change).await.map(drop)
    }

    async fn leave(&self, id: u64) -> Result<(), TransactionError> {
        let leave = async |tx: Transaction<_>| {
            let customer = tx.load(&self.customers, &id).await?;
            let old = customer.email.as_ref().ok_or_else(|| TransactionError::rejected(Unknown(id)))?;
            self.emails.release(&tx, &normal(old), &id).await?;
            tx.execute(&self.customers, &id, Leave).await?;
            Ok(())
        };
        self.customers.transaction(TransactionOptions::new(), leave).await.map(drop)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    // A real program takes the secret from its configuration.
    let emails = Unique::new(store.clone(), "email").with_secret([7; 32]);
    let all = Customers { customers: Repository::new(store), emails };

    all.register(1, "Ann@Example.org").await?;
    let refused = all.register(2, "ann@example.org").await;
    if let Some(UniqueError::Taken { value, owner, .. }) = refused.as_ref().err().and_then(|e| e.rejection())
    {
        println!("{value} is taken by customer {owner}");
    }
    all.change(1, "ann@example.com").await?;
    all.register(2, "ann@example.org").await?;
    println!("ann@example.org: {:?}", all.emails.owner("ann@example.org").await?);
    all.leave(1).await?;
    println!("ann@example.com: {:?}", all.emails.owner("ann@example.com").await?);
    if let Err(error) = all.leave(1).await {
        println!("{error}");
    }
    Ok(())
}
