//! cargo run -p bank --bin reactor
//!
//! Mail to everybody who opens an account, at least once, and a note in the account that was caused by it.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use es_core::projection::OnFailure;
use es_core::reactor::{React, Reactor, ReactorRunner};
use es_core::record::BoxError;
use es_core::uuid::Uuid;
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Recorded, Repository, emit, event};

#[event(name = "account.opened")]
pub struct Opened {
    pub email: String,
}

#[event(name = "account.welcomed")]
pub struct Welcomed {}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Opened, Welcomed))]
pub struct Account {
    welcomed: bool,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, _: Opened) {}
}

impl Apply<Welcomed> for Account {
    fn apply(&mut self, _: Welcomed) {
        self.welcomed = true;
    }
}

struct Open(&'static str);
struct Welcome;

impl Handle<Open> for Account {
    type Error = Infallible;

    fn handle(&self, command: &Open) -> Result<Events<Self>, Infallible> {
        emit(Opened { email: command.0.to_owned() })
    }
}

impl Handle<Welcome> for Account {
    type Error = Infallible;

    /// It may be asked twice, and says so once.
    fn handle(&self, _: &Welcome) -> Result<Events<Self>, Infallible> {
        emit((!self.welcomed).then_some(Welcomed {}))
    }
}

/// A mail server that sends a mail once, however often it gets its key, and is away the first time.
#[derive(Default)]
struct Mailer {
    seen: Mutex<BTreeSet<Uuid>>,
    calls: Mutex<u32>,
}

impl Mailer {
    fn send(&self, key: Uuid, to: &str) -> Result<(), BoxError> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls += 1;
        if *calls == 1 {
            println!("mail to {to}: the server is away");
            return Err("the mail server is away".into());
        }
        if self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            println!("mail to {to}: welcome");
        } else {
            println!("mail to {to}: was sent before");
        }
        Ok(())
    }
}

#[derive(Reactor)]
#[reactor(name = "welcome-mail", events(Opened))]
struct WelcomeMail {
    mailer: Mailer,
    accounts: Arc<Repository<Account, MemoryStore>>,
}

impl React<Opened> for WelcomeMail {
    async fn react(&self, event: &Recorded<Opened>) -> Result<(), BoxError> {
        // The event's id is the idempotency key.
        self.mailer.send(event.event_id, &event.event.email)?;
        self.accounts.execute(&event.stream.key().to_owned(), Welcome).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let store = MemoryStore::new();
    let accounts = Arc::new(Repository::<Account, _>::new(store.clone()));
    let welcome = WelcomeMail { mailer: Mailer::default(), accounts: Arc::clone(&accounts) };
    let runner = ReactorRunner::new(store, welcome);
    let runner = runner.retries(3, Duration::from_millis(10)).on_failure(OnFailure::Park);

    accounts.execute("A-1", Open("ann@example.org")).await?;
    accounts.execute("B-2", Open("ben@example.org")).await?;
    // A service calls `run` and leaves it running.
    runner.catch_up().await?;

    let mut opened = None;
    let print = |recorded: Recorded<AccountEvent>| {
        let caused = recorded.metadata.causation_id.is_some_and(|cause| Some(cause) == opened);
        println!("{}  {}{}", recorded.revision, recorded.name, if caused { ", caused by 1" } else { "" });
        opened.get_or_insert(recorded.event_id);
        Ok(())
    };
    accounts.history("A-1", .., print).await?;
    let status = runner.status().await?;
    println!("{} dead letters", status.dead_letters);
    Ok(())
}
