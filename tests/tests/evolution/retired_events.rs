//! Retired events: read and converted to current events, never written, and still counted.

use std::convert::Infallible;
use std::sync::Arc;

use es_core::catalogue::Catalogue;
use es_core::model::Retired;
use es_core::record::{DecodeProblem, NewEvent};
use es_core::store::{Append, AppendOutcome, Load, StreamRange};
use es_core::testing::given;
use es_core::{
    Aggregate, Apply, EventStore, Events, ExecuteError, ExecuteOptions, Handle, MemoryStore, Metadata,
    Recorded, Repository, Retry, Revision, StoreError, UpcastContext, UpcastFrom, emit, event,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
}

#[event(name = "account.noted")]
struct Noted {
    text: String,
}

/// Has no current meaning.
#[event(name = "account.viewed")]
struct Viewed;

/// Is read as one current event; had an older version and another name.
#[event(name = "account.paid_in", version = 2, was("account.payed_in"), previous = PaidInV1)]
struct PaidIn {
    euros: i64,
}

#[event(name = "account.payed_in", version = 1)]
struct PaidInV1 {
    amount: String,
}

#[derive(Debug)]
struct NoAmount;

impl std::fmt::Display for NoAmount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this is not an amount")
    }
}

impl std::error::Error for NoAmount {}

impl UpcastFrom<PaidInV1> for PaidIn {
    type Error = NoAmount;
    fn upcast_from(old: PaidInV1, _: &UpcastContext<'_>) -> Result<Self, NoAmount> {
        old.amount.parse().map(|euros| Self { euros }).map_err(|_| NoAmount)
    }
}

/// Is read as several current events.
#[event(name = "account.salary_paid")]
struct SalaryPaid {
    parts: Vec<i64>,
}

#[derive(Aggregate, Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[aggregate(
    name = "account", id = String, events(Deposited, Noted), retired(Viewed, PaidIn, SalaryPaid),
    snapshot(every = 4)
)]
struct Account {
    cents: i64,
    notes: Vec<String>,
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.cents += event.cents;
    }
}

impl Apply<Noted> for Account {
    fn apply(&mut self, event: Noted) {
        self.notes.push(event.text);
    }
}

impl Retired<Viewed> for Account {
    type Error = Infallible;
    fn retired(_: Viewed, _: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        emit(())
    }
}

impl Retired<PaidIn> for Account {
    type Error = NoAmount;
    fn retired(event: PaidIn, _: &UpcastContext<'_>) -> Result<Events<Self>, NoAmount> {
        if event.euros < 0 { Err(NoAmount) } else { emit(Deposited { cents: event.euros * 100 }) }
    }
}

impl Retired<SalaryPaid> for Account {
    type Error = Infallible;
    fn retired(event: SalaryPaid, context: &UpcastContext<'_>) -> Result<Events<Self>, Infallible> {
        let deposits: Vec<Deposited> = event.parts.into_iter().map(|cents| Deposited { cents }).collect();
        emit((deposits, Noted { text: format!("salary at {}", context.revision()) }))
    }
}

struct Deposit(i64);

impl Handle<Deposit> for Account {
    type Error = Infallible;
    fn handle(&self, Deposit(cents): &Deposit) -> Result<Events<Self>, Infallible> {
        emit((*cents != 0).then_some(Deposited { cents: *cents }))
    }
}

