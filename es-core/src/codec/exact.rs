//! Lossless JSON: numbers keep their digits, and duplicate keys are rejected.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::Value;

use super::canonical::{items, next, string, take, word};

/// A JSON value. That of `serde_json` rounds numbers of more than 64 bits, and keeps one of two values under
/// one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exact {
    /// `null`, `true` or `false`.
    Word(&'static str),
    /// As it is written.
    Number(String),
    String(String),
    Array(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

/// Why a text is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    NoJson(#[from] serde_json::Error),
    #[error("`{0}` is there twice")]
    Twice(String),
}

impl Exact {
    pub(crate) const NULL: Self = Self::Word("null");

    /// Reads one value.
    ///
    /// # Errors
    ///
    /// If this is not JSON, or an object has a key twice.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Refused> {
        let _: Value = serde_json::from_slice(json)?;
        read(&mut &*json, "")
    }

    /// The value under a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(key),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Object(fields) => fields.get_mut(key),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn as_u32(&self) -> Option<u32> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// The value of `serde_json`, in which numbers of more than 64 bits are rounded.
    pub(crate) fn rounded(&self) -> Value {
        match self {
            Self::Word("true") => Value::Bool(true),
            Self::Word("false") => Value::Bool(false),
            Self::Word(_) => Value::Null,
            // It was read once, or was a number of `serde_json`.
            Self::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
            Self::String(text) => Value::String(text.clone()),
            Self::Array(values) => values.iter().map(Self::rounded).collect(),
            Self::Object(fields) => {
                fields.iter().map(|(key, value)| (key.clone(), value.rounded())).collect()
            }
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Word(text) => f.write_str(text),
            Self::Number(digits) => f.write_str(digits),
            Self::String(text) => write_text(f, text),
            Self::Array(values) => {
                let values = values.iter().map(|value| (None, value));
                write_parts(f, ['[', ']'], values, depth)
            }
            Self::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| (Some(key.as_str()), value));
                write_parts(f, ['{', '}'], fields, depth)
            }
        }
    }
}

impl From<&Value> for Exact {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(true) => Self::Word("true"),
            Value::Bool(false) => Self::Word("false"),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::String(text.clone()),
            Value::Array(values) => Self::Array(values.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
        }
    }
}

impl From<&str> for Exact {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<u32> for Exact {
    fn from(number: u32) -> Self {
        Self::Number(number.to_string())
    }
}

impl<'a> FromIterator<(&'a str, Self)> for Exact {
    fn from_iter<I: IntoIterator<Item = (&'a str, Self)>>(fields: I) -> Self {
        Self::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

impl FromIterator<Self> for Exact {
    fn from_iter<I: IntoIterator<Item = Self>>(values: I) -> Self {
        Self::Array(values.into_iter().collect())
    }
}

/// Without spaces, keys in order; `{:#}` writes a line for each part.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// Removes one value from the beginning of valid JSON. `way` is the path to it.
fn read(rest: &mut &[u8], way: &str) -> Result<Exact, Refused> {
    Ok(match next(rest) {
        Some(b'{') => {
            let mut fields = BTreeMap::new();
            for member in items(rest, |rest| {
                let key: String = serde_json::from_slice(string(rest))?;
                let way = if way.is_empty() { key.clone() } else { format!("{way}.{key}") };
                // The colon.
                next(rest);
                take(rest, 1);
                let value = read(rest, &way)?;
                Ok::<_, Refused>((key, value, way))
            }) {
                let (key, value, way) = member?;
                if fields.insert(key, value).is_some() {
                    return Err(Refused::Twice(way));
                }
            }
            Exact::Object(fields)
        }
        Some(b'[') => {
            let mut at = 0;
            let values = items(rest, |rest| {
                let way = format!("{way}[{at}]");
                at += 1;
                read(rest, &way)
            });
            Exact::Array(values.into_iter().collect::<Result<_, _>>()?)
        }
        Some(b'"') => Exact::String(serde_json::from_slice(string(rest))?),
        Some(b't') => Exact::Word(read_word(rest, "true")),
        Some(b'f') => Exact::Word(read_word(rest, "false")),
        Some(b'n') | None => Exact::Word(read_word(rest, "null")),
        Some(_) => Exact::Number(String::from_utf8_lossy(word(rest)).into_owned()),
    })
}

fn read_word(rest: &mut &[u8], text: &'static str) -> &'static str {
    word(rest);
    text
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

fn write_parts<'a>(
    f: &mut fmt::Formatter<'_>,
    brackets: [char; 2],
    parts: impl Iterator<Item = (Option<&'a str>, &'a Exact)>,
    depth: usize,
) -> fmt::Result {
    let line = |f: &mut fmt::Formatter<'_>, depth: usize| match f.alternate() {
        true => write!(f, "\n{:width$}", "", width = 2 * depth),
        false => Ok(()),
    };
    f.write_char(brackets[0])?;
    let mut is_empty = true;
    for (key, value) in parts {
        if !is_empty {
            f.write_char(',')?;
        }
        is_empty = false;
        line(f, depth + 1)?;
        if let Some(key) = key {
            write_text(f, key)?;
            f.write_str(if f.alternate() { ": " } else { ":" })?;
        }
        value.write(f, depth + 1)?;
    }
    if !is_empty {
        line(f, depth)?;
    }
    f.write_char(brackets[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(json: &str) -> Exact {
        Exact::parse(json.as_bytes()).expect("is taken")
    }

    #[test]
    fn numbers_of_any_length_come_back_as_they_were() {
        let json =
            r#"{"a":[170141183460469231731687303715884105727,-1.10,1e3,{}],"x":true,"y":[],"é\"":null}"#;
        assert_eq!(exact(json).to_string(), json);
        assert_eq!(
            exact(" { \"b\" : false , \"a\" : \"\\u00e9\" } ").to_string(),
            "{\"a\":\"é\",\"b\":false}"
        );
    }

    #[test]
    fn lines_are_those_of_serde_json() {
        let json = r#"{"a":[1,{"b":[],"c":{}},[null,"x"]],"d":{"e":1.5}}"#;
        let value: Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(format!("{:#}", exact(json)), serde_json::to_string_pretty(&value).expect("JSON"));
        assert_eq!(exact(json).rounded(), value);
        assert_eq!(Exact::from(&value), exact(json));
    }

    #[test]
    fn what_would_lose_something_is_refused() {
        let refused = |json: &str| Exact::parse(json.as_bytes()).expect_err("is refused").to_string();
        assert_eq!(refused(r#"[{"a":{"b":1,"c":2,"\u0062":3}}]"#), "`[0].a.b` is there twice");
        assert_eq!(refused("[1"), "EOF while parsing a list at line 1 column 2");
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(refused(&deep), "recursion limit exceeded at line 1 column 128");
    }
}
