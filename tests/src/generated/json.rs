//! JSON with everything that is in the bytes but the order of keys: above all, keys that stand there twice.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    /// `null`, a boolean, a number or a string, as it is written.
    Leaf(String),
    /// An array.
    List(Vec<Self>),
    /// An object, in the order of its keys.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When it is not JSON.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// Whether an object in it has a key twice.
    #[must_use]
    pub fn has_double_keys(&self) -> bool {
        match self {
            Self::Leaf(_) => false,
            Self::List(parts) => parts.iter().any(Self::has_double_keys),
            Self::Object(fields) => {
                fields.windows(2).any(|two| two[0].0 == two[1].0)
                    || fields.iter().any(|(_, value)| value.has_double_keys())
            }
        }
    }

    /// The same value with one change, for every part of it: a key left out, a key added, a text or number
    /// replaced, an array shortened.
    #[must_use]
    pub fn changes(&self) -> Vec<Self> {
        let mut changes = vec![Self::Leaf("null".into())];
        match self {
            Self::Leaf(text) => {
                if text.starts_with('"') {
                    changes.push(Self::Leaf("\"unheard of\"".into()));
                } else {
                    changes.push(Self::Leaf("\"text\"".into()));
                    changes.push(Self::Leaf("1".into()));
                }
            }
            Self::List(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    changes.push(Self::List([&parts[..at], &parts[at + 1..]].concat()));
                    for change in part.changes() {
                        let mut parts = parts.clone();
                        parts[at] = change;
                        changes.push(Self::List(parts));
                    }
                }
            }
            Self::Object(fields) => {
                // After all others, as keys stand in order.
                changes.push(Self::Object(
                    [fields.as_slice(), &[("~unheard of".into(), Self::Leaf("1".into()))]].concat(),
                ));
                for (at, (_, value)) in fields.iter().enumerate() {
                    changes.push(Self::Object([&fields[..at], &fields[at + 1..]].concat()));
                    for change in value.changes() {
                        let mut fields = fields.clone();
                        fields[at].1 = change;
                        changes.push(Self::Object(fields));
                    }
                }
            }
        }
        changes.retain(|change| change != self);
        changes
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(text) => f.write_str(text),
            Self::List(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if at == 0 { "[" } else { "," })?;
                }
                f.write_str(if parts.is_empty() { "[]" } else { "]" })
            }
            Self::Object(fields) => {
                for (at, (key, value)) in fields.iter().enumerate() {
                    let key = serde_json::Value::from(key.as_str());
                    write!(f, "{}{key}:{value}", if at == 0 { "{" } else { "," })?;
                }
                f.write_str(if fields.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

macro_rules! leaves {
    ($($visit:ident: $leaf:ty,)*) => { $(
        fn $visit<E>(self, leaf: $leaf) -> Result<Json, E> {
            Ok(Json::Leaf(serde_json::Value::from(leaf).to_string()))
        }
    )* };
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    leaves! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str, }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Leaf("null".into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(part) = parts.next_element()? {
            list.push(part);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        // Stable, so that of two values under one key the first stays the first.
        object.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Json::Object(object))
    }
}
