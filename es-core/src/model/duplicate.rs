//! Copying a state, if its type is `Clone`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Aggregate;

/// `TryClone(&state).try_clone()` copies the state if its type is [`Clone`]: an inherent method takes
/// precedence over a trait's, and it exists only if its bound holds.
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

/// A copy of the state, if possible: a state that panics while it is copied is just not copied.
pub(crate) fn copy<A: Aggregate>(state: &A) -> Option<A> {
    catch_unwind(AssertUnwindSafe(|| state.try_clone())).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Uncloneable;

    #[test]
    fn only_what_is_clone_is_copied() {
        assert_eq!(TryClone(&7).try_clone(), Some(7));
        assert!(TryClone(&Uncloneable).try_clone().is_none());
    }
}
