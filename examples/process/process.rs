//! A bank sends offers. Where nobody answers for 30 days it reminds the customer, twice at most; then the
//! offer is withdrawn. Run it with `cargo run -p process`.
#![allow(missing_docs, reason = "an example to copy, kept short")]

use std::convert::Infallible;

use es_core::process::{
    Clock, Due, On, OnRejected, OnTimer, Process, ProcessRunner, Rejected, Steps, command, given_process,
    steps, timer,
};
use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Recorded, Repository, emit, event};
use time::{Duration, OffsetDateTime, macros::datetime};

#[event(name = "offer.sent")]
pub struct Sent {}

#[event(name = "offer.accepted")]
pub struct Accepted {}

#[event(name = "offer.reminded")]
pub struct Reminded {}

#[event(name = "offer.withdrawn")]
pub struct Withdrawn {}

#[derive(Aggregate, Default)]
#[aggregate(name = "offer", id = String, events(Sent, Accepted, Reminded, Withdrawn))]
pub struct Offer {
    reminders: u32,
}

impl Apply<Sent> for Offer {
    fn apply(&mut self, _: Sent) {}
}
impl Apply<Accepted> for Offer {
    fn apply(&mut self, _: Accepted) {}
}
impl Apply<Reminded> for Offer {
    fn apply(&mut self, _: Reminded) {
        self.reminders += 1;
    }
}
impl Apply<Withdrawn> for Offer {
    fn apply(&mut self, _: Withdrawn) {}
}

#[command(name = "offer.remind")]
pub struct Remind {}

#[command(name = "offer.withdraw")]
pub struct Withdraw {}

#[derive(Debug, thiserror::Error)]
#[error("two reminders are enough")]
pub struct Enough;

impl Handle<Remind> for Offer {
    type Error = Enough;
    fn handle(&self, _: &Remind) -> Result<Events<Self>, Enough> {
        if self.reminders < 2 { emit(Reminded {}) } else { Err(Enough) }
    }
}

impl Handle<Withdraw> for Offer {
    type Error = Infallible;
    fn handle(&self, _: &Withdraw) -> Result<Events<Self>, Infallible> {
        emit(Withdrawn {})
    }
}

#[timer(name = "chase.silence")]
pub struct Silence {}

#[derive(Aggregate, Process, Default)]
#[aggregate(name = "chase", id = String)]
#[process(on(Sent, Accepted), timers(Silence), sends(Offer: Remind, Offer: Withdraw))]
pub struct Chase;

impl On<Sent> for Chase {
    fn correlate(event: &Recorded<Sent>) -> Option<String> {
        Some(event.stream.key().to_owned())
    }
    fn on(&self, event: &Recorded<Sent>) -> Steps<Self> {
        steps().schedule(Silence {}, event.occurred_at() + Duration::days(30))
    }
}

impl On<Accepted> for Chase {
    fn correlate(event: &Recorded<Accepted>) -> Option<String> {
        Some(event.stream.key().to_owned())
    }
    fn on(&self, _: &Recorded<Accepted>) -> Steps<Self> {
        steps().finish()
    }
}

impl OnTimer<Silence> for Chase {
    fn on_timer(&self, due: &Due<Self, Silence>) -> Steps<Self> {
        steps().send(due.id.clone(), Remind {}).schedule(Silence {}, due.at + Duration::days(30))
    }
}

// Without it this does not compile, as a reminder can be rejected.
impl OnRejected<Remind> for Chase {
    fn on_rejected(&self, rejected: &Rejected<'_, Self, Remind>) -> Steps<Self> {
        steps().send(rejected.id.clone(), Withdraw {}).finish()
    }
}

async fn print(offers: &Repository<Offer, MemoryStore>, id: &str) -> Result<(), es_core::StoreError> {
    let mut names = Vec::new();
    let take = |event: Recorded<OfferEvent>| {
        names.push(event.name);
        Ok(())
    };
    offers.history(id, .., take).await?;
    println!("{id}: {}", names.join(", "));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let offers = Repository::<Offer, _>::new(store.clone());
    let clock = Clock::at(OffsetDateTime::now_utc());
    let chase = ProcessRunner::<Chase, _>::new(store).target(offers.clone()).clock(clock.clone());
    for id in ["A-1", "A-2"] {
        offers.decide(&id.to_owned(), async |_| emit::<Offer, Infallible>(Sent {})).await?;
    }
    offers.decide("A-2", async |_| emit::<Offer, Infallible>(Accepted {})).await?;
    // A program calls `chase.run()`, which never returns. Here four months pass at once.
    for month in 0..5 {
        clock.set(OffsetDateTime::now_utc() + Duration::days(31 * month));
        chase.catch_up().await?;
    }
    print(&offers, "A-1").await?;
    print(&offers, "A-2").await?;

    // Without a store, in a test:
    let (first, second) = (datetime!(2026-11-01 0:00 UTC), datetime!(2026-12-01 0:00 UTC));
    given_process::<Chase>()
        .at(first)
        .input_of("A-3", Sent {})
        .then_timers(steps().schedule(Silence {}, second))
        .at(second)
        .then_commands(steps().send("A-3".to_owned(), Remind {}));
    Ok(())
}
