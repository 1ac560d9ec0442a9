//! What a consumer tells its source about messages: settled, in work, given back.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::messaging::{Consumer, Delivery, MalformedMessage, Message, MessageSource, SourceError};
use es_core::reactor::{React, Reactor};
use es_core::record::BoxError;
use es_core::uuid::Uuid;
use es_core::{MemoryStore, Recorded, Revision};
use tokio::sync::Semaphore;

use crate::messaging::service::{LoanApproved, loan};

/// What was told about a message, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Acked(u64),
    GivenBack(u64),
    InWork(u64),
    Handled(u64),
}

type Log = Arc<Mutex<Vec<Told>>>;

/// Delivers what it is told to, in its order, and then nothing.
struct Script {
    pages: Mutex<VecDeque<Result<Vec<Scripted>, SourceError>>>,
}

struct Scripted {
    message: Message,
    place: u64,
    log: Log,
}

impl Scripted {
    fn tell(&self, told: fn(u64) -> Told) -> Result<(), SourceError> {
        self.log.lock().expect("a lock").push(told(self.place));
        Ok(())
    }
}

impl MessageSource for Script {
    type Delivery = Scripted;

    async fn receive(&self) -> Result<Vec<Scripted>, SourceError> {
        let page = self.pages.lock().expect("a lock").pop_front();
        match page {
            Some(page) => page,
            None => pending().await,
        }
    }
}

impl Delivery for Scripted {
    fn message(&self) -> Result<&Message, &MalformedMessage> {
        Ok(&self.message)
    }

    fn place(&self) -> u64 {
        self.place
    }

    fn deliveries(&self) -> u64 {
        1
    }

    async fn ack(&self) -> Result<(), SourceError> {
        self.tell(Told::Acked)
    }

    async fn nack(&self, _: Duration) -> Result<(), SourceError> {
        self.tell(Told::GivenBack)
    }

    async fn term(&self, _: &str) -> Result<(), SourceError> {
        self.tell(Told::Acked)
    }

    async fn progress(&self) -> Result<(), SourceError> {
        self.tell(Told::InWork)
    }

    fn comes_again_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(30))
    }
}

/// Handles messages once there is a permit; those of 13 euros fail, and those of 17 make it panic.
#[derive(Clone, Reactor)]
#[reactor(name = "scripted", events(LoanApproved))]
struct Handler {
    log: Log,
    gate: Arc<Semaphore>,
}

impl React<LoanApproved> for Handler {
    async fn react(&self, event: &Recorded<LoanApproved>) -> Result<(), BoxError> {
        self.gate.acquire().await?.forget();
        assert_ne!(event.event.euros, 17, "it panics");
        if event.event.euros == 13 {
            return Err("unlucky".into());
        }
        self.log.lock().expect("a lock").push(Told::Handled(event.position.get()));
        Ok(())
    }
}

/// A consumer of these pages: each message by its loan and its euros.
struct Bench {
    log: Log,
    gate: Arc<Semaphore>,
    consumer: Consumer<Handler, Script, MemoryStore>,
}

fn consumer(pages: &[Result<&[(&str, u64)], SourceError>]) -> Bench {
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let mut place = 0;
    let mut scripted = |(key, euros): &(&str, u64)| {
        place += 1;
        let payload = format!("{{\"euros\":{euros}}}").into_bytes();
        let message = Message::new(Uuid::now_v7(), loan(key), "loan-approved", 1, payload);
        let message = message.revision(Revision::new(place));
        Scripted { message, place, log: Arc::clone(&log) }
    };
    let pages = pages.iter().map(|page| match page {
        Ok(page) => Ok(page.iter().map(&mut scripted).collect()),
        Err(_) => Err(SourceError::Unavailable { source: "no route".into() }),
    });
    let script = Script { pages: Mutex::new(pages.collect()) };
    let handler = Handler { log: Arc::clone(&log), gate: Arc::clone(&gate) };
    Bench { consumer: Consumer::new(script, handler, MemoryStore::new()), log, gate }
}

impl Bench {
    fn told(&self) -> Vec<Told> {
        self.log.lock().expect("a lock").clone()
    }
}

#[tokio::test]
async fn a_message_is_settled_after_it_was_handled_in_the_order_of_its_stream() {
    let bench = consumer(&[Ok(&[("a", 1), ("a", 2), ("a", 3)])]);
    bench.gate.add_permits(3);
    let settled = async {
        while bench.told().len() < 6 {
            tokio::task::yield_now().await;
        }
    };
    bench.consumer.run_until(settled).await.expect("it ends");
    let each = (1..=3).flat_map(|place| [Told::Handled(place), Told::Acked(place)]);
    assert_eq!(bench.told(), each.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_consumer_that_stops_gives_back_what_is_not_settled() {
    let bench = consumer(&[Ok(&[("a", 1), ("a", 13), ("a", 2)])]);
    bench.gate.add_permits(3);
    let error = bench.consumer.run().await.expect_err("it stops");
    assert!(error.to_string().contains("unlucky"), "{error}");
    let told = [Told::Handled(1), Told::Acked(1), Told::GivenBack(2), Told::GivenBack(3)];
    assert_eq!(bench.told(), told);
}

#[tokio::test]
async fn a_handler_that_panics_stops_the_consumer_at_its_message() {
    let bench = consumer(&[Ok(&[("a", 17)])]);
    bench.gate.add_permits(1);
    let error = bench.consumer.run().await.expect_err("it stops").to_string();
    assert!(error.contains("it panics") && error.contains("number 1"), "{error}");
    assert_eq!(bench.told(), [Told::GivenBack(1)]);
}

/// The broker would deliver them to somebody else otherwise.
#[tokio::test(start_paused = true)]
async fn messages_that_are_being_handled_are_in_work_again_and_again() {
    let bench = consumer(&[Ok(&[("a", 1), ("a", 2)])]);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (gate, log) = (Arc::clone(&bench.gate), Arc::clone(&bench.log));
    let in_work = tokio::spawn(async move {
        let count = |place| move |told: &&Told| **told == Told::InWork(place);
        while log.lock().expect("a lock").iter().filter(count(2)).count() < 3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        gate.add_permits(2);
        stop.send(()).expect("it runs");
    });
    let began = tokio::time::Instant::now();
    bench.consumer.run_until(async { drop(stopped.await) }).await.expect("it ends its batch");
    in_work.await.expect("no panic");
    assert!(began.elapsed() < Duration::from_secs(45), "not in each third of the time that the broker waits");
    assert!(bench.told().ends_with(&[Told::Handled(1), Told::Acked(1), Told::Handled(2), Told::Acked(2)]));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_away_is_waited_for() {
    let away = || Err(SourceError::Unavailable { source: "no route".into() });
    let bench = consumer(&[away(), away(), away(), Ok(&[("a", 1)])]);
    bench.gate.add_permits(1);
    let settled = async {
        while bench.told().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    bench.consumer.run_until(settled).await.expect("it waits");
    assert_eq!(bench.told(), [Told::Handled(1), Told::Acked(1)]);
}
