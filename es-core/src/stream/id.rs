//! The name of a stream.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shape::{Shape, Type, Types};

/// Why text cannot name a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStreamId {
    /// It is empty.
    #[error("the {part} of a stream is empty; it takes 1 to 255 bytes")]
    Empty {
        /// Category or key.
        part: &'static str,
    },
    /// Over 255 bytes.
    #[error("the {part} of a stream has {bytes} bytes; 255 are allowed")]
    TooLong {
        /// Category or key.
        part: &'static str,
        /// How many there are.
        bytes: usize,
    },
    /// It has a control character, such as a line break or NUL.
    #[error("the {part} of a stream has a control character at byte {at}")]
    ControlCharacter {
        /// Category or key.
        part: &'static str,
        /// Where it is, in bytes.
        at: usize,
    },
    /// Text that is not that of a stream.
    #[error(
        "{text:?} is not a stream; write `category/key`, with `%2F` for `/` and `%25` for `%` in the category"
    )]
    Text {
        /// The text.
        text: String,
    },
}

/// The name of one stream: a category (the aggregate's name) and a key (the aggregate's id as text).
///
/// Both are 1 to 255 bytes of text without control characters. Keys are compared byte by byte: `é` as one
/// character and as `e` with an accent are two keys. A clone shares the text.
///
/// As text, and with serde, it is `category/key`, and can be parsed back. In the category, `/` is written as
/// `%2F` and `%` as `%25`, so that the first `/` is always where the key begins.
///
/// ```
/// use es_core::StreamId;
///
/// let stream = StreamId::new("account", "A-17")?;
/// assert_eq!(stream.to_string(), "account/A-17");
/// assert_eq!("account/A-17".parse(), Ok(stream));
/// assert!(StreamId::new("account", "").is_err());
/// # Ok::<(), es_core::stream::InvalidStreamId>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StreamId {
    /// The category, then the key.
    text: Arc<str>,
    /// How long the category is.
    category: u8,
}

impl StreamId {
    /// Names a stream.
    ///
    /// # Errors
    ///
    /// [`InvalidStreamId`] when the category or the key is empty, over 255 bytes, or holds a control
    /// character.
    pub fn new(category: impl AsRef<str>, key: impl AsRef<str>) -> Result<Self, InvalidStreamId> {
        let (category, key) = (category.as_ref(), key.as_ref());
        let length = check("category", category)?;
        check("key", key)?;
        Ok(Self { text: [category, key].concat().into(), category: length })
    }

    /// Refuses what [`new`](Self::new) refuses as a category.
    ///
    /// # Errors
    ///
    /// [`InvalidStreamId`], as of `new`.
    pub fn check_category(category: &str) -> Result<(), InvalidStreamId> {
        check("category", category).map(drop)
    }

    /// The category: the aggregate's name.
    #[must_use]
    pub fn category(&self) -> &str {
        self.parts().0
    }

    /// The key: the aggregate's id, as text.
    #[must_use]
    pub fn key(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.text.split_at(usize::from(self.category))
    }
}

impl PartialOrd for StreamId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By category, then by key.
impl Ord for StreamId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (category, key) = self.parts();
        f.debug_struct("StreamId").field("category", &category).field("key", &key).finish()
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (category, key) = self.parts();
        if category.contains(['%', '/']) {
            write!(f, "{}/{key}", category.replace('%', "%25").replace('/', "%2F"))
        } else {
            write!(f, "{category}/{key}")
        }
    }
}

impl FromStr for StreamId {
    type Err = InvalidStreamId;

    fn from_str(text: &str) -> Result<Self, InvalidStreamId> {
        let parts = text.split_once('/').and_then(|(category, key)| Some((unescaped(category)?, key)));
        let Some((category, key)) = parts else {
            return Err(InvalidStreamId::Text { text: text.to_owned() });
        };
        Self::new(category, key)
    }
}

/// The category that is written in this way.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split('%');
    let mut category = parts.next()?.to_owned();
    for part in parts {
        let (character, rest) = match part.split_at_checked(2)? {
            ("25", rest) => ('%', rest),
            ("2F", rest) => ('/', rest),
            _ => return None,
        };
        category.push(character);
        category.push_str(rest);
    }
    Some(Cow::Owned(category))
}

impl Serialize for StreamId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Shape for StreamId {
    fn shape(types: &mut Types) -> Type {
        String::shape(types)
    }
}

/// Returns the length.
fn check(part: &'static str, text: &str) -> Result<u8, InvalidStreamId> {
    let Ok(length) = u8::try_from(text.len()) else {
        return Err(InvalidStreamId::TooLong { part, bytes: text.len() });
    };
    if length == 0 {
        Err(InvalidStreamId::Empty { part })
    } else if let Some(at) = text.find(char::is_control) {
        Err(InvalidStreamId::ControlCharacter { part, at })
    } else {
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_id_refuses_what_a_store_cannot_hold() {
        let key = |key: &str| StreamId::new("account", key).map(|_| ());
        assert_eq!(key(""), Err(InvalidStreamId::Empty { part: "key" }));
        assert_eq!(key("a\nb"), Err(InvalidStreamId::ControlCharacter { part: "key", at: 1 }));
        assert_eq!(key("a\0"), Err(InvalidStreamId::ControlCharacter { part: "key", at: 1 }));
        assert_eq!(key(&"é".repeat(128)), Err(InvalidStreamId::TooLong { part: "key", bytes: 256 }));
        assert_eq!(key(&"x".repeat(255)), Ok(()));
        assert!(StreamId::new("", "a").is_err());
    }

    #[test]
    fn a_stream_id_survives_as_text_and_other_text_is_refused() {
        for (category, key, text) in [
            ("account", "A-17", "account/A-17"),
            ("account", "a/b%2F", "account/a/b%2F"),
            ("shop/order", "7", "shop%2Forder/7"),
            ("50%", "7", "50%25/7"),
            ("%2F", "/", "%252F//"),
            ("é/%é", "é", "é%2F%25é/é"),
        ] {
            let stream = StreamId::new(category, key).expect("a stream id");
            assert_eq!(stream.to_string(), text);
            let json = serde_json::to_string(&stream).expect("JSON");
            assert_eq!(json, format!("{text:?}"));
            let read: StreamId = serde_json::from_str(&json).expect("a stream id");
            assert_eq!((read.category(), read.key()), (category, key));
        }
        for text in ["", "account", "50%/7", "%2f/7", "a%2/7", "a%é/7"] {
            assert_eq!(text.parse::<StreamId>(), Err(InvalidStreamId::Text { text: text.into() }));
        }
        assert!(serde_json::from_str::<StreamId>("\"account/\"").is_err());
        assert!(serde_json::from_str::<StreamId>("\"account/a\\n\"").is_err());
        assert!(serde_json::from_str::<StreamId>("7").is_err());
    }

    #[test]
    fn numbers_are_numbers_in_json() {
        use crate::stream::{Position, Revision};
        assert_eq!(serde_json::to_string(&(Revision::new(7), Position::new(8))).expect("JSON"), "[7,8]");
        assert_eq!(serde_json::from_str::<Revision>("7").expect("a revision"), 7.into());
        assert!(serde_json::from_str::<Position>("-1").is_err());
    }
}
