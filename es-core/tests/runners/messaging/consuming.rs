//! Consumers: order, repeated messages, failures and dead letters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::messaging::{Consumer, ConsumerError, MemoryBroker, Message, MessageSink};
use es_core::projection::{Cause, OnFailure};
use es_core::reactor::{React, Reactor};
use es_core::record::BoxError;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, Events, ExecuteOptions, Handle, MemoryStore, Recorded, Repository, Revision, emit,
    event,
};
use tokio::sync::Semaphore;

use crate::messaging::service::{LoanApproved, loan};

#[event(name = "mail.queued")]
pub struct Queued {
    pub euros: u64,
}

#[derive(Aggregate, Default)]
#[aggregate(name = "mailbox", id = String, events(Queued))]
pub struct Mailbox {
    all: Vec<u64>,
}

impl Apply<Queued> for Mailbox {
    fn apply(&mut self, event: Queued) {
        self.all.push(event.euros);
    }
}

pub struct Queue {
    pub euros: u64,
}

impl Handle<Queue> for Mailbox {
    type Error = std::convert::Infallible;

    fn handle(&self, command: &Queue) -> Result<Events<Self>, Self::Error> {
        emit(Queued { euros: command.euros })
    }
}

/// The causes for which messages fail, in reverse order, by stream and revision.
type Failures = BTreeMap<(String, u64), Vec<Cause>>;

/// Queues a mail for each approval, unless the test has set a failure for it.
#[derive(Clone, Reactor)]
#[reactor(name = "notifier", events(LoanApproved))]
struct Notifier {
    mailboxes: Repository<Mailbox, MemoryStore>,
    failures: Arc<Mutex<Failures>>,
    begun: Arc<Semaphore>,
    gate: Option<Arc<Semaphore>>,
}

impl React<LoanApproved> for Notifier {
    async fn react(&self, event: &Recorded<LoanApproved>) -> Result<(), BoxError> {
        self.begun.add_permits(1);
        if let Some(gate) = &self.gate {
            gate.acquire().await?.forget();
        }
        let place = (event.stream.key().to_owned(), event.revision.get());
        if let Some(cause) = self.failures.lock().expect("a lock").get_mut(&place).and_then(Vec::pop) {
            return Err(cause.of_error("no mail today").into());
        }
        let queue = Queue { euros: event.event.euros };
        let options = ExecuteOptions::for_event(event);
        self.mailboxes.execute_with(&place.0, queue, options).await?;
        Ok(())
    }
}

struct Service {
    broker: MemoryBroker,
    store: MemoryStore,
    notifier: Notifier,
}

impl Service {
    fn new() -> Self {
        let store = MemoryStore::new();
        let (begun, failures) = (Arc::new(Semaphore::new(0)), Arc::default());
        let mailboxes = Repository::new(store.clone());
        let notifier = Notifier { mailboxes, failures, begun, gate: None };
        Self { broker: MemoryBroker::new(), store, notifier }
    }

    fn fails(&self, key: &str, revision: u64, causes: &[Cause]) {
        self.notifier.failures.lock().expect("a lock").insert((key.to_owned(), revision), causes.to_vec());
    }

    async fn send(&self, key: &str, revision: u64) -> Uuid {
        let payload = format!("{{\"euros\":{revision}}}").into_bytes();
        let message = Message::new(Uuid::now_v7(), loan(key), "loan-approved", 1, payload);
        let message = message.revision(Revision::new(revision)).correlation_id(Uuid::from_u128(7));
        self.deliver(&message).await;
        message.id
    }

    async fn deliver(&self, message: &Message) {
        self.broker.send(message).await.expect("it is sent").await.expect("it is confirmed");
    }

    fn consumer(&self) -> Consumer<Notifier, es_core::messaging::MemorySource, MemoryStore> {
        Consumer::new(self.broker.source("notifier"), self.notifier.clone(), self.store.clone())
    }

    /// Consumes until all is settled.
    async fn consume(&self, consumer: &Consumer<Notifier, es_core::messaging::MemorySource, MemoryStore>) {
        let settled = async {
            while self.broker.unsettled("notifier") > 0 {
                tokio::task::yield_now().await;
            }
        };
        consumer.run_until(settled).await.expect("it consumes");
    }

    async fn mails(&self, key: &str) -> Vec<u64> {
        self.notifier.mailboxes.load(&key.to_owned()).await.expect("a mailbox").state.all
    }
}

#[tokio::test]
async fn a_repeated_message_executes_its_command_once_with_its_id_as_the_causation_id() {
    let service = Service::new();
    let id = service.send("a", 1).await;
    let again = service.broker.messages().remove(0);
    service.deliver(&again).await;
    service.send("a", 2).await;
    service.deliver(&again).await;
    service.consume(&service.consumer()).await;
    assert_eq!(service.mails("a").await, [1, 2]);
    let mut causes = Vec::new();
    let take = |recorded: Recorded<MailboxEvent>| {
        causes.push((recorded.metadata.causation_id, recorded.metadata.correlation_id));
        Ok(())
    };
    service
        .notifier
        .mailboxes
        .history(&"a".to_owned(), es_core::store::StreamRange::ALL, take)
        .await
        .expect("a history");
    assert_eq!(causes[0], (Some(id), Some(Uuid::from_u128(7))));
}

