//! What a shape shows to be lost or confused: each case loses a value with `serde_json`, and its twin does
//! not.

#![allow(dead_code, reason = "types that are only described")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use es_core::shape::{Schema, Shape};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

fn found<T: Shape>() -> Vec<String> {
    Schema::of::<T>().ambiguities().iter().map(ToString::to_string).collect()
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> bool {
    serde_json::to_string(value)
        .ok()
        .and_then(|text| serde_json::from_str::<T>(&text).ok())
        .is_some_and(|again| again == *value)
}

/// The value is lost or confused, and the shape shows it.
#[allow(clippy::needless_pass_by_value, reason = "a value is made for each call")]
#[track_caller]
fn loses<T: Shape + Serialize + DeserializeOwned + PartialEq + Debug>(value: T, expected: &str) {
    assert!(!comes_back(&value), "{value:?} comes back");
    assert_eq!(found::<T>(), [expected]);
}

/// The value comes back, and nothing is found.
#[track_caller]
fn keeps<T: Shape + Serialize + DeserializeOwned + PartialEq + Debug>(values: impl IntoIterator<Item = T>) {
    for value in values {
        assert!(comes_back(&value), "{value:?} does not come back");
    }
    assert_eq!(found::<T>(), [""; 0]);
}

/// Types with serde's derives and a shape.
macro_rules! types {
    ($($item:item)*) => {$(
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Shape)]
        $item
    )*};
}

mod options {
    use super::*;

    // The derive refuses both where they are spelled out.
    type Maybe = Option<u8>;
    type Unit = ();

    types! {
        struct Twice { note: Option<Maybe> }
        struct OfUnit { done: Option<Unit> }
        struct OfAny { any: Option<Value> }
        struct Newtype(Option<u8>);
        struct OfNewtype { note: Option<Newtype> }
        struct Nothing;
        struct OfUnitStruct { note: Option<Nothing> }
        #[serde(untagged)]
        enum Either { Nothing, Number(u8) }
        struct OfUntagged { note: Option<Either> }
        struct Within { items: Vec<BTreeMap<String, Option<Newtype>>> }

        struct Once { note: Option<u8>, newtype: Newtype, list: Option<Vec<Option<u8>>>, either: Either }
        enum Change { Unchanged, Cleared, Set(u8) }
        struct Changed { change: Option<Change>, any: Value }
    }

    #[test]
    fn some_of_what_is_null_is_read_as_none() {
        let of = |path: &str| {
            format!("`{path}`: an option of what may be `null` itself; `Some` of that is read as `None`")
        };
        loses(Twice { note: Some(None) }, &of("note"));
        loses(OfUnit { done: Some(()) }, &of("done"));
        loses(OfAny { any: Some(Value::Null) }, &of("any"));
        loses(OfNewtype { note: Some(Newtype(None)) }, &of("note"));
        loses(OfUnitStruct { note: Some(Nothing) }, &of("note"));
        loses(OfUntagged { note: Some(Either::Nothing) }, &of("note"));
        let items = vec![BTreeMap::from([("a".to_owned(), Some(Newtype(None)))])];
        loses(Within { items }, &of("items[]{}"));
    }

    #[test]
    fn an_option_of_what_is_never_null_comes_back() {
        let once = |note, list, either| Once { note, newtype: Newtype(note), list, either };
        keeps([once(None, None, Either::Nothing), once(Some(1), Some(vec![None]), Either::Number(1))]);
        keeps(
            [Some(Change::Unchanged), Some(Change::Cleared), Some(Change::Set(1)), None]
                .map(|change| Changed { change, any: Value::Null }),
        );
    }
}

mod names {
    use super::*;

