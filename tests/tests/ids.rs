//! Newtypes as ids of aggregates.

use es_core::{InvalidKey, StreamKey, Uuid};

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
    assert_eq!(Named::from_key("x"), Err(InvalidKey { key: String::from("x"), expected: "integer" }));
}
