//! Types of other crates.
//!
//! What some of them write depends on features of their crate that any part of a program may enable. So their
//! shape is derived from what they write in this program: a feature that changes stored payloads changes the
//! shape as well.

use serde::Serialize;
use serde_json::Value;

use crate::shape::{Describe, Shape, Type, Types};

impl Shape for Value {
    fn shape(_: &mut Types) -> Type {
        Type::plain("any")
    }
}

impl Shape for serde_json::Number {
    fn shape(_: &mut Types) -> Type {
        Type::plain("number")
    }
}

impl Shape for serde_json::Map<String, Value> {
    fn shape(types: &mut Types) -> Type {
        types.map(String::shape, Value::shape)
    }
}

impl Shape for uuid::Uuid {
    fn shape(_: &mut Types) -> Type {
        Type::string("uuid")
    }
}

/// The encoding of `example`: a string of this format, a number, or the array of these parts.
pub(super) fn as_written(
    types: &mut Types,
    example: &impl Serialize,
    format: &str,
    parts: &[Describe],
) -> Type {
    match serde_json::to_value(example) {
        Ok(Value::String(_)) => Type::string(format),
        Ok(Value::Number(number)) if number.is_f64() => Type::plain("f64"),
        Ok(Value::Number(_)) => parts.first().map_or_else(|| Type::plain("number"), |of| of(types)),
        Ok(Value::Array(written)) if written.len() == parts.len() => types.tuple(parts),
        _ => Type::Opaque(format.to_owned()),
    }
}

macro_rules! of_time {
    ($($ty:ident, $example:expr, $format:literal, ($($part:ty),*);)*) => {$(
        impl Shape for time::$ty {
            fn shape(types: &mut Types) -> Type {
                as_written(types, &$example, $format, &[$(<$part>::shape),*])
            }
        }
    )*};
}

of_time! {
    OffsetDateTime, time::OffsetDateTime::UNIX_EPOCH, "time-offset-date-time",
        (i32, u16, u8, u8, u8, u32, i8, i8, i8);
    PrimitiveDateTime, time::macros::datetime!(1970-01-01 0:00), "time-primitive-date-time",
        (i32, u16, u8, u8, u8, u32);
    Date, time::macros::date!(1970-01-01), "time-date", (i32, u16);
    Time, time::Time::MIDNIGHT, "time-time", (u8, u8, u8, u32);
    UtcOffset, time::UtcOffset::UTC, "time-utc-offset", (i8, i8, i8);
    Duration, time::Duration::SECOND, "time-duration", (i64, i32);
    Month, time::Month::March, "time-month", (u8);
    Weekday, time::Weekday::Monday, "time-weekday", (u8);
}
