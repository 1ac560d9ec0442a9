//! Reading what other versions of the program wrote: upcast, refused, or skipped, but never misread.

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt;

use crate::common::Meddler;
use es_core::record::{DecodeProblem, RawEvent};
use es_core::time::OffsetDateTime;
use es_core::uuid::Uuid;
use es_core::{
    Aggregate, Apply, Position, Repository, Revision, StoreError, StreamId, UpcastContext, UpcastFrom, event,
};

#[event(name = "account.deposited", version = 1)]
struct DepositedV1 {
    euros: i64,
}

#[event(name = "account.deposited", version = 2, previous = DepositedV1)]
struct DepositedV2 {
    cents: i64,
}

#[event(name = "account.deposited", version = 3, previous = DepositedV2)]
struct Deposited {
    cents: u64,
    by: String,
}

impl UpcastFrom<DepositedV1> for DepositedV2 {
    type Error = Infallible;
    fn upcast_from(old: DepositedV1, _: &UpcastContext<'_>) -> Result<Self, Infallible> {
        Ok(Self { cents: old.euros * 100 })
    }
}

#[derive(Debug)]
struct NegativeDeposit;

impl fmt::Display for NegativeDeposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a deposit cannot be negative")
    }
}

impl std::error::Error for NegativeDeposit {}

impl UpcastFrom<DepositedV2> for Deposited {
    type Error = NegativeDeposit;
    fn upcast_from(old: DepositedV2, context: &UpcastContext<'_>) -> Result<Self, NegativeDeposit> {
        let cents = u64::try_from(old.cents).map_err(|_| NegativeDeposit)?;
        Ok(Self { cents, by: format!("{} at {}", context.stream().key(), context.revision()) })
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Deposited))]
struct Strict {
    seen: Vec<(u64, String)>,
}

impl Apply<Deposited> for Strict {
    fn apply(&mut self, event: Deposited) {
        self.seen.push((event.cents, event.by));
    }
}

#[derive(Aggregate, Default)]
#[aggregate(name = "account", id = String, events(Deposited), unknown = "skip")]
struct Lenient {
    seen: usize,
}

impl Apply<Deposited> for Lenient {
    fn apply(&mut self, _: Deposited) {
        self.seen += 1;
    }
}

const NAME: &str = "account.deposited";

fn id() -> String {
    "A-17".into()
}

async fn strict(store: &Meddler) -> Result<Vec<(u64, String)>, StoreError> {
    Repository::<Strict, _>::new(store.clone()).load(&id()).await.map(|loaded| loaded.state.seen)
}

/// The one problem in the stream, after a good event that must not be folded alone.
async fn problem(version: u32, payload: &str) -> (StoreError, String) {
    let store = Meddler::default();
    store.put("A-17", NAME, 3, r#"{"cents":1,"by":"Ann"}"#).await;
    store.put("A-17", NAME, version, payload).await;
    let error = strict(&store).await.expect_err("a problem");
    let text = error.to_string();
    (error, text)
}

fn decode(error: &StoreError) -> &es_core::record::DecodeError {
    match error {
        StoreError::Decode(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn every_old_version_is_upcast_to_the_newest() {
    let store = Meddler::default();
    store.put("A-17", NAME, 1, r#"{"euros":5}"#).await;
    store.put("A-17", NAME, 2, r#"{"cents":700}"#).await;
    store.put("A-17", NAME, 3, r#"{"cents":9,"by":"Ann"}"#).await;
    let seen = strict(&store).await.expect("a state");
    assert_eq!(seen, [(500, "A-17 at 1".into()), (700, "A-17 at 2".into()), (9, "Ann".into())]);
}

#[tokio::test]
async fn a_step_that_fails_names_the_event_its_place_and_both_versions() {
    let (error, text) = problem(1, r#"{"euros":-5}"#).await;
    let error = decode(&error);
    assert!(matches!(error.problem(), DecodeProblem::Upcast { from: 2, to: 3, .. }));
    assert_eq!((error.revision().get(), error.name(), error.version()), (2, NAME, 1));
    assert!(error.source().and_then(|source| source.downcast_ref::<NegativeDeposit>()).is_some());
    assert_eq!(
        text,
        "event `account.deposited` version 1 at revision 2 of stream \"account/A-17\" (position 2): \
         the step from version 2 to version 3 failed: a deposit cannot be negative"
    );
}

#[tokio::test]
async fn a_future_version_is_refused() {
    let (error, text) = problem(4, r#"{"cents":1,"by":"Ann"}"#).await;
    let problem = decode(&error).problem();
    assert!(matches!(problem, DecodeProblem::FutureVersion { found: 4, known: 3 }), "{text}");
}

/// No store takes one, so it can only come from a store that is damaged.
#[test]
fn an_invalid_version_is_refused() {
    let stream = StreamId::new("account", "A-17").expect("a valid key");
    let raw = RawEvent::new(
        &stream,
        (Revision::new(1), Position::new(1)),
        Uuid::nil(),
        (NAME, 0),
        b"{}",
        OffsetDateTime::UNIX_EPOCH,
    );
    let error = Strict::decode(&raw, &mut |_| panic!("nothing is there")).expect_err("no such version");
    assert!(matches!(error.problem(), DecodeProblem::NoSuchVersion { found: 0 }), "{error}");
}

#[tokio::test]
async fn a_payload_that_does_not_fit_is_refused_without_being_shown() {
    let (error, text) = problem(2, r#"{"cents":"secret"}"#).await;
    assert!(matches!(decode(&error).problem(), DecodeProblem::Payload { version: 2, .. }));
    assert!(
        text.ends_with("the payload does not fit version 2: invalid type, expected i64 at line 1 column 17"),
        "{text}"
    );
    assert!(!format!("{error:?}").contains("secret"));
}

#[tokio::test]
async fn an_event_of_an_unknown_name_is_refused_or_skipped_as_the_aggregate_says() {
    let store = Meddler::default();
    store.put("A-17", NAME, 1, r#"{"euros":5}"#).await;
    store.put("A-17", "account.frozen", 1, "null").await;
    let error = strict(&store).await.expect_err("an unknown event");
    assert!(matches!(decode(&error).problem(), DecodeProblem::UnknownEvent { aggregate: "account" }));

    let lenient = Repository::<Lenient, _>::new(store).load(&id()).await.expect("a state");
    assert_eq!((lenient.state.seen, lenient.revision.get()), (1, 2), "a skipped event still counts");
}
