//! JSON objects with a duplicate key are refused before anything is stored, as one of the two values would be
//! lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use es_core::model::IntoEvents;
use es_core::shape::Shape;
use es_core::{Aggregate, Apply, ExecuteError, MemoryStore, Repository, StoreError, emit, event};
use serde::{Deserialize, Serialize, Serializer};

/// Two texts that differ may be stored as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Shape)]
#[shape("string")]
struct Label(String);

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_lowercase())
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Shape)]
struct Sizes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u8>,
}

#[event(name = "parcel.measured")]
#[derive(Debug, Clone, Default, PartialEq)]
struct Measured {
    #[serde(flatten)]
    sizes: Sizes,
    #[serde(flatten)]
    inner: BTreeMap<String, u8>,
    #[serde(flatten)]
    outer: HashMap<String, u8>,
}

#[event(name = "parcel.labelled")]
#[derive(Debug, Clone, PartialEq)]
struct Labelled {
    labels: BTreeMap<Label, u8>,
}

#[event(name = "parcel.counted")]
#[derive(Debug, Clone, PartialEq)]
struct Counted {
    by_number: BTreeMap<i64, BTreeMap<char, u8>>,
}

#[derive(Aggregate, Debug, Default)]
#[aggregate(name = "parcel", id = String, events(Measured, Labelled, Counted))]
struct Parcel {
    events: usize,
}

impl Apply<Measured> for Parcel {
    fn apply(&mut self, _: Measured) {
        self.events += 1;
    }
}

impl Apply<Labelled> for Parcel {
    fn apply(&mut self, _: Labelled) {
        self.events += 1;
    }
}

impl Apply<Counted> for Parcel {
    fn apply(&mut self, _: Counted) {
        self.events += 1;
    }
}

fn measured(inner: &[&str], outer: &[&str]) -> Measured {
    Measured { sizes: Sizes::default(), inner: numbered(inner), outer: numbered(outer) }
}

fn numbered<T: FromIterator<(String, u8)>>(keys: &[&str]) -> T {
    keys.iter().zip(1..).map(|(key, number)| ((*key).to_owned(), number)).collect()
}

fn labelled(labels: &[&str]) -> Labelled {
    Labelled { labels: labels.iter().zip(1..).map(|(label, n)| (Label((*label).to_owned()), n)).collect() }
}

/// The outcome of a command that yields this event; asserts that a refused one has stored nothing.
async fn store<E>(event: E) -> Result<(), ExecuteError<StoreError>>
where
    E: IntoEvents<Parcel> + Clone + Send + Sync,
{
    let parcels = Repository::<Parcel, _>::new(MemoryStore::new());
    let id = String::from("1");
    let done = parcels.decide(&id, async |_: Arc<Parcel>| emit::<_, StoreError>(event.clone())).await;
    assert_eq!(parcels.load(&id).await.expect("a state").state.events, usize::from(done.is_ok()));
    done.map(drop)
}

#[tokio::test]
async fn a_key_that_two_flattened_fields_write_is_refused() {
    let twice = [
        measured(&["secret"], &["secret"]),
        measured(&["a", "secret", "b"], &["c", "secret"]),
        Measured { sizes: Sizes { width: Some(1) }, ..measured(&["width"], &[]) },
    ];
    for event in twice {
        refused(store(event).await);
    }
    // Keys that only look alike, and a field that is left out.
    for once in [measured(&["a", "aa"], &["A", "\"a"]), measured(&["b"], &[])] {
        store(once).await.expect("stored");
    }
}

#[tokio::test]
async fn keys_of_a_map_that_meet_as_text_are_refused() {
    refused(store(labelled(&["Secret", "secret"])).await);
    store(labelled(&["a", "b"])).await.expect("stored");
    let by_number = BTreeMap::from([(-1, BTreeMap::from([('a', 1)])), (1, BTreeMap::from([('a', 2)]))]);
    store(Counted { by_number }).await.expect("one key in two objects");
}

/// The refusal says what to do, and shows nothing of the payload.
fn refused(done: Result<(), ExecuteError<StoreError>>) {
    let ExecuteError::Store(StoreError::Encode(error)) = done.expect_err("a key twice") else { panic!() };
    let text = format!("{error} {}", error.source);
    assert!(text.contains("one key twice") && !text.contains("secret"), "{text}");
}