#[tokio::test]
async fn events_that_the_reactor_does_not_list_are_settled_and_old_versions_are_upcast() {
    let service = Service::new();
    service.deliver(&Message::new(Uuid::now_v7(), loan("a"), "loan-closed", 1, b"{}".to_vec())).await;
    let newest = br#"{"euros":5,"currency":"USD"}"#.to_vec();
    service.deliver(&Message::new(Uuid::now_v7(), loan("a"), "loan-approved", 2, newest)).await;
    service.send("a", 1).await;
    service.consume(&service.consumer()).await;
    assert_eq!(service.mails("a").await, [5, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_delays_only_its_own_stream() {
    let service = Service::new();
    for revision in 1..=3 {
        service.send("a", revision).await;
        service.send("b", revision).await;
    }
    service.fails("a", 1, &[Cause::Passing; 20]);
    service.consume(&service.consumer().on_failure(OnFailure::Park)).await;
    assert_eq!((service.mails("a").await, service.mails("b").await), (vec![1, 2, 3], vec![1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_failing_message_parks_its_stream_and_the_next_program_knows_it() {
    let service = Service::new();
    for revision in 1..=3 {
        service.send("a", revision).await;
        service.send("b", revision).await;
    }
    service.fails("a", 2, &[Cause::Event; 4]);
    let consumer = service.consumer().on_failure(OnFailure::Park).retries(2, Duration::from_secs(1));
    service.consume(&consumer).await;
    assert_eq!((service.mails("a").await, service.mails("b").await), (vec![1], vec![1, 2, 3]));
    let next = service.consumer().on_failure(OnFailure::Park);
    service.send("a", 4).await;
    service.consume(&next).await;
    let letters = next.dead_letters().await.expect("letters");
    let revision = |message: &Message| message.revision.get();
    let told: Vec<_> = letters
        .iter()
        .map(|letter| (letter.message.as_ref().map(revision), letter.attempts, &*letter.reason))
        .collect();
    let waits = "an earlier message of its stream is parked";
    assert_eq!(told, [(Some(2), 3, "no mail today"), (Some(3), 0, waits), (Some(4), 0, waits)]);
    let retried = next.retry(&loan("a")).await.expect("an answer");
    assert_eq!((retried.taken, retried.left), (0, 3));
    let retried = next.retry(&loan("a")).await.expect("an answer");
    assert_eq!((retried.taken, retried.left), (3, 0));
    // The next append of the other program fails, and shows it that the stream is no longer parked.
    service.send("a", 5).await;
    service.consume(&consumer).await;
    assert_eq!(service.mails("a").await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn without_parking_the_consumer_stops_and_resumes_at_the_failing_message() {
    let service = Service::new();
    service.send("a", 1).await;
    service.send("a", 2).await;
    service.fails("a", 1, &[Cause::Event]);
    let consumer = service.consumer();
    let error = consumer.run().await.expect_err("it stops");
    assert!(matches!(&error, ConsumerError::Failed { cause: Cause::Event, .. }), "{error}");
    assert!(error.to_string().contains("number 1") && error.to_string().contains("no mail today"), "{error}");
    service.consume(&consumer).await;
    assert_eq!(service.mails("a").await, [1, 2]);
}

#[tokio::test]
async fn an_event_of_a_newer_version_stops_the_consumer_even_if_it_parks() {
    let service = Service::new();
    service.deliver(&Message::new(Uuid::now_v7(), loan("a"), "loan-approved", 3, b"{}".to_vec())).await;
    let error = service.consumer().on_failure(OnFailure::Park).run().await.expect_err("it stops");
    assert!(matches!(&error, ConsumerError::Failed { cause: Cause::Newer, .. }), "{error}");
    assert_eq!(service.broker.unsettled("notifier"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_newer_version_is_not_retried() {
    let service = Service::new();
    service.deliver(&Message::new(Uuid::now_v7(), loan("a"), "loan-approved", 3, b"{}".to_vec())).await;
    let began = tokio::time::Instant::now();
    let consumer = service.consumer().retries(3, Duration::from_secs(1));
    consumer.run().await.expect_err("it stops");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// As when the broker never hears that it is parked.
#[tokio::test]
async fn a_message_that_comes_again_although_it_is_parked_is_one_dead_letter() {
    let service = Service::new();
    service.send("a", 1).await;
    service.fails("a", 1, &[Cause::Event]);
    let again = service.broker.messages().remove(0);
    service.deliver(&again).await;
    let consumer = service.consumer().on_failure(OnFailure::Park);
    service.consume(&consumer).await;
    assert_eq!(consumer.dead_letters().await.expect("letters").len(), 1);
    assert_eq!(consumer.retry(&loan("a")).await.expect("an answer").taken, 1);
    assert_eq!(service.mails("a").await, [1]);
}

/// A message that comes while an earlier one is retried waits for it, and is retried after it.
#[tokio::test]
async fn a_message_that_is_parked_during_a_retry_is_not_left_behind() {
    let mut service = Service::new();
    let gate = Arc::new(Semaphore::new(1));
    service.notifier.gate = Some(Arc::clone(&gate));
    service.fails("a", 1, &[Cause::Event]);
    service.send("a", 1).await;
    let consumer = service.consumer().on_failure(OnFailure::Park);
    service.consume(&consumer).await;
    service.notifier.begun.acquire().await.expect("it is open").forget();
    let stream = loan("a");
    let meanwhile = async {
        service.notifier.begun.acquire().await.expect("it is open").forget();
        service.send("a", 2).await;
        service.consume(&consumer).await;
        gate.add_permits(2);
    };
    let (retried, ()) = tokio::join!(consumer.retry(&stream), meanwhile);
    let retried = retried.expect("an answer");
    assert_eq!((retried.taken, retried.left), (2, 0));
    assert!(consumer.dead_letters().await.expect("letters").is_empty());
    assert_eq!(service.mails("a").await, [1, 2]);
}

/// Each knows what it has read, until an append shows that there is more.
#[tokio::test]
async fn programs_that_park_and_discard_beside_each_other_know_of_each_other() {
    let service = Service::new();
    let (one, other) = (service.consumer(), service.consumer());
    let (one, other) = (one.on_failure(OnFailure::Park), other.on_failure(OnFailure::Park));
    for (consumer, key) in [(&one, "a"), (&other, "b"), (&one, "c")] {
        service.fails(key, 1, &[Cause::Event; 2]);
        service.send(key, 1).await;
        service.consume(consumer).await;
    }
    for consumer in [&one, &other] {
        let letters = consumer.dead_letters().await.expect("letters");
        let keys =
            letters.iter().filter_map(|letter| letter.message.as_ref()).map(|message| message.stream.key());
        assert_eq!(keys.collect::<Vec<_>>(), ["a", "b", "c"]);
    }
    let numbers: Vec<_> =
        one.dead_letters().await.expect("letters").iter().map(|letter| letter.number).collect();
    for (number, consumer) in numbers.into_iter().zip([&one, &other, &one]) {
        assert!(consumer.discard(number).await.expect("an answer"));
        assert!(!consumer.discard(number).await.expect("an answer"));
    }
    assert!(other.dead_letters().await.expect("letters").is_empty());
}

#[tokio::test]
async fn a_payload_that_does_not_decode_is_a_dead_letter_with_a_reason_and_can_be_discarded() {
    let service = Service::new();
    service.deliver(&Message::new(Uuid::now_v7(), loan("a"), "loan-approved", 1, b"\xff\0".to_vec())).await;
    service.send("a", 2).await;
    let consumer = service.consumer().on_failure(OnFailure::Park);
    service.consume(&consumer).await;
    let letters = service.consumer().dead_letters().await.expect("letters");
    assert!(letters[0].reason.contains("does not fit version 1"), "{}", letters[0].reason);
    assert_eq!(letters[0].message.as_ref().map(|message| &*message.payload), Some(&b"\xff\0"[..]));
    assert!(consumer.discard(letters[0].number).await.expect("an answer"));
    assert!(!consumer.discard(letters[0].number).await.expect("an answer"));
    assert_eq!(consumer.retry(&loan("a")).await.expect("an answer").taken, 1);
    assert_eq!(service.mails("a").await, [2]);
}

#[tokio::test]
async fn a_consumer_that_is_dropped_loses_nothing_and_one_that_is_stopped_completes_its_batch() {
    let mut service = Service::new();
    let gate = Arc::new(Semaphore::new(0));
    service.notifier.gate = Some(Arc::clone(&gate));
    for revision in 1..=3 {
        service.send("a", revision).await;
    }
    let consumer = service.consumer();
    let running = tokio::spawn(async move { consumer.run().await });
    service.notifier.begun.acquire().await.expect("it is open").forget();
    running.abort();
    assert!(running.await.expect_err("it was dropped").is_cancelled());
    assert_eq!(service.broker.unsettled("notifier"), 3);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let consumer = service.consumer();
    let running =
        tokio::spawn(async move { consumer.run_until(async { stopped.await.expect("it is told") }).await });
    service.notifier.begun.acquire().await.expect("it is open").forget();
    stop.send(()).expect("it listens");
    gate.add_permits(3);
    running.await.expect("no panic").expect("it ends");
    assert_eq!(service.mails("a").await, [1, 2, 3]);
}