const VIEWED: (&str, u32, &str) = ("account.viewed", 1, "null");
const PAID_IN: (&str, u32, &str) = ("account.paid_in", 2, r#"{"euros":3}"#);
const SALARY: (&str, u32, &str) = ("account.salary_paid", 1, r#"{"parts":[10,20]}"#);

/// Appends what an old program wrote, after the existing events.
async fn put(store: &MemoryStore, events: &[(&'static str, u32, &str)]) {
    let stream = es_core::StreamId::new("account", "1").expect("valid");
    let head = store.load(Load::all(&stream), &mut |_| Ok(())).await.expect("a load");
    let event = |&(name, version, json): &(&'static str, u32, &str)| {
        NewEvent::new(name, version, json.into(), Arc::new(Metadata::new()))
    };
    let events: Vec<NewEvent> = events.iter().map(event).collect();
    let outcome = store.append(Append::new(&stream, head.revision, &events)).await;
    assert!(matches!(outcome, Ok(AppendOutcome::Appended(_))));
}

fn accounts() -> (MemoryStore, Repository<Account, MemoryStore>, String) {
    let store = MemoryStore::new();
    (store.clone(), Repository::new(store), "1".into())
}

#[test]
fn a_retired_event_is_read_as_no_one_or_several_current_events() {
    given::<Account>(())
        .and_stored("account.viewed", 1, &json!(null))
        .then_state(&Account::default())
        .and_stored("account.paid_in", 2, &json!({ "euros": 3 }))
        .then_state(&Account { cents: 300, notes: vec![] })
        .and_stored("account.payed_in", 1, &json!({ "amount": "2" }))
        .then_state(&Account { cents: 500, notes: vec![] })
        .and_stored("account.salary_paid", 1, &json!({ "parts": [10, 20] }))
        .then_state(&Account { cents: 530, notes: vec!["salary at 4".into()] })
        .when(Deposit(1))
        .then_events(Deposited { cents: 1 });
}

#[test]
fn retired_events_are_in_the_catalogue_and_are_not_written() {
    let catalogue = Catalogue::of::<Account>();
    let read: Vec<_> = catalogue.events().iter().map(|event| (event.name(), event.version())).collect();
    assert_eq!(
        read,
        [
            ("account.deposited", 1),
            ("account.noted", 1),
            ("account.viewed", 1),
            ("account.paid_in", 2),
            ("account.payed_in", 1),
            ("account.salary_paid", 1),
        ]
    );
    let written: Vec<_> = Account::event_types().iter().map(|event| event.name).collect();
    assert_eq!(written, ["account.deposited", "account.noted"]);
}

#[tokio::test]
async fn a_command_appends_after_a_retired_event_whatever_it_is_read_as() {
    for last in [VIEWED, PAID_IN, SALARY] {
        let (store, accounts, id) = accounts();
        put(&store, &[("account.deposited", 1, r#"{"cents":1}"#), last]).await;
        let before = accounts.load(&id).await.expect("it is read");
        assert_eq!(before.revision, Revision::new(2), "{last:?}");

        let nothing = accounts.execute(&id, Deposit(0)).await.expect("no conflict");
        assert_eq!((nothing.revision, nothing.events.len()), (Revision::new(2), 0), "{last:?}");

        let options = ExecuteOptions::new().expected_revision(Revision::new(2));
        let done = accounts.execute_with(&id, Deposit(1), options).await.expect("no conflict");
        assert_eq!(
            (done.revision, done.events[0].revision),
            (Revision::new(3), Revision::new(3)),
            "{last:?}"
        );
        let after = accounts.load(&id).await.expect("it is read");
        assert_eq!(after.state.cents, before.state.cents + 1, "{last:?}");
    }
}

#[tokio::test]
async fn a_stream_of_only_retired_events_without_meaning_is_not_empty() {
    let (store, accounts, id) = accounts();
    put(&store, &[VIEWED, VIEWED]).await;
    let loaded = accounts.load(&id).await.expect("it is read");
    assert_eq!((loaded.state, loaded.revision), (Account::default(), Revision::new(2)));
    assert_eq!(accounts.ids(None, 9).await.expect("a list"), [(id.clone(), Revision::new(2))]);
    let done = accounts.execute(&id, Deposit(5)).await.expect("no conflict");
    assert_eq!(done.revision, Revision::new(3));
}

/// A store where an old program appends in the middle of a command.
async fn conflict_with(event: (&'static str, u32, &'static str)) -> (Account, Revision, usize) {
    let (store, accounts, id) = accounts();
    put(&store, &[PAID_IN]).await;
    let decided = std::sync::atomic::AtomicUsize::new(0);
    let (store, decided) = (&store, &decided);
    let done = accounts
        .decide(&id, async |state| {
            if decided.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                put(store, &[event]).await;
            }
            Ok::<_, Infallible>(state.handle(&Deposit(state.cents)).unwrap_or_default())
        })
        .await
        .expect("the second decision is written");
    let loaded = accounts.load(&id).await.expect("it is read");
    assert_eq!(loaded.revision, done.revision);
    (loaded.state, done.revision, decided.load(std::sync::atomic::Ordering::SeqCst))
}

#[tokio::test]
async fn a_concurrent_retired_event_is_a_conflict_and_is_folded_before_the_next_decision() {
    for (event, cents) in [(VIEWED, 600), (PAID_IN, 1200), (SALARY, 660)] {
        let (state, revision, decided) = conflict_with(event).await;
        assert_eq!((state.cents, revision, decided), (cents, Revision::new(3), 2), "{event:?}");
    }
    let (store, accounts, id) = accounts();
    put(&store, &[PAID_IN, VIEWED]).await;
    let accounts = accounts.with_retry(Retry::NEVER);
    let options = ExecuteOptions::new().expected_revision(Revision::new(1));
    let error = accounts.execute_with(&id, Deposit(1), options).await.expect_err("the stream is further");
    assert!(matches!(error, ExecuteError::Conflict { actual, .. } if actual == Revision::new(2)), "{error}");
}

#[tokio::test]
async fn repeating_an_old_command_returns_the_current_meaning_of_its_events() {
    let (store, accounts, id) = accounts();
    let stream = accounts.stream_id(&id).expect("valid");
    let events: Vec<NewEvent> = [VIEWED, SALARY]
        .map(|(name, version, json)| NewEvent::new(name, version, json.into(), Arc::new(Metadata::new())))
        .into();
    let command = es_core::uuid::Uuid::now_v7();
    let record = es_core::store::CommandRecord::new(command.into(), "PaySalary");
    let append = Append::new(&stream, Revision::EMPTY, &events).command(Some(record));
    assert!(matches!(store.append(append).await, Ok(AppendOutcome::Appended(_))));

    let options = ExecuteOptions::new().command_id(command).command_name("PaySalary");
    let done = accounts.execute_with(&id, Deposit(7), options).await.expect("the first outcome");
    assert_eq!((done.repeated, done.revision), (true, Revision::new(2)));
    let names: Vec<_> = done.events.iter().map(|event| (event.revision.get(), event.name)).collect();
    assert_eq!(names, [(2, "account.deposited"), (2, "account.deposited"), (2, "account.noted")]);
}

#[tokio::test]
async fn snapshots_count_stored_events_and_a_load_continues_after_them() {
    let (store, accounts, id) = accounts();
    put(&store, &[SALARY, VIEWED, VIEWED]).await;
    accounts.execute(&id, Deposit(5)).await.expect("no conflict");
    accounts.settle().await;
    let stream = accounts.stream_id(&id).expect("valid");
    let fingerprint = Account::snapshots().map(|snapshots| snapshots.fingerprint);
    let snapshot_at = async || {
        let mut at = None;
        let mut take = |item: es_core::store::LoadItem<'_>| {
            if let es_core::store::LoadItem::Snapshot { revision, .. } = item {
                at = Some(revision.get());
            }
            Ok(())
        };
        store.load(Load::all(&stream).snapshot(fingerprint), &mut take).await.expect("a load");
        at
    };
    assert_eq!(snapshot_at().await, Some(4), "four stored events, however many they stand for");

    put(&store, &[VIEWED, SALARY, VIEWED]).await;
    let loaded = accounts.load(&id).await.expect("it is read");
    let notes = vec!["salary at 1".to_owned(), "salary at 6".to_owned()];
    assert_eq!((loaded.state, loaded.revision), (Account { cents: 65, notes }, Revision::new(7)));
    accounts.execute(&id, Deposit(1)).await.expect("no conflict");
    accounts.settle().await;
    assert_eq!(snapshot_at().await, Some(8));
    assert_eq!(accounts.load(&id).await.expect("it is read").state.cents, 66);
}

#[tokio::test]
async fn history_shows_the_replacement_with_the_place_and_name_of_the_retired_event() {
    let (store, accounts, id) = accounts();
    put(&store, &[VIEWED, PAID_IN, SALARY]).await;
    let mut shown = Vec::new();
    let mut take = |event: Recorded<AccountEvent>| {
        shown.push((event.revision.get(), event.name, event.stored_name.into_owned(), event.stored_version));
        Ok(())
    };
    accounts.history(&id, StreamRange::ALL, &mut take).await.expect("it is read");
    let salary = || "account.salary_paid".to_owned();
    assert_eq!(
        shown,
        [
            (2, "account.deposited", "account.paid_in".to_owned(), 2),
            (3, "account.deposited", salary(), 1),
            (3, "account.deposited", salary(), 1),
            (3, "account.noted", salary(), 1),
        ]
    );
    let at = accounts.load_at(&id, Revision::new(2)).await.expect("it is read");
    assert_eq!((at.state.cents, at.revision), (300, Revision::new(2)));
    let now = accounts.load_as_of(&id, time::OffsetDateTime::now_utc()).await.expect("it is read");
    assert_eq!((now.state.cents, now.revision), (330, Revision::new(3)));
}

#[tokio::test]
async fn a_retired_event_that_cannot_be_converted_fails_the_command_and_folds_nothing() {
    let (store, accounts, id) = accounts();
    put(&store, &[SALARY, ("account.paid_in", 2, r#"{"euros":-1}"#)]).await;
    let Err(ExecuteError::Store(StoreError::Decode(error))) = accounts.execute(&id, Deposit(1)).await else {
        panic!("the command must fail");
    };
    assert!(matches!(error.problem(), DecodeProblem::Retired { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with("event `account.paid_in` version 2 at revision 2 of stream \"account/1\""),
        "{text}"
    );
    assert!(
        text.ends_with("could not convert the retired event into current events: this is not an amount"),
        "{text}"
    );
    // An upcast in its own past, and a payload that does not fit, fail like those of any other event.
    for (event, problem) in [
        (
            ("account.payed_in", 1, r#"{"amount":"x"}"#),
            "the step from version 1 to version 2 failed: this is not an amount",
        ),
        (("account.viewed", 1, "7"), "the payload does not fit version 1"),
        (("account.viewed", 2, "null"), "version 2 is newer than 1"),
    ] {
        let (store, accounts, id) = self::accounts();
        put(&store, &[event]).await;
        let error = accounts.load(&id).await.expect_err("it is not read").to_string();
        assert!(error.contains(problem), "{error}");
    }
}
