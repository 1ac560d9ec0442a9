//! The shapes of types: the canonical text, which is what is compared and hashed.

#![allow(dead_code, reason = "types that are only described")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::marker::PhantomData;
use std::num::NonZeroU8;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use es_core::shape::{Schema, Shape};
use indexmap::{IndexMap, IndexSet};
use ordered_float::{NotNan, OrderedFloat};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[track_caller]
fn same<T: Shape + ?Sized>(expected: &str) {
    assert_eq!(Schema::of::<T>().text(), expected);
}

#[track_caller]
fn inline<T: Shape + ?Sized>(expected: &str) {
    same::<T>(&format!("payload: {expected}\n"));
}

#[test]
fn types_of_the_standard_library_have_shapes() {
    inline::<(i8, u128, isize, f32, bool, char)>("(i8, u128, isize, f32, bool, char)");
    inline::<&str>("string");
    inline::<Cow<'static, str>>("string");
    inline::<Box<Rc<Arc<String>>>>("string");
    inline::<Option<Vec<VecDeque<u8>>>>("option<list<list<u8>>>");
    inline::<[[i64; 3]]>("list<array<i64, 3>>");
    inline::<BTreeMap<String, HashMap<u8, BTreeSet<HashSet<i16>>>>>("map<string, map<u8, set<set<i16>>>>");
    inline::<((), PhantomData<u8>, NonZeroU8)>("(null, null, u8:nonzero)");
    inline::<std::net::IpAddr>("string:ip");
    same::<Range<u8>>("payload: struct\n  end: u8\n  start: u8\n");
    same::<Vec<Duration>>("payload: list<Duration>\ntype Duration: struct\n  nanos: u32\n  secs: u64\n");
    same::<Option<Result<u8, String>>>(
        "payload: option<Result<u8, string>>\ntype Result<u8, string>: enum\n  Err: string\n  Ok: u8\n",
    );
}

/// Every type has a value that is written as its sample says.
#[track_caller]
fn reads_its_sample<T: Shape + Serialize + for<'de> Deserialize<'de>>() {
    for sample in Schema::of::<T>().samples() {
        let value: T = match serde_json::from_value(sample.clone()) {
            Ok(value) => value,
            Err(error) => panic!("{sample} does not decode: {error}"),
        };
        let written = serde_json::to_value(&value).expect("a value that was read is written");
        assert_eq!(written, sample);
    }
}

#[test]
fn samples_of_foreign_types_are_read_and_written_by_those_types() {
    reads_its_sample::<(i8, u64, i128, f32, bool, char, String)>();
    reads_its_sample::<(Option<Vec<u8>>, BTreeMap<u8, String>, BTreeMap<bool, ()>, BTreeSet<i8>, NonZeroU8)>(
    );
    reads_its_sample::<(Duration, std::time::SystemTime, Range<u8>, std::ops::Bound<u8>, Result<u8, String>)>(
    );
    reads_its_sample::<(std::net::IpAddr, std::net::Ipv6Addr, std::net::SocketAddr, std::path::PathBuf)>();
    reads_its_sample::<(uuid::Uuid, serde_json::Value, serde_json::Number)>();
    reads_its_sample::<(
        time::OffsetDateTime,
        time::PrimitiveDateTime,
        time::Date,
        time::Time,
        time::UtcOffset,
    )>();
    reads_its_sample::<(time::Duration, time::Month, time::Weekday)>();
    reads_its_sample::<(chrono::DateTime<chrono::Utc>, chrono::NaiveDateTime, chrono::NaiveDate)>();
    reads_its_sample::<(chrono::NaiveTime, chrono::Month, chrono::Weekday, rust_decimal::Decimal)>();
    reads_its_sample::<(bigdecimal::BigDecimal, url::Url, bytes::Bytes, bytes::BytesMut)>();
    reads_its_sample::<(smallvec::SmallVec<[Option<i64>; 4]>, IndexMap<String, u8>, IndexSet<char>)>();
    reads_its_sample::<(OrderedFloat<f32>, NotNan<f64>)>();
}

#[derive(Serialize, Deserialize, Shape)]
struct Cents(i64);

