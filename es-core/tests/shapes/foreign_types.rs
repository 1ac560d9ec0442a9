//! Types of other crates: their shapes are what they write, and what they read.

use std::fmt::Debug;

use bigdecimal::BigDecimal;
use bytes::{Bytes, BytesMut};
use es_core::shape::{Schema, Shape};
use indexmap::{IndexMap, IndexSet};
use ordered_float::{NotNan, OrderedFloat};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::{SmallVec, smallvec};
use url::Url;

#[track_caller]
fn inline<T: Shape + ?Sized>(expected: &str) {
    assert_eq!(Schema::of::<T>().text(), format!("payload: {expected}\n"));
}

#[test]
fn types_of_other_crates_have_the_shape_that_they_are_written_in() {
    inline::<serde_json::Value>("any");
    inline::<uuid::Uuid>("string:uuid");
    // Without its feature `serde-human-readable`, the crate writes numbers.
    inline::<time::Date>("(i32, u16)");
    inline::<time::OffsetDateTime>("(i32, u16, u8, u8, u8, u32, i8, i8, i8)");
    inline::<time::Duration>("(i64, i32)");
    inline::<chrono::DateTime<chrono::Utc>>("string:date-time");
    inline::<chrono::NaiveDate>("string:date");
    inline::<rust_decimal::Decimal>("string:decimal");
    inline::<(BigDecimal, Url)>("(string:decimal, string:url)");
    inline::<(Bytes, BytesMut)>("(list<u8>, list<u8>)");
    inline::<SmallVec<[Option<i64>; 4]>>("list<option<i64>>");
    inline::<(IndexMap<String, u8>, IndexSet<char>)>("(map<string, u8>, list<char>)");
    inline::<(OrderedFloat<f32>, NotNan<f64>)>("(f32, f64)");
}

/// What the type writes for this value fits its shape, and is read as the same value.
#[track_caller]
fn fits<T: Shape + Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("it is written");
    let written = serde_json::from_str(&text).expect("it is JSON");
    let schema = Schema::of::<T>();
    schema.check(&written).unwrap_or_else(|misfit| panic!("{text}: {misfit}"));
    schema.check_read(&written).unwrap_or_else(|misfit| panic!("{text}: {misfit}"));
    assert_eq!(serde_json::from_str::<T>(&text).expect("it is read"), *value, "{text}");
}

#[test]
fn decimals_of_every_size_fit() {
    for digits in ["0", "-0", "0.00", "1", "-1.50", "123456789012345678901234567890.123456789", "1e-400"] {
        fits::<BigDecimal>(&digits.parse().expect("a number"));
    }
    // Zeros in front of the point are not digits of these.
    for scale in [-400, -40, -3, 3, 40, 400] {
        fits(&BigDecimal::new(7.into(), scale));
        fits(&BigDecimal::new(0.into(), scale));
    }
    for number in [rust_decimal::Decimal::MAX, rust_decimal::Decimal::MIN, rust_decimal::Decimal::ZERO] {
        fits(&number);
    }
}

#[test]
fn bytes_of_every_value_and_length_fit() {
    for bytes in [vec![], vec![0], vec![255], (0..=255).collect()] {
        fits(&Bytes::from(bytes.clone()));
        fits(&BytesMut::from(&bytes[..]));
    }
    assert!(Schema::of::<Bytes>().check(&serde_json::json!([256])).is_err());
}

#[test]
fn maps_and_sets_in_the_order_of_insertion_fit() {
    fits(&IndexMap::<String, u8>::new());
    fits(&IndexMap::from([(String::new(), Some(1)), ("é\"".into(), None), ("a".into(), Some(0))]));
    fits(&IndexMap::from([(u8::MAX, "a"), (0, "")].map(|(key, value)| (key, value.to_owned()))));
    fits(&IndexMap::from([(i64::MIN, true), (i64::MAX, false)]));
    fits(&IndexMap::from([(true, ()), (false, ())]));
    fits(&IndexSet::<char>::new());
    fits(&IndexSet::from(['b', 'a', '\u{10ffff}']));
    // Equal sets in another order are written otherwise, so this is not a `set`, which is compared without
    // its order.
    let order: Vec<char> =
        serde_json::from_value(serde_json::to_value(IndexSet::from(['b', 'a'])).expect("JSON"))
            .expect("a list");
    assert_eq!(order, ['b', 'a']);
}

#[test]
fn vectors_that_are_kept_in_place_or_on_the_heap_fit() {
    fits(&SmallVec::<[Option<i64>; 2]>::new());
    fits::<SmallVec<[Option<i64>; 2]>>(&smallvec![None, Some(i64::MIN)]);
    fits::<SmallVec<[Option<i64>; 2]>>(&smallvec![Some(1), None, Some(i64::MAX)]);
    fits::<SmallVec<[SmallVec<[u8; 1]>; 1]>>(&smallvec![smallvec![], smallvec![1, 2]]);
}

#[test]
fn floats_that_are_numbers_fit() {
    for number in [0.0, -0.0, 1.0, 0.1, f64::MIN, f64::MAX, f64::MIN_POSITIVE, 5e-324] {
        fits(&OrderedFloat(number));
        fits(&NotNan::new(number).expect("a number"));
    }
    for number in [0.0, 0.1, 16_777_216.0, f32::MIN, f32::MAX, f32::MIN_POSITIVE] {
        fits(&OrderedFloat(number));
        fits(&NotNan::new(number).expect("a number"));
    }
}

#[test]
fn floats_that_json_cannot_hold_do_not_fit() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let written = serde_json::to_value(OrderedFloat(number)).expect("it is written");
        assert!(Schema::of::<OrderedFloat<f64>>().check(&written).is_err(), "{written}");
    }
}

#[test]
fn addresses_of_every_kind_fit() {
    for address in [
        "https://example.com",
        "https://user:pass@EXAMPLE.com:8443/a/../b?q=1&r=%20#top",
        "http://[2001:db8::1]/",
        "https://bücher.example/ü",
        "mailto:ann@example.com",
        "data:,",
        "urn:isbn:0451450523",
        "file:///etc/hosts",
        "x:",
    ] {
        fits(&Url::parse(address).expect("a URL"));
    }
}

proptest! {
    #[test]
    fn any_value_fits(
        (digits, scale, bytes, text, number) in
            (any::<i128>(), -500_i64..500, any::<Vec<u8>>(), any::<Vec<(String, Option<u8>)>>(), any::<f64>())
    ) {
        fits(&BigDecimal::new(digits.into(), scale));
        fits(&Bytes::from(bytes.clone()));
        fits(&bytes.iter().copied().collect::<SmallVec<[u8; 4]>>());
        fits(&bytes.into_iter().collect::<IndexSet<u8>>());
        fits(&text.into_iter().collect::<IndexMap<String, Option<u8>>>());
        if number.is_finite() {
            fits(&OrderedFloat(number));
        }
    }
}
