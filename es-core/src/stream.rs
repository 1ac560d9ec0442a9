//! Names and counters of the store: the stream, the revision within it, the position in the whole store.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use uuid::Uuid;

use crate::shape::without_paths;

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
}

/// The name of one stream: a category (the aggregate's name) and a key (the aggregate's id as text).
///
/// Both are 1 to 255 bytes of text without control characters. Keys are compared byte by byte: `é` as one
/// character and as `e` with an accent are two keys. A clone shares the text.
///
/// ```
/// use es_core::StreamId;
///
/// let stream = StreamId::new("account", "A-17")?;
/// assert_eq!(stream.to_string(), "account/A-17");
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
        write!(f, "{category}/{key}")
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

/// The 1-based, gap-free sequence number of an event within its stream. 0 is the empty stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(u64);

impl Revision {
    /// The revision of a stream without events.
    pub const EMPTY: Self = Self(0);

    /// After every event: the largest number that databases have.
    pub const MAX: Self = Self(i64::MAX.cast_unsigned());

    /// Makes a revision from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision of the event after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The revision `count` events later.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl From<u64> for Revision {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of an event in the order of the whole store: increasing, with gaps where an append was rolled back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Makes a position from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for Position {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of an aggregate: a type with a text form that names its stream, and can be parsed back.
///
/// Implemented for strings, integers and [`Uuid`]; for a newtype over one of them it is derived:
///
/// ```
/// use es_core::StreamKey;
///
/// #[derive(Debug, PartialEq, StreamKey)]
/// struct AccountId(u64);
///
/// assert_eq!(AccountId(17).to_key(), "17");
/// assert_eq!(AccountId::from_key("17").ok(), Some(AccountId(17)));
/// assert!(AccountId::from_key("seventeen").is_err());
/// ```
///
/// # Contract
///
/// Two different ids have two different texts, and `from_key(id.to_key())` returns the same id.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of an aggregate",
    label = "not a `StreamKey`",
    note = "an id is a `Uuid`, an integer, a `String`, or a newtype over one of them:\n`#[derive(es_core::StreamKey)] struct {Self}(String);`"
)]
pub trait StreamKey: Sized + Send + Sync + 'static {
    /// The text that names the stream.
    fn to_key(&self) -> Cow<'_, str>;

    /// The id that this text names.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] when the text is not such an id.
    fn from_key(key: &str) -> Result<Self, InvalidKey>;

    /// The key's text format, for the [lock](crate::lock): `uuid`, `u64`, `string`. A derived type has the
    /// format of its field.
    ///
    /// Defaults to the name of the type. A type that writes its key by hand names the format here, for
    /// example `country-number`, so that the type can be renamed, and a change of the format is detected.
    #[must_use]
    fn form() -> Cow<'static, str> {
        Cow::Owned(without_paths(std::any::type_name::<Self>()))
    }
}

/// A stored key that is not an id of the aggregate's id type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stream key {key:?} is not a valid {expected}")]
pub struct InvalidKey {
    /// The key.
    pub key: String,
    /// What it should have been.
    pub expected: &'static str,
}

impl StreamKey for String {
    fn to_key(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }

    fn from_key(key: &str) -> Result<Self, InvalidKey> {
        Ok(key.to_owned())
    }

    fn form() -> Cow<'static, str> {
        Cow::Borrowed("string")
    }
}

macro_rules! stream_key_by_display {
    ($($type:ty: $expected:literal, $form:literal);* $(;)?) => {$(
        impl StreamKey for $type {
            fn to_key(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }

            fn from_key(key: &str) -> Result<Self, InvalidKey> {
                let invalid = || InvalidKey { key: key.to_owned(), expected: $expected };
                let id: Self = key.parse().map_err(|_| invalid())?;
                // `+7`, `007` and an upper-case uuid parse, but name other streams than the text that the id
                // writes.
                if id.to_key() == key { Ok(id) } else { Err(invalid()) }
            }

            fn form() -> Cow<'static, str> {
                Cow::Borrowed($form)
            }
        }
    )*};
}

stream_key_by_display! {
    Uuid: "uuid", "uuid";
    u8: "integer", "u8";
    u16: "integer", "u16";
    u32: "integer", "u32";
    u64: "integer", "u64";
    u128: "integer", "u128";
    usize: "integer", "usize";
    i8: "integer", "i8";
    i16: "integer", "i16";
    i32: "integer", "i32";
    i64: "integer", "i64";
    i128: "integer", "i128";
    isize: "integer", "isize";
    NonZeroU32: "positive integer", "u32:nonzero";
    NonZeroU64: "positive integer", "u64:nonzero";
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
    fn only_the_canonical_text_of_an_id_is_its_key() {
        assert_eq!(u64::from_key("7"), Ok(7));
        assert!(u64::from_key("007").is_err());
        assert!(u64::from_key("+7").is_err());
        let id = Uuid::now_v7();
        assert_eq!(Uuid::from_key(&id.to_key()), Ok(id));
        assert!(Uuid::from_key(&id.to_string().to_uppercase()).is_err());
    }
}
