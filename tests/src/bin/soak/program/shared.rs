//! State shared by the commands and the readers of a program.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{Repository, StoreError};
use es_postgres::{PostgresStore, ProjectorError};

use crate::domain::{ACCOUNTS, Account};
use crate::log::{Entry, Log};

/// How long a fault may delay an answer before the caller gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct ProgramState {
    pub(super) url: String,
    pub(super) store: PostgresStore,
    pub(super) accounts: Repository<Account, PostgresStore>,
    pub(super) log: Log,
    pub(super) ending: AtomicBool,
}

/// Whether a fault of the network or the server explains this error.
pub(super) fn excused(error: &StoreError) -> bool {
    error.is_retryable() || matches!(error, StoreError::OutcomeUnknown { .. })
}

impl ProgramState {
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    pub(super) fn violation(&self, what: &str, error: impl Display) {
        self.log.write(&Entry::Violation(format!("{what}: {error}")));
    }

    pub(super) fn excuse(&self, what: &str, done: Result<(), ProjectorError>) {
        if let Err(error) = done
            && !error.is_retryable()
        {
            self.violation(what, error);
        }
    }
}

/// A few accounts are used often, many rarely: the `n`th about 1/n as often as the first.
pub(super) fn account(random: &mut fastrand::Rng) -> u32 {
    let most = f64::from(ACCOUNTS);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the number of accounts"
    )]
    let account = most.powf(random.f64()) as u32;
    account
}
