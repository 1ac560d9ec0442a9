//! The id of an aggregate, as the text that names its stream.

use std::borrow::Cow;
use std::num::{NonZeroU32, NonZeroU64};

use uuid::Uuid;

use crate::shape::without_paths;

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
    note = "an id is a `Uuid`, an integer, a `String`, or a newtype over one of \
            them:\n`#[derive(es_core::StreamKey)] struct {Self}(String);`"
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
#[non_exhaustive]
#[error("the stream key {key:?} is not a valid {expected}")]
pub struct InvalidKey {
    /// The key.
    pub key: String,
    /// What it should have been.
    pub expected: &'static str,
}

impl InvalidKey {
    /// The key, and what it should have been, such as `country-number`.
    #[must_use]
    pub fn new(key: impl Into<String>, expected: &'static str) -> Self {
        Self { key: key.into(), expected }
    }
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
                let invalid = || InvalidKey::new(key, $expected);
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
    fn only_the_canonical_text_of_an_id_is_its_key() {
        assert_eq!(u64::from_key("7"), Ok(7));
        assert!(u64::from_key("007").is_err());
        assert!(u64::from_key("+7").is_err());
        let id = Uuid::now_v7();
        assert_eq!(Uuid::from_key(&id.to_key()), Ok(id));
        assert!(Uuid::from_key(&id.to_string().to_uppercase()).is_err());
    }
}
