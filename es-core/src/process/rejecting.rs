//! How a process reacts to rejected commands.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use super::steps::{Steps, steps};
use super::wire::Sends;
use crate::model::{Aggregate, Handle};

/// How a process reacts when a command that it has sent is rejected. Required for each command that can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it does when the command `{C}` is rejected",
    label = "no `OnRejected<{C}>`",
    note = "write `impl es_core::process::OnRejected<{C}> for {Self} {{ fn on_rejected(&self, rejected: \
            &es_core::process::Rejected<'_, Self, {C}>) -> es_core::process::Steps<Self> {{ … }} }}`"
)]
pub trait OnRejected<C>: Sends<C> {
    /// What to do, on the state of the process. Pure, like [`On::on`](super::On::on).
    fn on_rejected(&self, rejected: &Rejected<'_, Self, C>) -> Steps<Self>;
}

/// A command that was rejected.
#[non_exhaustive]
pub struct Rejected<'a, P: Sends<C>, C> {
    /// The process.
    pub id: &'a P::Id,
    /// The command.
    pub command: &'a C,
    /// The aggregate that has rejected it.
    pub target: &'a <P::Target as Aggregate>::Id,
    /// Why.
    pub error: &'a <P::Target as Handle<C>>::Error,
}

impl<P: Sends<C>, C> fmt::Debug for Rejected<'_, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("process", &P::NAME)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Calls a process on a rejection, if there can be one: an inherent method takes precedence over a trait's,
/// and it exists only for an uninhabited error type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Rejecting<P, C, E>(PhantomData<fn(P, C) -> E>);

impl<P, C, E> Rejecting<P, C, E> {
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P, C, E> Default for Rejecting<P, C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Sends<C>, C> Rejecting<P, C, Infallible> {
    pub fn react(&self, _: &P, _: &Rejected<'_, P, C>) -> Steps<P> {
        steps()
    }
}

/// Must be in scope where a [`Rejecting`] is used.
#[doc(hidden)]
pub trait Rejectable<P: Sends<C>, C> {
    fn react(&self, process: &P, rejected: &Rejected<'_, P, C>) -> Steps<P>
    where
        P: OnRejected<C>;
}

impl<P: Sends<C>, C, E> Rejectable<P, C> for Rejecting<P, C, E> {
    fn react(&self, process: &P, rejected: &Rejected<'_, P, C>) -> Steps<P>
    where
        P: OnRejected<C>,
    {
        process.on_rejected(rejected)
    }
}
