//! What generated code names. No part of the public interface: it changes with any release.

pub use std::borrow::Cow;
pub use std::boxed::Box;
pub use std::clone::Clone;
pub use std::convert::From;
pub use std::default::Default;
pub use std::option::Option::{self, None, Some};
pub use std::result::Result::{self, Err, Ok};
pub use std::vec::Vec;

pub use serde;

use crate::{DecodeError, DecodeProblem, EncodeError, Event, EventType, RawEvent, UpcastFrom};

/// Decodes an event of exactly the stored version.
pub fn decode_payload<E: Event>(raw: &RawEvent<'_>) -> Result<E, DecodeError> {
    crate::decode::payload(raw)
}

/// Takes one step of the version chain.
pub fn upcast<Previous: Event, Next: Event + UpcastFrom<Previous>>(
    previous: Previous,
    raw: &RawEvent<'_>,
) -> Result<Next, DecodeError> {
    crate::decode::step(previous, raw)
}

/// The error of a version that `E` does not know.
pub fn unknown_version<E: Event>(raw: &RawEvent<'_>) -> DecodeError {
    crate::decode::unreachable_version(raw, EventType::of::<E>())
}

/// The error of an event name that the aggregate does not list.
pub fn unknown_event(raw: &RawEvent<'_>, aggregate: &'static str) -> DecodeError {
    DecodeError::new(raw, DecodeProblem::UnknownEvent { aggregate })
}

/// Appends the payload of an event to `out`.
pub fn encode_payload<E: Event>(event: &E, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    crate::codec::write_json(event, out).map_err(|error| EncodeError {
        name: E::NAME,
        version: E::VERSION,
        source: Box::new(error),
    })
}

/// Whether two names are the same, in a const.
#[must_use]
pub const fn same_name(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
