//! Copying a state, where its type can be copied.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Aggregate;

/// `TryClone(&state).try_clone()` is a copy of the state where its type is [`Clone`]: a method of the type
/// itself goes before one of a trait, and the former exists only where its bound holds.
#[doc(hidden)]
#[derive(Debug)]
pub struct TryClone<'a, T>(pub &'a T);

impl<T: Clone> TryClone<'_, T> {
    pub fn try_clone(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// Must be in scope where a [`TryClone`] is used.
#[doc(hidden)]
pub trait NotClone<T> {
    fn try_clone(&self) -> Option<T>;
}

impl<T> NotClone<T> for TryClone<'_, T> {
    fn try_clone(&self) -> Option<T> {
        None
    }
}

/// A copy of the state, if there can be one: a state that panics while it is copied is only not kept twice.
pub(crate) fn copy<A: Aggregate>(state: &A) -> Option<A> {
    catch_unwind(AssertUnwindSafe(|| state.try_clone())).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Unique;

    #[test]
    fn only_what_is_clone_is_copied() {
        assert_eq!(TryClone(&7).try_clone(), Some(7));
        assert!(TryClone(&Unique).try_clone().is_none());
    }
}
