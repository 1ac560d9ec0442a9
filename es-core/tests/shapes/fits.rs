//! Whether a value fits a shape: the answer is serde's own, for every type and every value.

#![allow(dead_code, reason = "types that are only written and read")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;

use es_core::shape::{Schema, Shape};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

#[derive(Serialize, Deserialize, Shape)]
struct Cents(i64);

#[derive(Serialize, Deserialize, Shape, PartialEq, Eq, PartialOrd, Ord)]
enum Currency {
    Usd,
    #[serde(alias = "euro")]
    Eur,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Plain {
    paid_amount: Cents,
    currency: Currency,
    note: Option<String>,
    letter: char,
    ratio: f64,
    few: u8,
    wide: i128,
    some: NonZeroU8,
    flag: bool,
    nothing: (),
    id: uuid::Uuid,
    ip: std::net::IpAddr,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(deny_unknown_fields)]
struct Strict {
    #[serde(rename = "a", alias = "b")]
    first: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    list: Vec<i8>,
    #[serde(skip_serializing, default)]
    read_only: u8,
    #[serde(skip_deserializing)]
    written_only: u8,
    #[serde(skip)]
    never: u8,
    #[serde(rename(serialize = "w", deserialize = "r"))]
    two: bool,
}

#[derive(Serialize, Deserialize, Shape, Default)]
#[serde(default)]
struct Defaulted {
    a: u8,
    b: (u8, String),
}

#[derive(Serialize, Deserialize, Shape)]
struct Containers {
    map: BTreeMap<String, u8>,
    by_number: BTreeMap<i16, bool>,
    by_flag: BTreeMap<bool, ()>,
    by_letter: BTreeMap<char, u8>,
    by_currency: BTreeMap<Currency, u8>,
    by_key: BTreeMap<Key, u8>,
    set: BTreeSet<u8>,
    array: [u8; 2],
    tuple: (u8, Option<String>),
    any: Value,
    nested: Vec<Option<Vec<u8>>>,
}

#[derive(Serialize, Deserialize, Shape, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u16);

#[derive(Serialize, Deserialize, Shape)]
struct Unit;

#[derive(Serialize, Deserialize, Shape)]
struct Pair(u8, #[serde(default)] String);

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "type", rename = "inner")]
struct Tagged {
    b: u8,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case")]
enum External {
    JustUnit,
    One(Cents),
    Nothing(()),
    Maybe(Option<u8>),
    Two(u8, String),
    #[serde(alias = "named")]
    Fields {
        a: u8,
        #[serde(default)]
        b: u8,
    },
    #[serde(skip_serializing)]
    Old,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Newtype(Plainer),
    Map(BTreeMap<String, u8>),
    Inner(Adjacent),
    Fields {
        a: u8,
        b: Option<u8>,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize, Shape)]
struct Plainer {
    x: u8,
    by_name: BTreeMap<String, u8>,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "t", content = "c", deny_unknown_fields)]
enum Adjacent {
    Unit,
    One(u8),
    Maybe(Option<u8>),
    Tuple(u8, u8),
    Fields { a: u8 },
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(untagged)]
enum Untagged {
    Nothing,
    Number(u8),
    Text(String),
    Fields { a: u8, b: u8 },
    Pair(u8, u8),
    Inner(Box<External>),
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(untagged)]
enum Lone {
    Fields { a: u8 },
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(untagged, deny_unknown_fields)]
enum StrictLone {
    Fields { a: u8 },
}

#[derive(Serialize, Deserialize, Shape)]
enum HalfTagged {
    A(u8),
    B,
    #[serde(untagged)]
    Rest(String),
}

#[derive(Serialize, Deserialize, Shape)]
struct Flattened {
    own: u8,
    #[serde(flatten)]
    plainer: Plainer,
    #[serde(flatten)]
    internal: InternalFlat,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "how")]
enum InternalFlat {
    Cash,
    Card { number: u8 },
}

#[derive(Serialize, Deserialize, Shape)]
struct FlatMap {
    own: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Serialize, Deserialize, Shape)]
struct FlatExternal {
    own: u8,
    #[serde(flatten)]
    how: External,
}

#[derive(Serialize, Deserialize, Shape)]
struct FlatAdjacent {
    own: u8,
    #[serde(flatten)]
    how: Adjacent2,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "t", content = "c")]
enum Adjacent2 {
    Unit,
    One(u8),
}

