//! Why an event could not be encoded.

use std::error::Error;

/// A boxed error of any type.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why an event could not be encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("event `{name}` version {version} cannot be written as JSON: {source}")]
pub struct EncodeError {
    /// The wire name.
    pub name: &'static str,
    /// The version.
    pub version: u32,
    /// The serializer's error.
    pub source: BoxError,
}
