//! Sending a command: what generated code calls, and why it can fail.

use std::any::{TypeId, type_name};

use time::OffsetDateTime;

use super::rejecting::Rejected;
use super::steps::Steps;
use super::wire::{Command, Sends};
use crate::model::Aggregate;
use crate::stream::InvalidKey;

/// An aggregate that a process sends commands to.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Recipient {
    pub(super) identity: TypeId,
    pub(super) rust: &'static str,
}

impl Recipient {
    #[must_use]
    pub fn of<A: Aggregate>() -> Self {
        Self { identity: TypeId::of::<A>(), rust: type_name::<A>() }
    }
}

/// Why a command was not sent. It stays in the stream of its process, and the later ones wait for it.
///
/// A rejected command is not an error: the rejection is an input of the process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// No repository was given for the aggregate that handles it.
    #[error(
        "process `{process}` sends commands to `{target}`; give its repository: \
         `runner.target::<{target}>(…)`"
    )]
    NoTarget {
        /// The process.
        process: &'static str,
        /// The type of the aggregate.
        target: &'static str,
    },
    /// The process no longer has a command of this name.
    #[error("process `{process}` has no command `{name}`; list it in `sends(…)` as long as it may be stored")]
    UnknownCommand {
        /// The process.
        process: &'static str,
        /// The stored name.
        name: String,
    },
    /// The command cannot be read.
    #[error("the command `{name}` cannot be read: {reason}")]
    NotReadable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The key to which the command is addressed is not an id of the aggregate.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// The target could not execute it: for example its store is not available, or the stream is closed.
    #[error("`{target}` {key:?} did not execute the command `{name}`: {reason}")]
    NotExecuted {
        /// The category of the target.
        target: String,
        /// The key of the instance.
        key: String,
        /// The command.
        name: String,
        /// Why.
        reason: String,
        /// Whether retrying can succeed.
        retryable: bool,
    },
    /// The step on a rejection was not stored.
    #[error("the rejection of the command `{name}` was not stored: {reason}")]
    RejectionNotTaken {
        /// The command.
        name: String,
        /// Why.
        reason: String,
    },
    /// The command is older than the retention of command ledgers, so whether it was executed is unknown.
    #[error(
        "the command `{name}` is of {decided}, and the ledger of its target may have been pruned since: \
         whether it was executed is not known; look at the target, then discard the dead letter or raise \
         `ledgers_keep`"
    )]
    LedgerPruned {
        /// The command.
        name: String,
        /// When it was decided.
        decided: OffsetDateTime,
    },
}

/// A command to be sent, to be decoded as the type of its name.
#[doc(hidden)]
pub trait Deliver<P: Aggregate>: Sized + Send + sealed::Sealed {
    /// Whether it is a `C`, by one of its names.
    fn is<C: Command>(&self) -> bool;

    /// The error of a name that is not listed.
    ///
    /// # Errors
    ///
    /// Always.
    fn unknown(self) -> Result<(), DeliveryError>;

    /// Executes it, and passes a rejection to the process.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`].
    fn execute<C: Command>(
        self,
        react: fn(&P, &Rejected<'_, P, C>) -> Steps<P>,
    ) -> impl Future<Output = Result<(), DeliveryError>> + Send
    where
        P: Sends<C>;
}

/// So that nobody else implements it.
pub(super) mod sealed {
    pub trait Sealed {}
}