    types! {
        struct ReadElsewhere { #[serde(rename(serialize = "a", deserialize = "b"))] x: Option<u8> }
        #[serde(tag = "kind")]
        struct Tagged { kind: String }
        struct Inner { a: u8 }
        struct Flat { a: u8, #[serde(flatten)] inner: Inner }
        #[serde(tag = "a")]
        enum Internal { One(Inner) }

        struct Apart { #[serde(alias = "z")] a: u8, b: u8, #[serde(rename(serialize = "c", deserialize = "d"), alias = "c")] c: u8 }
        struct FlatApart { b: u8, #[serde(flatten)] inner: Inner, #[serde(flatten)] tagged: TaggedApart }
        #[serde(tag = "kind")]
        enum TaggedApart { One(More), Two { c: u8 } }
        struct More { c: u8 }
        enum VariantsApart { #[serde(alias = "a")] A, B }
    }

    #[test]
    fn a_name_of_something_else_is_not_read_as_what_was_written() {
        loses(ReadElsewhere { x: Some(1) }, "`a`: not read under the name that it is written as");
        loses(Tagged { kind: "x".into() }, "`kind`: a field of the name of the tag, `kind`");
        loses(
            Flat { a: 1, inner: Inner { a: 2 } },
            "`..inner`: its field `a` stands among others of that name, and only one of them is read",
        );
        loses(
            Internal::One(Inner { a: 1 }),
            "`One.a`: a field of the name of the tag `a`, which is read in its place",
        );
    }

    #[test]
    fn names_that_differ_come_back() {
        keeps([Apart { a: 1, b: 2, c: 3 }]);
        keeps([TaggedApart::One(More { c: 1 }), TaggedApart::Two { c: 1 }].map(|tagged| FlatApart {
            b: 1,
            inner: Inner { a: 2 },
            tagged,
        }));
        keeps([VariantsApart::A, VariantsApart::B]);
    }
}

mod untagged {
    use super::*;

    types! {
        #[serde(untagged)]
        enum Numbers { Small(u8), Large(u64) }
        #[serde(untagged)]
        enum Keys { Numbers(BTreeMap<u8, u8>), Wide { x: Option<u8> } }
        #[serde(untagged)]
        enum Structs { Short { a: u8 }, Long { a: u8, b: u8 } }
        #[serde(untagged)]
        enum Optional { Any { x: Option<u8> }, Other { y: u8 } }
        #[serde(untagged)]
        enum Units { First, Second(Option<u8>) }

        #[serde(untagged)]
        enum Lists { Numbers(Vec<u8>), Texts(Vec<String>) }
        #[serde(untagged)]
        enum Maps { Numbers(BTreeMap<String, u8>), Texts(BTreeMap<String, String>) }

        #[serde(untagged)]
        enum ListsApart { Numbers(Filled), Texts(Vec<String>) }
        #[serde(untagged)]
        enum FilledAfter { Numbers(Vec<bool>), Some(Filled) }
        #[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
        struct Filled(Vec<u8>);
        #[serde(untagged)]
        enum ListOrMap { List(Vec<u8>), Pair(u8, u8, String), Map(BTreeMap<String, u8>) }
        #[serde(untagged)]
        enum Apart { Long { a: u8, b: u8 }, Short { a: u8 }, Text(String), Whole(i64), Real(f64), List(Vec<u8>), Nothing }
        #[serde(untagged)]
        enum Formats { Id(uuid::Uuid), Date(chrono::NaiveDate), Text(String) }
        #[serde(untagged)]
        enum Contacts { Mail(Mail), Phone(String) }
        #[serde(try_from = "String", into = "String")]
        struct Mail(String);
    }

    /// At least one.
    impl TryFrom<Vec<u8>> for Filled {
        type Error = &'static str;
        fn try_from(list: Vec<u8>) -> Result<Self, Self::Error> {
            if list.is_empty() { Err("empty") } else { Ok(Self(list)) }
        }
    }
    impl From<Filled> for Vec<u8> {
        fn from(Filled(list): Filled) -> Self {
            list
        }
    }

    impl TryFrom<String> for Mail {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text.contains('@') { Ok(Self(text)) } else { Err("no address") }
        }
    }
    impl From<Mail> for String {
        fn from(Mail(text): Mail) -> Self {
            text
        }
    }

    #[test]
    fn a_variant_that_an_earlier_one_takes_is_read_as_that() {
        let of = |path: &str, earlier: &str| {
            format!(
                "`{path}`: without a tag it is read as `{earlier}`, which is tried before and takes some of its values"
            )
        };
        loses(Numbers::Large(1), &of("Large", "Small"));
        loses(
            Keys::Numbers(BTreeMap::from([(1, 2)])),
            "`Numbers`: a value that is written, cannot be read, and is taken for `Wide`, which is tried later",
        );
        loses(Structs::Long { a: 1, b: 2 }, &of("Long", "Short"));
        loses(Optional::Other { y: 1 }, &of("Other", "Any"));
        loses(Units::Second(None), &of("Second", "First"));
        // Only where they are empty.
        loses(Lists::Texts(Vec::new()), &of("Texts", "Numbers"));
        loses(Maps::Texts(BTreeMap::new()), &of("Texts", "Numbers"));
    }

    #[test]
    fn variants_that_take_different_values_come_back() {
        keeps([
            Apart::Long { a: 1, b: 2 },
            Apart::Short { a: 1 },
            Apart::Text("a".into()),
            Apart::Whole(1),
            Apart::Real(1.0),
            Apart::List(vec![1]),
            Apart::Nothing,
        ]);
        keeps([
            Formats::Id(uuid::Uuid::nil()),
            Formats::Date(chrono::NaiveDate::MIN),
            Formats::Text("a".into()),
        ]);
        keeps([ListsApart::Numbers(Filled(vec![1])), ListsApart::Texts(Vec::new())]);
        keeps([FilledAfter::Numbers(Vec::new()), FilledAfter::Some(Filled(vec![1]))]);
        let map = BTreeMap::new();
        keeps([ListOrMap::List(Vec::new()), ListOrMap::Pair(1, 2, "a".into()), ListOrMap::Map(map)]);
        // Code that refuses values tells them apart.
        keeps([Contacts::Mail(Mail("a@b".into())), Contacts::Phone("1".into())]);
    }
}

mod tags {
    use super::*;

    types! {
        #[serde(tag = "kind")]
        enum OfNumber { Number(u8) }
        #[serde(tag = "kind")]
        enum OfOption { Maybe(Option<Inner>) }
        #[serde(tag = "kind")]
        enum OfPair { Pair(Pair) }
        struct Pair(u8, u8);
        struct Inner { a: u8 }
        struct Keys { by_number: BTreeMap<u8, u8> }
        #[serde(tag = "kind")]
        enum OfKeys { Keys(Keys) }

        #[serde(tag = "kind")]
        enum Objects { Inner(Inner), Map(BTreeMap<String, u8>), Nothing, Unit(()), Other(Other) }
        #[serde(tag = "how", content = "what")]
        enum Other { Number(u8), Pair(u8, u8), Maybe(Option<u8>) }
    }

    #[test]
    fn a_value_without_fields_has_no_place_for_a_tag() {
        let of = |path: &str| {
            format!(
                "`{path}`: its value has no fields that could stand beside the tag `kind`; it cannot be written"
            )
        };
        loses(OfNumber::Number(1), &of("Number"));
        loses(OfOption::Maybe(Some(Inner { a: 1 })), &of("Maybe"));
        loses(OfPair::Pair(Pair(1, 2)), &of("Pair"));
        loses(
            OfKeys::Keys(Keys { by_number: BTreeMap::from([(1, 1)]) }),
            "`by_number{key}`: a value that is written and cannot be read: it should be `u8`, and is a key that serde keeps \
             as a string here",
        );
    }

    #[test]
    fn values_with_fields_come_back() {
        keeps([
            Objects::Inner(Inner { a: 1 }),
            Objects::Map(BTreeMap::from([("a".to_owned(), 1)])),
            Objects::Nothing,
            Objects::Unit(()),
            Objects::Other(Other::Number(1)),
            Objects::Other(Other::Pair(1, 2)),
            Objects::Other(Other::Maybe(None)),
        ]);
    }
}

mod absence {
    use super::*;

    fn seven() -> Vec<u8> {
        vec![7]
    }
    const fn is_zero(number: &u8) -> bool {
        *number == 0
    }

    types! {
        struct NoDefault { #[serde(skip_serializing_if = "Vec::is_empty")] list: Vec<u8> }
        struct OtherDefault { #[serde(skip_serializing_if = "Vec::is_empty", default = "seven")] list: Vec<u8> }
        struct WrittenOnly { #[serde(skip_deserializing)] a: u8 }
        struct ReadOnly { #[serde(skip_serializing, default)] a: u8 }
        struct Places(#[serde(skip_serializing_if = "is_zero", default)] u8, #[serde(default)] u8);
        enum Variants { #[serde(skip_deserializing)] A, B }

        struct Default {
            #[serde(skip_serializing_if = "Vec::is_empty", default)]
            list: Vec<u8>,
            #[serde(skip_serializing_if = "Vec::is_empty", default = "Vec::new")]
            other: Vec<u8>,
            #[serde(skip_serializing_if = "Option::is_none")]
            note: Option<u8>,
            #[serde(skip_serializing_if = "is_zero", default)]
            number: u8,
            #[serde(skip)]
            mark: std::marker::PhantomData<u8>,
        }
    }

    #[test]
    fn what_is_left_out_is_read_as_something_else() {
        loses(
            NoDefault { list: Vec::new() },
            "`list`: left out if `Vec::is_empty`, and without a default cannot be read then",
        );
        loses(
            OtherDefault { list: Vec::new() },
            "`list`: left out if `Vec::is_empty`, and read as `seven` says then",
        );
        loses(
            WrittenOnly { a: 1 },
            "`a`: written and never read; whatever was written is read as the default",
        );
        loses(ReadOnly { a: 1 }, "`a`: read and never written; whatever it holds is read as the default");
        loses(Places(0, 1), "`0`: left out of a list; those after it are read in its place");
        loses(Variants::A, "`A`: a variant that is written and never read");
    }

    types! {
        struct Skipped { a: u8, #[serde(skip)] b: u8 }
        struct SkippedApart { a: u8, #[serde(skip_serializing, skip_deserializing)] r#type: u8 }
        struct SkippedPlace(u8, #[serde(skip)] u8);
        #[serde(transparent)]
        struct SkippedBeside { a: u8, #[serde(skip)] b: u8 }
        enum SkippedIn { Named { a: u8, #[serde(skip)] b: u8 }, Place(#[serde(skip)] u8, u8) }
        struct Around { items: Vec<Option<Skipped>> }

        struct Whole { a: u8 }
        #[serde(from = "Whole", into = "Whole")]
        struct ByWhole { a: u8, #[serde(skip)] b: u8 }
        struct Marked<T>(u8, #[serde(skip)] std::marker::PhantomData<T>);
        enum MarkedIn { Named { a: u8, #[serde(skip)] mark: std::marker::PhantomData<u8> } }
    }

    impl From<Whole> for ByWhole {
        fn from(Whole { a }: Whole) -> Self {
            Self { a, b: a }
        }
    }
    impl From<ByWhole> for Whole {
        fn from(ByWhole { a, .. }: ByWhole) -> Self {
            Self { a }
        }
    }

    #[test]
    fn a_field_that_is_skipped_in_a_nested_type_is_lost() {
        let of = |path: &str| {
            format!("`{path}`: neither written nor read; whatever it holds is read as the default")
        };
        loses(Skipped { a: 1, b: 2 }, &of("b"));
        loses(SkippedApart { a: 1, r#type: 2 }, &of("type"));
        loses(SkippedPlace(1, 2), &of("1"));
        loses(SkippedBeside { a: 1, b: 2 }, &of("b"));
        loses(Around { items: vec![Some(Skipped { a: 1, b: 2 })] }, &of("items[].b"));
        assert!(!comes_back(&SkippedIn::Named { a: 1, b: 2 }));
        assert!(!comes_back(&SkippedIn::Place(1, 2)));
        assert_eq!(found::<SkippedIn>(), [of("Named.b"), of("Place.0")]);
    }

    #[test]
    fn a_field_that_is_skipped_is_no_part_of_the_text() {
        let text = Schema::of::<Skipped>().text();
        assert_eq!(text.replace("Skipped", "Whole"), Schema::of::<Whole>().text());
    }

    #[test]
    fn a_skipped_marker_and_a_field_that_a_conversion_makes_come_back() {
        keeps([ByWhole { a: 1, b: 1 }]);
        keeps([Marked::<u8>(1, std::marker::PhantomData)]);
        keeps([MarkedIn::Named { a: 1, mark: std::marker::PhantomData }]);
    }

    fn is_one(number: &u8) -> bool {
        *number == 1
    }

    types! {
        #[serde(default)]
        struct OfContainer { #[serde(skip_serializing_if = "Vec::is_empty")] list: Vec<u8> }
        struct OfFunction { #[serde(skip_serializing_if = "is_one", default)] number: u8 }
        enum Open { Red, #[serde(untagged)] Other(String) }
    }

    impl std::default::Default for OfContainer {
        fn default() -> Self {
            Self { list: vec![7] }
        }
    }

    #[test]
    fn what_only_the_values_of_code_show_is_not_found() {
        assert!(!comes_back(&OfContainer { list: Vec::new() }));
        assert_eq!(found::<OfContainer>(), [""; 0]);
        assert!(!comes_back(&OfFunction { number: 1 }));
        assert_eq!(found::<OfFunction>(), [""; 0]);
        // What is stored is read as intended: code should not make this one.
        assert!(!comes_back(&Open::Other("Red".into())));
        assert_eq!(found::<Open>(), [""; 0]);
    }

    #[test]
    fn what_is_left_out_as_its_default_comes_back() {
        let mark = std::marker::PhantomData;
        keeps([
            Default { list: Vec::new(), other: Vec::new(), note: None, number: 0, mark },
            Default { list: vec![1], other: vec![2], note: Some(1), number: 1, mark },
        ]);
    }
}

mod flattened {
    use super::*;

    types! {
        struct Absent { x: Option<u8> }
        struct FlatOption { own: u8, #[serde(flatten)] absent: Option<Absent> }
        struct ByNumber { inner: Option<Box<Self>>, by_number: BTreeMap<u8, u8> }
        struct FlatOptionOfKeys { own: u8, #[serde(flatten)] keys: Option<ByNumber> }
        struct FlatKeys { own: u8, #[serde(flatten)] keys: ByText }
        struct ByText { by_text: BTreeMap<String, u8> }
        struct FlatOptionOfText { own: u8, #[serde(flatten)] keys: Option<ByText> }
        struct FlatOptionOfMap { own: u8, #[serde(flatten)] map: Option<BTreeMap<String, u8>> }
        struct TwoMaps { #[serde(flatten)] a: BTreeMap<String, u8>, #[serde(flatten)] b: BTreeMap<String, u8> }
        struct MapFirst { #[serde(flatten)] map: BTreeMap<String, u8>, #[serde(flatten)] inner: Inner }
        struct Inner { a: u8 }
        #[serde(tag = "how")]
        enum Internal { Cash, Card { number: u8 } }
        struct MapBesideTag { #[serde(flatten)] how: Internal, #[serde(flatten)] map: BTreeMap<String, Value> }

        struct MapLast { own: u8, #[serde(flatten)] inner: Inner, #[serde(flatten)] map: BTreeMap<String, u8> }
        struct FlatSure { own: u8, #[serde(flatten)] inner: Option<Inner>, #[serde(flatten)] how: Internal }
        #[serde(tag = "t", content = "c")]
        enum Adjacent { A(u8) }
        struct MapBesideAdjacent { #[serde(flatten)] how: Adjacent, #[serde(flatten)] map: BTreeMap<String, Value> }
        enum External { A(u8), B { b: u8 } }
        struct MapBesideExternal { #[serde(flatten)] how: External, #[serde(flatten)] map: BTreeMap<String, Value> }
    }

    #[test]
    fn a_flattened_field_reads_what_is_not_its_own() {
        let absent = |path: &str| {
            format!(
                "`..{path}`: an option whose fields may all be absent; `None` is read as `Some` without them"
            )
        };
        loses(FlatOption { own: 1, absent: None }, &absent("absent"));
        loses(FlatOptionOfMap { own: 1, map: None }, &absent("map"));
        let by_number = BTreeMap::from([(1, 2)]);
        let keys = Some(ByNumber { inner: None, by_number: by_number.clone() });
        let lost = "`..keys`: a value that is written and read as `None`: `by_number{key}` should be `u8`, and is a \
                    key that serde keeps as a string here";
        loses(FlatOptionOfKeys { own: 1, keys }, lost);
        let inner = Some(Box::new(ByNumber { inner: None, by_number }));
        let keys = Some(ByNumber { inner, by_number: BTreeMap::new() });
        loses(FlatOptionOfKeys { own: 1, keys }, lost);
        let map = || BTreeMap::from([("x".to_owned(), 1)]);
        assert!(!comes_back(&TwoMaps { a: map(), b: BTreeMap::new() }));
        let of = |path: &str, other: &str| {
            format!("`..{path}`: a map that reads the fields of `..{other}` as its own entries as well")
        };
        assert_eq!(found::<TwoMaps>(), [of("a", "b"), of("b", "a")]);
        loses(MapFirst { map: map(), inner: Inner { a: 1 } }, &of("map", "inner"));
        let map = BTreeMap::from([("x".to_owned(), Value::from(1))]);
        loses(MapBesideTag { how: Internal::Card { number: 1 }, map }, &of("map", "how"));
    }

    #[test]
    fn flattened_fields_that_keep_to_their_own_come_back() {
        let map = || BTreeMap::from([("x".to_owned(), 1)]);
        let any = || BTreeMap::from([("x".to_owned(), Value::from(1))]);
        keeps([FlatKeys { own: 1, keys: ByText { by_text: map() } }]);
        keeps([None, Some(ByText { by_text: map() })].map(|keys| FlatOptionOfText { own: 1, keys }));
        keeps([MapLast { own: 1, inner: Inner { a: 1 }, map: map() }]);
        keeps([None, Some(Inner { a: 1 })].map(|inner| FlatSure { own: 1, inner, how: Internal::Cash }));
        keeps([MapBesideAdjacent { how: Adjacent::A(1), map: any() }]);
        keeps([External::A(1), External::B { b: 1 }].map(|how| MapBesideExternal { how, map: any() }));
    }
}

mod keys {
    use super::*;

    types! {
        #[serde(untagged)]
        #[derive(Eq, PartialOrd, Ord)]
        enum Either { Number(u8), Text(String) }
        struct ByEither { map: BTreeMap<Either, u8> }
        #[derive(Eq, PartialOrd, Ord)]
        struct Pair(u8, u8);
        struct ByPair { map: BTreeMap<Pair, u8> }
        struct ByOption { map: BTreeMap<Option<u8>, u8> }

        #[derive(Eq, PartialOrd, Ord)]
        struct Number(u8);
        #[derive(Eq, PartialOrd, Ord)]
        enum Currency { Eur, Usd }
        struct ByAll { number: BTreeMap<Number, u8>, currency: BTreeMap<Currency, u8>, flag: BTreeMap<bool, char> }
    }

    #[test]
    fn a_key_that_is_no_string_is_lost() {
        let none = "`map{key}`: a key that cannot be written as a string, or not with every value";
        loses(
            ByEither { map: BTreeMap::from([(Either::Number(1), 1), (Either::Text("1".into()), 2)]) },
            "`map{key}`: a key without a tag is a string, whatever variant it was; two keys may become one",
        );
        loses(ByPair { map: BTreeMap::from([(Pair(1, 1), 1)]) }, none);
        loses(ByOption { map: BTreeMap::from([(None, 1)]) }, none);
    }

    #[test]
    fn a_key_that_is_one_comes_back() {
        keeps([ByAll {
            number: BTreeMap::from([(Number(1), 1)]),
            currency: BTreeMap::from([(Currency::Eur, 1), (Currency::Usd, 2)]),
            flag: BTreeMap::from([(true, 'a')]),
        }]);
    }
}
