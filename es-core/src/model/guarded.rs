//! Reading stored events with the user's code: a panic there becomes an error that names the event.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::Aggregate;
use crate::record::{DecodeError, DecodeProblem, RawEvent};

impl DecodeError {
    /// Decodes with the user's code, such as [`Projection::decode`](crate::projection::Projection::decode): a
    /// panic in it becomes [`DecodeProblem::Panicked`]. For authors of runners and stores.
    ///
    /// # Errors
    ///
    /// The [`DecodeError`] of `decode`, or of its panic.
    #[inline]
    pub fn guard<T>(raw: &RawEvent<'_>, decode: impl FnOnce() -> Result<T, Self>) -> Result<T, Self> {
        // What a panic leaves half-done is dropped with it.
        catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(panicked(raw)))
    }
}

/// Decodes an event and passes on what it stands for. A panic in `out` propagates.
#[inline]
pub(crate) fn decode<A: Aggregate>(raw: &RawEvent<'_>, out: impl FnMut(A::Event)) -> Result<(), DecodeError> {
    guarded::<A>(raw, out, |panic| resume_unwind(panic))
}

/// Decodes an event and applies it. After an error the state must not be used.
#[inline]
pub(crate) fn apply<A: Aggregate>(raw: &RawEvent<'_>, state: &mut A) -> Result<(), DecodeError> {
    let not_applicable = |_| DecodeError::new(raw, DecodeProblem::NotApplicable { aggregate: A::NAME });
    guarded::<A>(raw, |event| state.apply_event(event), not_applicable)
}

#[inline]
fn guarded<A: Aggregate>(
    raw: &RawEvent<'_>,
    mut out: impl FnMut(A::Event),
    out_panicked: impl FnOnce(Box<dyn Any + Send>) -> DecodeError,
) -> Result<(), DecodeError> {
    let mut is_out = false;
    let decode = || {
        A::decode(raw, &mut |event| {
            is_out = true;
            out(event);
            is_out = false;
        })
    };
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => decoded,
        Err(panic) if is_out => Err(out_panicked(panic)),
        Err(_) => Err(panicked(raw)),
    }
}

#[cold]
fn panicked(raw: &RawEvent<'_>) -> DecodeError {
    DecodeError::new(raw, DecodeProblem::Panicked)
}