#[derive(Serialize, Deserialize, Shape)]
struct FlatOption {
    own: u8,
    #[serde(flatten)]
    maybe: Option<Defaultless>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Defaultless {
    m: u8,
    n: u8,
}

#[derive(Serialize, Deserialize, Shape)]
struct Tree {
    value: Cents,
    children: Vec<Self>,
    parent: Option<Box<Self>>,
}

/// Checks one value against serde: it is read if and only if it fits, and what is written fits.
fn ask<T: Shape + Serialize + DeserializeOwned>(value: &Value) -> Result<(), TestCaseError> {
    let schema = Schema::of::<T>();
    let text = value.to_string();
    let (read, fits) = (serde_json::from_str::<T>(&text), schema.check_read(value));
    prop_assert_eq!(
        read.is_ok(),
        fits.is_ok(),
        "{}: {} as {}: {:?} {:?}",
        std::any::type_name::<T>(),
        text,
        schema.text(),
        read.err(),
        fits
    );
    if let Some(written) = read.ok().and_then(|read| serde_json::to_string(&read).ok()) {
        let written: Value = serde_json::from_str(&written).expect("JSON");
        let fit = schema.check(&written);
        prop_assert!(fit.is_ok(), "{}: {} {:?}", std::any::type_name::<T>(), written, fit);
    }
    Ok(())
}

type Ask = (fn() -> Vec<Value>, fn(&Value) -> Result<(), TestCaseError>);

fn asking<T: Shape + Serialize + DeserializeOwned>() -> Ask {
    (|| Schema::of::<T>().samples(), ask::<T>)
}

fn all() -> Vec<Ask> {
    vec![
        asking::<Plain>(),
        asking::<Strict>(),
        asking::<Defaulted>(),
        asking::<Containers>(),
        asking::<Unit>(),
        asking::<Pair>(),
        asking::<Tagged>(),
        asking::<External>(),
        asking::<Internal>(),
        asking::<Adjacent>(),
        asking::<Untagged>(),
        asking::<HalfTagged>(),
        asking::<Lone>(),
        asking::<StrictLone>(),
        asking::<Flattened>(),
        asking::<FlatMap>(),
        asking::<FlatExternal>(),
        asking::<FlatAdjacent>(),
        asking::<FlatOption>(),
        asking::<Tree>(),
        asking::<(u8, u16, u32, u64, u128, usize)>(),
        asking::<(i8, i16, i32, i64, i128, isize)>(),
        asking::<Result<std::time::Duration, std::ops::Range<u8>>>(),
        asking::<Vec<Internal>>(),
        asking::<BTreeMap<String, External>>(),
    ]
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        prop::sample::select(vec![
            0_i64,
            -1,
            1,
            127,
            128,
            -128,
            -129,
            255,
            256,
            65_535,
            65_536,
            2_147_483_648
        ])
        .prop_map(Number::from),
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        prop::sample::select(vec![0.0, -0.0, 1.0, 1.5, 3e9, 1e300])
            .prop_filter_map("finite", Number::from_f64),
    ]
}

