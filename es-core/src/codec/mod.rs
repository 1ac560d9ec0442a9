//! Payloads: JSON, without the numbers that JSON cannot hold.

mod canonical;
mod exact;
mod lean;
mod payload;
mod strict;

use std::io::Write;

use serde::{Deserialize, Serialize};
use serde_json::Error;

pub(crate) use canonical::canonical;
pub(crate) use exact::{Exact, Refused};
pub(crate) use lean::{Json, Lean};
pub use payload::Payload;
pub(crate) use strict::Strict;

/// Writes `value` to `out` as JSON. NaN, infinities and an object with one key twice are an error;
/// `serde_json` alone would write `null`, or both values.
pub(crate) fn write_json<T: Serialize>(value: &T, out: impl Write) -> Result<(), Error> {
    value.serialize(Strict(&mut serde_json::Serializer::new(out)))
}

/// Reads one value, with nothing after it.
pub(crate) fn read_json<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Error> {
    let mut json = Json::from_slice(json);
    match T::deserialize(Lean(&mut json)) {
        Ok(value) => match json.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// `value` as JSON.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(128);
    write_json(value, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashMap};

    #[derive(Serialize)]
    struct Nested<T> {
        unit: (),
        list: Vec<T>,
        map: BTreeMap<String, T>,
        pair: (T, Option<T>),
        kind: Nesting<T>,
    }

    #[derive(Serialize)]
    enum Nesting<T> {
        Unit,
        Newtype(T),
        Tuple(T, T),
        Struct { value: T },
    }

    fn nested<T: Clone>(value: &T, kind: Nesting<T>) -> Nested<T> {
        let value = || value.clone();
        Nested {
            unit: (),
            list: vec![value()],
            map: BTreeMap::from([("k".into(), value())]),
            pair: (value(), Some(value())),
            kind,
        }
    }

    #[test]
    fn what_json_can_hold_is_written_as_serde_json_writes_it() {
        let same = |value: &dyn Fn() -> Vec<u8>, plain: Vec<u8>| assert_eq!(value(), plain);
        let kinds = || {
            [Nesting::Unit, Nesting::Newtype(1.5), Nesting::Tuple(1.0, 2.0), Nesting::Struct { value: -0.0 }]
        };
        for (kind, again) in kinds().into_iter().zip(kinds()) {
            let (left, right) = (nested(&1.5, kind), nested(&1.5, again));
            same(&|| to_json(&left).unwrap_or_default(), serde_json::to_vec(&right).unwrap_or_default());
        }
        assert_eq!(to_json(&u128::MAX).unwrap_or_default(), u128::MAX.to_string().into_bytes());
        assert_eq!(to_json(&HashMap::from([(7, 'x')])).unwrap_or_default(), br#"{"7":"x"}"#);
    }

    #[test]
    fn nan_and_infinities_are_refused_wherever_they_stand() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(to_json(&bad).is_err());
            assert!(to_json(&Some(bad)).is_err());
            assert!(to_json(&vec![0.0, bad]).is_err());
            assert!(to_json(&BTreeMap::from([("k", bad)])).is_err());
            for kind in [Nesting::Newtype(bad), Nesting::Tuple(0.0, bad), Nesting::Struct { value: bad }] {
                assert!(to_json(&nested(&0.0, kind)).is_err());
            }
        }
        assert!(to_json(&f32::NAN).is_err());
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair {
        left: u8,
        right: u8,
    }

    #[test]
    fn a_struct_is_read_from_an_object_and_nothing_else() {
        let read = |json: &'static str| read_json::<Pair>(json.as_bytes()).ok();
        assert_eq!(read(r#"{"right":2,"left":1}"#), Some(Pair { left: 1, right: 2 }));
        assert_eq!(read("[1,2]"), None);
        assert_eq!(read("null"), None);
        assert_eq!(read(r#"{"right":2,"left":1}{}"#), None);
        assert_eq!(read_json::<(u8, Option<Pair>)>(b"[1,null]").ok(), Some((1, None)));
    }
}
