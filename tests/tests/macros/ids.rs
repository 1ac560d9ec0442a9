//! Newtypes as ids of aggregates.

use std::marker::PhantomData;

use es_core::catalogue::Catalogue;
use es_core::stream::InvalidKey;
use es_core::uuid::Uuid;
use es_core::{Aggregate, Apply, StreamKey, event};

#[derive(Debug, PartialEq, StreamKey)]
struct Text(String);

#[derive(Debug, PartialEq, StreamKey)]
struct Named {
    number: u64,
}

#[derive(Debug, PartialEq, StreamKey)]
struct Nested(Named);

#[derive(Debug, PartialEq, StreamKey)]
struct Generic<T>(T)
where
    T: PartialEq;

/// The number of a `T`, with no requirements on it.
#[derive(StreamKey, serde::Serialize, serde::Deserialize, es_core::shape::Shape)]
#[serde(transparent, bound = "")]
struct Id<T>(u64, PhantomData<T>);

#[derive(StreamKey, serde::Serialize, serde::Deserialize, es_core::shape::Shape)]
#[serde(bound = "")]
struct Code<T: ?Sized> {
    of: PhantomData<fn() -> T>,
    text: String,
    _more: PhantomData<(u8, T)>,
}

/// Neither `Shape` nor `Debug` nor anything else.
struct Nothing;

#[test]
fn an_id_that_is_typed_by_a_marker_has_the_key_of_its_one_field() {
    let id: Id<Nothing> = Id::from_key("7").expect("is a number");
    assert_eq!((id.0, &*id.to_key()), (7, "7"));
    let code: Code<str> = Code::from_key("a").expect("is a text");
    assert_eq!((&*code.text, &*code.to_key()), ("a", "a"));
    assert!(Id::<Nothing>::from_key("x").is_err());
}

#[event(name = "shelf.filled", version = 1)]
struct Filled {
    by: Id<Nothing>,
    codes: Vec<Code<Nothing>>,
}

/// A generic state, with a marker and an associated type.
#[derive(Aggregate, Default, serde::Serialize, serde::Deserialize)]
#[serde(bound = "")]
#[aggregate(name = "shelf", id = Id<Nothing>, events(Filled), snapshot(every = 10))]
struct Shelf<P: Policy> {
    last: Option<u64>,
    limit: P::Limit,
    policy: PhantomData<P>,
}

trait Policy: Send + Sync + 'static {
    type Limit: Default + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + es_core::shape::Shape;
}

#[derive(Default)]
struct Narrow;
impl Policy for Narrow {
    type Limit = u8;
}

#[derive(Default)]
struct Wide;
impl Policy for Wide {
    type Limit = Vec<u64>;
}

impl<P: Policy> Apply<Filled> for Shelf<P> {
    fn apply(&mut self, Filled { by, .. }: Filled) {
        self.last = Some(by.0);
    }
}

#[test]
fn typed_ids_and_generic_states_have_the_shape_that_they_are_written_in() {
    let catalogue = Catalogue::of::<Shelf<Narrow>>();
    assert_eq!(
        catalogue.events()[0].text(),
        "payload: struct
  by: Id<Nothing>
  codes: list<Code<Nothing>>
type Code<Nothing>: struct
  _more: null
  of: null
  text: string
type Id<Nothing>: u64
"
    );
    assert!(catalogue.events()[0].fingerprint().is_some());
    let state =
        |catalogue: &Catalogue| catalogue.state().map(es_core::shape::Schema::text).unwrap_or_default();
    assert_eq!(state(&catalogue), "payload: struct\n  last: option<u64>\n  limit: u8\n  policy: null\n");
    let wide = Catalogue::of::<Shelf<Wide>>();
    assert_eq!(state(&wide), "payload: struct\n  last: option<u64>\n  limit: list<u64>\n  policy: null\n");
    assert!(wide.state().is_some_and(|state| state.opaque().is_empty()));
    let filled: Filled = es_core::testing::read(
        1,
        &serde_json::json!({ "by": 7, "codes": [{ "text": "a", "of": null, "_more": null }] }),
    )
    .expect("reads");
    assert_eq!((filled.by.0, filled.codes.len()), (7, 1));
}

#[test]
fn a_newtype_has_the_key_of_its_field() {
    let id = Uuid::now_v7();
    assert_eq!(Text(String::from("A-1")).to_key(), "A-1");
    assert_eq!(Named { number: 7 }.to_key(), "7");
    assert_eq!(Nested(Named { number: 8 }).to_key(), "8");
    assert_eq!(Generic(id).to_key(), id.to_string());
    assert_eq!(Text::from_key("A-1"), Ok(Text(String::from("A-1"))));
    assert_eq!(Nested::from_key("8"), Ok(Nested(Named { number: 8 })));
    assert_eq!(Generic::<Uuid>::from_key(&id.to_string()), Ok(Generic(id)));
    assert_eq!(Named::from_key("x"), Err(InvalidKey::new("x", "integer")));
}