/// Any JSON, with names and texts that the types know among others. Only ASCII: `serde_json` panics where the
/// key of a `BTreeMap<bool, _>` begins with another letter.
fn any_value() -> impl Strategy<Value = Value> {
    let name = || {
        prop_oneof![
            4 => prop::sample::select(vec![
                "a", "b", "r", "w", "kind", "type", "t", "c", "Unit", "One", "just_unit", "one", "named", "nothing",
                "fields", "Eur", "euro", "m", "n", "own", "x", "how", "Cash", "Card", "1", "-1", "01", "true", "",
                "A", "B", "Maybe", "Fields", "maybe", "2001-02-03",
            ]).prop_map(ToOwned::to_owned),
            1 => "[a-z0-9]{0,3}",
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number().prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A change of one part of a value: replaced, removed, added, doubled, or under another name.
fn change(value: &mut Value, way: &[prop::sample::Index], what: u8, other: &Value) {
    let Some((at, way)) = way.split_first() else {
        *value = other.clone();
        return;
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            let key = at.get(&keys);
            let rename = |fields: &mut Map<String, Value>, to: &str| {
                if let Some(value) = fields.remove(key) {
                    fields.insert(to.to_owned(), value);
                }
            };
            match (what, other) {
                (0, _) => drop(fields.remove(key)),
                (1, Value::String(name)) => rename(fields, name),
                (2, Value::String(name)) => drop(fields.insert(name.clone(), json!(1))),
                _ => change(fields.get_mut(key).expect("a field"), way, what, other),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = at.index(items.len());
            match what {
                0 => drop(items.remove(at)),
                2 => items.push(items[at].clone()),
                _ => change(&mut items[at], way, what, other),
            }
        }
        value => *value = other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn a_value_fits_for_reading_if_and_only_if_serde_reads_it(
        which in any::<prop::sample::Index>(),
        sample in any::<prop::sample::Index>(),
        changes in prop::collection::vec(
            (prop::collection::vec(any::<prop::sample::Index>(), 1..5), 0_u8..6, any_value()),
            0..4,
        ),
    ) {
        let all = all();
        let (samples, ask) = which.get(&all);
        let samples = samples();
        let mut value = sample.get(&samples).clone();
        ask(&value)?;
        for (way, what, other) in changes {
            change(&mut value, &way, what, &other);
            ask(&value)?;
        }
    }

    #[test]
    fn any_value_at_all_is_judged_as_serde_judges_it(value in any_value(), which in any::<prop::sample::Index>()) {
        let all = all();
        let (_, ask) = which.get(&all);
        ask(&value)?;
    }
}

#[test]
fn what_is_made_up_fits() {
    for (samples, ask) in all() {
        for sample in samples() {
            ask(&sample).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
fn misfit<T: Shape>(value: Value, expected: &str) {
    let misfit = Schema::of::<T>().check(&value).expect_err("does not fit");
    assert_eq!(misfit.to_string(), expected);
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
fn fits<T: Shape>(value: Value) {
    if let Err(misfit) = Schema::of::<T>().check(&value) {
        panic!("{value}: {misfit}");
    }
}

#[test]
fn a_number_is_in_the_range_of_its_type() {
    fits::<(u8, i8, u64, i64)>(json!([255, -128, u64::MAX, i64::MIN]));
    misfit::<u8>(json!(256), "it should be `u8`, and is a number out of its range");
    misfit::<i8>(json!(-129), "it should be `i8`, and is a number out of its range");
    misfit::<u64>(json!(-1), "it should be `u64`, and is a number out of its range");
    misfit::<i64>(json!(u64::MAX), "it should be `i64`, and is a number out of its range");
    misfit::<NonZeroU8>(json!(0), "it should be `u8:nonzero`, and is a number out of its range");
    misfit::<u8>(json!(1.0), "it should be `u8`, and is a number with a fraction");
    // As JSON values hold them.
    for wide in [u128::MAX.to_string(), (u128::from(u64::MAX) + 1).to_string()] {
        fits::<u128>(serde_json::from_str(&wide).expect("JSON"));
    }
    for wide in [i128::MAX, i128::MIN, i128::from(i64::MIN) - 1] {
        fits::<i128>(serde_json::from_str(&wide.to_string()).expect("JSON"));
    }
    misfit::<u128>(json!(-1e30), "it should be `u128`, and is a number out of its range");
    misfit::<i128>(json!(3.4e38), "it should be `i128`, and is a number out of its range");
    misfit::<i128>(json!(1e40), "it should be `i128`, and is a number with a fraction");
    fits::<(f64, f32, f32)>(json!([1.0, 0.1, f64::from(0.1_f32)]));
    misfit::<f64>(json!(1), "it should be `f64`, and is a whole number");
    misfit::<f32>(json!(0.123_456_789), "it should be `f32`, and is a number out of its range");
    misfit::<f32>(json!(1e300), "it should be `f32`, and is a number out of its range");
    misfit::<f64>(json!(null), "it should be `f64`, and is null");
}

#[test]
fn what_is_written_has_the_names_of_today_and_every_field() {
    fits::<Strict>(json!({ "a": 1, "w": true, "written_only": 1 }));
    misfit::<Strict>(json!({ "b": 1, "w": true, "written_only": 1 }), "`a` should be `u8`, and is missing");
    misfit::<Strict>(json!({ "a": 1, "r": true, "written_only": 1 }), "`w` should be `bool`, and is missing");
    misfit::<Strict>(
        json!({ "a": 1, "w": true, "written_only": 1, "read_only": 1 }),
        "`read_only` should be absent, and is a whole number",
    );
    misfit::<Defaulted>(json!({ "a": 1 }), "`b` should be `(u8, string)`, and is missing");
    misfit::<Defaulted>(json!({ "a": 1, "b": [1] }), "`b` should be a list of 2, and is a list of 1");
    misfit::<Defaulted>(json!([1, [1, ""]]), "it should be `Defaulted`, an object, and is a list");
    misfit::<Tagged>(json!({ "b": 1, "type": "x" }), "`type` should be \"inner\", and is something else");
    misfit::<Tagged>(json!({ "b": 1 }), "`type` should be \"inner\", and is missing");
    misfit::<Unit>(json!({}), "it should be `null`, and is an object");
}

#[test]
fn a_variant_is_written_as_its_enum_is_tagged() {
    fits::<Vec<External>>(
        json!(["just_unit", { "one": 1 }, { "two": [1, ""] }, { "fields": { "a": 1, "b": 2 } }]),
    );
    misfit::<Vec<Currency>>(
        json!(["Usd", "euro"]),
        "`[1]` should be one of `Usd`, `Eur`, and is a string that is none of them",
    );
    misfit::<External>(json!("one"), "it should be `one` with its content, and is the name alone");
    misfit::<External>(json!({ "one": "" }), "`one` should be `i64`, and is a string");
    misfit::<External>(json!({ "just_unit": null }), "it should be the string `just_unit`, and is an object");
    misfit::<Internal>(
        json!({ "kind": "Fields", "a": 300, "b": null }),
        "`a` should be `u8`, and is a number out of its range",
    );
    misfit::<Internal>(json!({ "kind": "Unit", "b": null }), "`b` should be absent, and is null");
    misfit::<Adjacent>(json!({ "t": "Unit", "c": null }), "`c` should be absent, and is null");
    misfit::<Adjacent>(json!({ "t": "One" }), "`c` should be the content of `One`, and is missing");
    misfit::<Untagged>(
        json!([1]),
        "it should be a variant of `Untagged`, and is a list that none of them has",
    );
    misfit::<StrictLone>(
        json!({ "a": 1, "more": 1 }),
        "it should be a variant of `StrictLone`, and is an object that none of them has",
    );
    misfit::<FlatMap>(json!({ "own": 1, "x": "" }), "`{}` should be `u8`, and is a string");
    misfit::<Flattened>(
        json!({ "own": 1, "x": 1, "by_name": {}, "how": "Card", "number": 1, "more": 1 }),
        "`more` should be absent, and is a whole number",
    );
}

#[test]
fn a_container_holds_what_it_can_hold() {
    misfit::<BTreeSet<u8>>(
        json!([1, 2, 1]),
        "it should be a list without repetitions, and is a list that holds one value twice",
    );
    misfit::<[u8; 2]>(json!([1, 2, 3]), "it should be a list of 2, and is a list of 3");
    misfit::<BTreeMap<u8, u8>>(
        json!({ "256": 1 }),
        "`{key}` should be `u8`, and is a number out of its range",
    );
    misfit::<BTreeMap<u8, u8>>(json!({ "01": 1 }), "`{key}` should be `u8`, and is another key");
    misfit::<BTreeMap<Currency, u8>>(
        json!({ "Gbp": 1 }),
        "`{key}` should be one of `Usd`, `Eur`, and is a string that is none of them",
    );
    misfit::<BTreeMap<String, Vec<u8>>>(json!({ "secret": [""] }), "`{}[0]` should be `u8`, and is a string");
    misfit::<char>(json!("ab"), "it should be `char`, and is a string of another length");
    misfit::<uuid::Uuid>(json!("1"), "it should be `string:uuid`, and is a string of another format");
}

/// Writes itself without end.
#[derive(Shape)]
struct Endless(Box<Self>);

#[test]
fn a_type_that_holds_itself_without_end_and_a_value_that_is_too_deep_fit_nothing() {
    misfit::<Endless>(json!(1), "it should be `Endless`, and is one that holds itself without end");
    let mut deep = json!(1);
    for _ in 0..128 {
        deep = json!([deep]);
    }
    misfit::<Value>(deep, "it should be nested at most 127 levels deep, and is nested deeper");
}

/// Reads two forms by hand, of which its shape has one.
#[derive(Serialize, Shape)]
struct ByHand {
    cents: i64,
}

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Stored::deserialize(deserializer).map(|stored| Self { cents: Price::from(stored).cents })
    }
}

/// Reads the same two forms, and its shape has both.
#[derive(Clone, Serialize, Deserialize, Shape)]
#[serde(from = "Stored", into = "Stored")]
struct Price {
    cents: i64,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(untagged)]
enum Stored {
    Today {
        cents: i64,
    },
    #[serde(skip_serializing)]
    Before {
        euros: i64,
    },
}

impl From<Stored> for Price {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Today { cents } => Self { cents },
            Stored::Before { euros } => Self { cents: euros * 100 },
        }
    }
}

impl From<Price> for Stored {
    fn from(Price { cents }: Price) -> Self {
        Self::Today { cents }
    }
}

#[test]
fn a_form_that_only_code_reads_fits_where_a_type_of_both_forms_is_read() {
    let before = json!({ "euros": 1 });
    assert_eq!(serde_json::from_value::<ByHand>(before.clone()).expect("by hand").cents, 100);
    assert!(Schema::of::<ByHand>().check_read(&before).is_err());

    assert_eq!(serde_json::from_value::<Price>(before.clone()).expect("of both").cents, 100);
    Schema::of::<Price>().check_read(&before).expect("an earlier form");
    assert!(Schema::of::<Price>().check(&before).is_err(), "it is no longer written");
    assert_eq!(Schema::of::<Price>().ambiguities(), []);
}