#[derive(Serialize, Deserialize, Shape)]
enum Currency {
    Usd,
    Eur,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payment {
    paid_amount: Cents,
    #[serde(rename = "ccy", alias = "currency")]
    currency: Currency,
    #[serde(default)]
    note_to_payee: Option<String>,
    #[serde(default = "one", skip_serializing_if = "Vec::is_empty")]
    parts: Vec<u8>,
    #[serde(skip)]
    cache: Option<Unshaped>,
    #[serde(skip_serializing, default)]
    once: u8,
}

fn one() -> Vec<u8> {
    vec![1]
}

#[derive(Default)]
struct Unshaped;

#[test]
fn a_struct_is_described_as_serde_writes_it() {
    same::<Payment>(
        "payload: struct, no unknown fields
  ccy: Currency, alias currency
  noteToPayee: option<string>, default
  once: u8, default, read only
  paidAmount: Cents
  parts: list<u8>, default one, omitted if Vec::is_empty
type Cents: i64
type Currency: enum
  Eur
  Usd
",
    );
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
enum External {
    JustUnit,
    OneThing(Cents),
    TwoThings(u8, String),
    #[serde(alias = "named")]
    WithFields {
        first_field: u8,
    },
    #[serde(skip)]
    Never(PhantomData<Unshaped>),
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Newtype(Inner),
    Fields {
        a: u8,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Tuple(u8, u8),
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(untagged)]
enum Untagged {
    Text(String),
    Number(u8),
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(tag = "type", rename = "inner")]
struct Inner {
    b: u8,
    #[serde(flatten)]
    more: More,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize, Deserialize, Shape)]
struct More {
    c: u8,
}

#[derive(Serialize, Deserialize, Shape)]
struct Enums {
    external: External,
    internal: Internal,
    adjacent: Adjacent,
    untagged: Untagged,
}

#[test]
fn enums_are_described_as_they_are_tagged() {
    same::<Enums>(
        "payload: struct
  adjacent: Adjacent
  external: External
  internal: Internal
  untagged: Untagged
type Adjacent: enum, tag t, content c
  Tuple: (u8, u8)
  Unit
type Cents: i64
type External: enum
  just_unit
  one_thing: Cents
  two_things: (u8, string)
  with_fields: struct, alias named
    firstField: u8
type Inner: struct, with type = inner
  ..More
  ..map<string, any>
  b: u8
type Internal: enum, tag kind
  Fields: struct
    a: u8
  Newtype: Inner
  Unit
  Unknown, other
type More: struct
  c: u8
type Untagged: enum, untagged
  Text: string
  Number: u8
",
    );
}

#[test]
fn samples_reach_every_variant_and_every_field() {
    let samples = Schema::of::<Enums>().samples();
    let text = serde_json::to_string(&samples).expect("JSON");
    for part in [
        "\"just_unit\"",
        "one_thing",
        "two_things",
        "firstField",
        "\"kind\":\"Unit\"",
        "\"kind\":\"Newtype\"",
        "\"kind\":\"Fields\"",
        "\"kind\":\"Unknown\"",
        "\"type\":\"inner\"",
        "\"t\":\"Unit\"",
        "\"t\":\"Tuple\"",
        "\"untagged\":\"untagged\"",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(text.contains("\"untagged\":1") || samples.iter().any(|sample| sample["untagged"].is_u64()));
    for sample in samples {
        serde_json::from_value::<Enums>(sample.clone()).unwrap_or_else(|error| panic!("{sample}: {error}"));
    }
}

#[derive(Serialize, Deserialize, Shape)]
struct Tree {
    value: Cents,
    children: Vec<Self>,
    parent: Option<Box<Self>>,
    by_name: BTreeMap<String, Self>,
}

#[derive(Serialize, Deserialize, Shape)]
enum Expression {
    Add(Box<Self>, Box<Self>),
    Call { name: String, arguments: Vec<Self>, kind: Currency },
    Number(i64),
}

#[test]
fn a_type_that_holds_itself_refers_to_its_name() {
    same::<Tree>(
        "payload: Tree
type Cents: i64
type Tree: struct
  by_name: map<string, Tree>
  children: list<Tree>
  parent: option<Tree>
  value: Cents
",
    );
    reads_its_sample::<Tree>();
    reads_its_sample::<Expression>();
    let text = serde_json::to_string(&Schema::of::<Expression>().samples()).expect("JSON");
    for part in ["Add", "Call", "Number", "Usd", "Eur"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// Holds itself without end, as what follows does in other ways.
#[derive(Serialize, Deserialize, Shape)]
struct Endless(Box<Self>);

#[derive(Serialize, Deserialize, Shape)]
struct There {
    back: Box<Back>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Back {
    pair: (u8, [There; 1]),
}

/// Serde has no end either, where this one is written.
#[derive(Serialize, Shape)]
struct Flattened {
    #[serde(flatten)]
    inner: Box<Self>,
}

#[derive(Serialize, Deserialize, Shape)]
enum OnlyReadToItsEnd {
    Deeper(Box<Self>),
    #[serde(skip_serializing)]
    Bottom,
}

#[derive(Serialize, Deserialize, Shape)]
struct Around {
    maybe: Option<Endless>,
    list: Vec<There>,
    map: BTreeMap<String, Back>,
    none: [Box<Self>; 0],
    #[serde(skip_serializing, default)]
    before: Option<Endless>,
    either: Either,
}

#[derive(Serialize, Deserialize, Shape)]
enum Either {
    Never(Endless),
    Leaf(u8),
}

#[test]
fn a_type_that_holds_itself_without_end_has_an_empty_sample() {
    fn is_null<T: Shape>() {
        let schema = Schema::of::<T>();
        assert_eq!(schema.samples(), [serde_json::Value::Null], "{}", schema.text());
        assert!(schema.partial_samples().is_empty(), "{}", schema.text());
        drop(schema.ambiguities());
    }
    is_null::<Endless>();
    is_null::<There>();
    is_null::<Flattened>();
    is_null::<OnlyReadToItsEnd>();
    reads_its_sample::<Around>();
}

mod other {
    use super::{Deserialize, Serialize, Shape};

    #[derive(Serialize, Deserialize, Shape)]
    pub struct Currency {
        pub code: String,
    }
}

#[derive(Serialize, Deserialize, Shape)]
struct Two {
    a: Currency,
    b: other::Currency,
    c: Vec<Currency>,
}

#[test]
fn types_of_one_name_are_told_apart() {
    same::<Two>(
        "payload: struct
  a: Currency
  b: Currency#2
  c: list<Currency>
type Currency: enum
  Eur
  Usd
type Currency#2: struct
  code: string
",
    );
}

#[derive(Serialize, Deserialize, Shape)]
struct Page<T, const N: usize> {
    items: Vec<T>,
    next: Option<Box<Self>>,
}

#[derive(Serialize, Deserialize, Shape)]
struct Pages {
    a: Page<u8, 1>,
    b: Page<Currency, 1>,
}

#[test]
fn a_generic_type_carries_its_arguments_in_its_name() {
    same::<Pages>(
        "payload: struct
  a: Page<u8, 1>
  b: Page<Currency, 1>
type Currency: enum
  Eur
  Usd
type Page<Currency, 1>: struct
  items: list<Currency>
  next: option<Page<Currency, 1>>
type Page<u8, 1>: struct
  items: list<u8>
  next: option<Page<u8, 1>>
",
    );
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(from = "i64", into = "i64")]
#[derive(Clone)]
struct Converted(i64);

impl From<i64> for Converted {
    fn from(number: i64) -> Self {
        Self(number)
    }
}
impl From<Converted> for i64 {
    fn from(Converted(number): Converted) -> Self {
        number
    }
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(transparent)]
struct Transparent {
    inner: Cents,
    #[serde(skip)]
    rest: PhantomData<Unshaped>,
}

#[derive(Serialize, Deserialize, Shape)]
#[shape("string:iban", name = "BankAccount")]
struct Iban(Arc2);

#[derive(Serialize, Deserialize)]
struct Arc2(String);

#[derive(Serialize, Deserialize, Shape)]
struct Declared {
    #[serde(with = "time::serde::rfc3339")]
    #[shape("string:date-time")]
    at: time::OffsetDateTime,
    converted: Converted,
    transparent: Transparent,
    iban: Iban,
    #[shape("option<list<string>>")]
    foreign: Option<Vec<Arc2>>,
    #[serde(rename(serialize = "a", deserialize = "b"))]
    twofold: u8,
    #[serde(rename = "a: strange, name")]
    strange: u8,
}

#[test]
fn a_type_that_is_written_as_another_has_the_shape_of_that_one() {
    same::<Declared>(
        "payload: struct
  \"a: strange, name\": u8
  a: u8, read as b
  at: string:date-time, by time::serde::rfc3339
  converted: Converted
  foreign: option<list<string>>
  iban: BankAccount
  transparent: Transparent
type BankAccount: string:iban
type Cents: i64
type Converted: i64
type Transparent: Cents
",
    );
    assert!(Schema::of::<Declared>().opaque().is_empty());
}

#[derive(Serialize, Deserialize, Shape)]
struct Opaque {
    plain: Vec<Option<Arc2>>,
    nested: BTreeMap<String, Vec<Within>>,
    #[serde(with = "time::serde::timestamp")]
    at: time::OffsetDateTime,
}

#[derive(Serialize, Deserialize, Shape)]
enum Within {
    One(Arc2),
    Two { inner: (u8, Arc2) },
}

#[test]
fn a_part_without_a_shape_is_opaque_and_found_by_its_path() {
    let parts: Vec<String> = Schema::of::<Opaque>().opaque().iter().map(ToString::to_string).collect();
    assert_eq!(
        parts,
        [
            "`plain` is `Vec<Option<Arc2>>`",
            "`nested{}[].One` is `Arc2`",
            "`nested{}[].Two.inner` is `(u8, Arc2)`",
            "`at` is written by `time::serde::timestamp`",
        ]
    );
    assert_eq!(Schema::of::<Opaque>().text().lines().nth(1), Some("  at: custom<time::serde::timestamp>"));
}

/// Fields in another order, and the types in it entered in another order.
mod reordered {
    use super::{Cents, Deserialize, Serialize, Shape};

    #[derive(Serialize, Deserialize, Shape)]
    pub enum Currency {
        Eur,
        Usd,
    }

    #[derive(Serialize, Deserialize, Shape)]
    pub struct Left {
        pub currency: Currency,
        pub cents: Cents,
    }

    #[derive(Serialize, Deserialize, Shape)]
    pub struct Right {
        pub cents: Cents,
        pub currency: super::Currency,
    }
}

#[test]
fn the_order_of_fields_and_variants_is_no_part_of_the_shape() {
    assert_eq!(Schema::of::<reordered::Left>().text(), Schema::of::<reordered::Right>().text());
    assert_eq!(Schema::of::<reordered::Left>().fingerprint(), Schema::of::<reordered::Right>().fingerprint());
}

#[test]
fn a_fingerprint_is_that_of_the_text_and_never_changes() {
    // Stored in databases: a change of this value refuses programs that are right.
    assert_eq!(Schema::of::<reordered::Left>().fingerprint().to_string(), "e1513c130a540165");
}

/// A type out of many, made of the implementations.
fn any_schema() -> impl Strategy<Value = fn() -> Schema> {
    let all: Vec<fn() -> Schema> = vec![
        Schema::of::<Enums>,
        Schema::of::<Tree>,
        Schema::of::<Expression>,
        Schema::of::<Two>,
        Schema::of::<Pages>,
        Schema::of::<Declared>,
        Schema::of::<Opaque>,
        Schema::of::<(Two, Tree, Enums)>,
        Schema::of::<BTreeMap<String, (Pages, Expression)>>,
    ];
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn the_same_type_described_twice_gives_the_same_text_and_samples(make in any_schema(), other in any_schema()) {
        let first = make();
        let _ = other();
        let second = make();
        prop_assert_eq!(first.text(), second.text());
        prop_assert_eq!(first.samples(), second.samples());
        prop_assert_eq!(first, second);
    }

    #[test]
    fn every_line_of_a_text_stands_for_itself(make in any_schema()) {
        let text = make().text();
        for line in text.lines() {
            let names_code = ["omitted if ", "custom<", ", by "].iter().any(|note| line.contains(note));
            prop_assert!(!line.contains("::") || names_code, "{}", line);
            prop_assert_eq!(line.trim_end(), line);
        }
    }
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
#[shape(name = "Kept")]
struct InRust {
    paid_amount: u8,
    same: u8,
    r#type: String,
    #[serde(rename(serialize = "a", deserialize = "b"))]
    twofold: u8,
    tuple: (u8, u8),
    way: WayInRust<Vec<String>>,
}

#[derive(Serialize, Deserialize, Shape)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum WayInRust<T> {
    OnFoot { of_all: T },
    Same(T, #[serde(rename = "x")] u8),
}

#[test]
fn names_in_rust_are_known_where_they_differ_and_are_no_part_of_the_text() {
    let schema = Schema::of::<Vec<InRust>>();
    let text = schema.text();
    let described = format!("{schema:?}");
    let mut names: Vec<&str> =
        described.split("Rust(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["OnFoot", "Same", "of_all", "paid_amount", "r#type", "twofold"]);
    for name in ["rust: \"InRust\"", "rust: \"WayInRust<Vec<String>>\""] {
        assert!(described.contains(name), "{name} is missing in {described}");
    }
    assert_eq!(
        text,
        "payload: list<Kept>
type Kept: struct
  a: u8, read as b
  paidAmount: u8
  same: u8
  tuple: (u8, u8)
  type: string
  way: WayInRust<list<string>>
type WayInRust<list<string>>: enum
  on-foot: struct
    ofAll: list<string>
  same: (list<string>, u8)
"
    );
}
