//! Reading payloads as `serde_json` does, except that a struct is read from an object only.
//!
//! `serde_json` accepts an array for a struct as well, by the order of its fields. No event is written so,
//! and the code for it would be compiled for each event type of every user.

use serde::de::{Deserializer, Visitor};
use serde_json::Error;
use serde_json::de::SliceRead;

/// What reads one payload.
pub(crate) type Json<'de> = serde_json::Deserializer<SliceRead<'de>>;

/// The deserializer of one payload.
pub(crate) struct Lean<'a, 'de>(pub(crate) &'a mut Json<'de>);

macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.0.$method($($name,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Lean<'_, 'de> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_map(visitor)
    }

    forward! {
        deserialize_any()
        deserialize_bool()
        deserialize_i8()
        deserialize_i16()
        deserialize_i32()
        deserialize_i64()
        deserialize_i128()
        deserialize_u8()
        deserialize_u16()
        deserialize_u32()
        deserialize_u64()
        deserialize_u128()
        deserialize_f32()
        deserialize_f64()
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_option()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
        deserialize_ignored_any()
    }
}
