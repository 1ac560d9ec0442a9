//! The errors of sqlx, classified as errors of the store.

use std::borrow::Cow;
use std::io::ErrorKind;

use es_core::StoreError;
use es_core::record::BoxError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::connect::error::ConnectError;
use crate::connect::sqlstate::{Class, HELD_UP, class};

/// A failure on a connection. Details of the server's messages are dropped, as they can quote a payload.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{message} (SQLSTATE {code})")]
    Server { code: String, message: String, fatal: bool },
    #[error("{0}")]
    Lost(String),
    /// The connection was lost before the last statement was sent completely.
    #[error("{0}")]
    Unsent(String),
    /// The connection failed in TLS.
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    Client(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().map_or_else(String::new, Cow::into_owned);
                let severity = database.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
                let fatal = matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic));
                Self::Server { code, message: database.message().to_owned(), fatal }
            }
            // Only writing fails with a broken pipe. The unwritten rest includes the message that commits, so
            // nothing was stored.
            sqlx::Error::Io(error) if error.kind() == ErrorKind::BrokenPipe => {
                Self::Unsent(error.to_string())
            }
            sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => Self::Tls(error.to_string()),
            sqlx::Error::Io(error) => Self::Lost(error.to_string()),
            sqlx::Error::Tls(error) => Self::Tls(error.to_string()),
            sqlx::Error::Protocol(text) => Self::Lost(text),
            other => Self::Client(other.to_string()),
        }
    }
}

/// Why a call ended without an outcome.
pub(crate) enum CallError {
    Failed(Failure),
    Refused(StoreError),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<sqlx::Error> for CallError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// Whether the connection is gone.
    pub(crate) const fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Unsent(_) | Self::Tls(_) | Self::Server { fatal: true, .. })
    }

    /// Whether the session is unusable, although the connection may still be open.
    pub(crate) fn ends_session(&self) -> bool {
        self.is_lost() || self.class() == Some(Class::NewSession)
    }

    fn class(&self) -> Option<Class> {
        match self {
            Self::Server { code, .. } => Some(class(code)),
            _ => None,
        }
    }

    /// Whether the outcome of the last statement is unknown.
    pub(crate) const fn has_unknown_outcome(&self) -> bool {
        self.is_lost() && !self.is_unsent()
    }

    /// Whether the last statement was not sent, so that it had no effect.
    pub(crate) const fn is_unsent(&self) -> bool {
        matches!(self, Self::Unsent(_))
    }

    /// Whether the server ended the transaction because of a deadlock.
    pub(crate) fn is_deadlock(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == "40P01")
    }

    /// Whether the statement hit `lock_timeout`; nothing was written.
    pub(crate) fn is_held_up(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == HELD_UP)
    }

    /// Whether an append was refused because its command was decided before without events; nothing was
    /// written.
    pub(crate) fn is_decided(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == "ES003")
    }

    /// Whether the name ids in an append belong to another history; nothing was written.
    pub(crate) fn is_of_another_history(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == "ES010")
    }

    /// Whether the role lacks a privilege.
    pub(crate) fn is_not_granted(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == "42501")
    }

    /// Whether the transaction of a statement has ended: its token, its savepoint or any transaction at all
    /// was missing.
    pub(crate) fn is_of_ended_transaction(&self) -> bool {
        matches!(self, Self::Server { code, .. } if matches!(code.as_str(), "ES009" | "25P01" | "3B001"))
    }

    /// Whether a statement was refused because an earlier one in its transaction failed.
    pub(crate) fn is_of_failed_transaction(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == "25P02")
    }

    /// Converts a failure while a store is opened.
    pub(crate) fn opening(self, opening: &Opening<'_>) -> ConnectError {
        let schema = || opening.schema.to_owned();
        let Self::Server { code, message, .. } = &self else {
            return match self {
                Self::Lost(_) | Self::Unsent(_) if !opening.connected => {
                    ConnectError::NoServer { address: opening.address.to_owned(), source: self.into() }
                }
                Self::Tls(_) if !opening.connected => {
                    ConnectError::Tls { address: opening.address.to_owned(), source: self.into() }
                }
                Self::Lost(_) | Self::Unsent(_) | Self::Tls(_) => ConnectError::Lost { source: self.into() },
                _ => ConnectError::Failed { source: self.into() },
            };
        };
        match code.as_str() {
            "28000" | "28P01" => {
                ConnectError::AuthenticationFailed { user: opening.user.to_owned(), source: self.into() }
            }
            "3D000" => ConnectError::DatabaseMissing { database: opening.database.to_owned() },
            "3F000" | "42P01" | "42703" => {
                ConnectError::NotMigrated { schema: schema(), found: 0, needed: opening.needed }
            }
            "42501" => ConnectError::NotGranted {
                schema: schema(),
                role: opening.user.to_owned(),
                source: self.into(),
            },
            // PgBouncer's error; no server returns it.
            "08P01" if message.contains("unsupported startup parameter") => ConnectError::Pooler,
            "53300" | "57P03" => ConnectError::Busy { source: self.into() },
            "25006" => ConnectError::ReadOnly,
            _ if self.is_lost() => ConnectError::Lost { source: self.into() },
            code => match class(code) {
                Class::Retry | Class::Scarce | Class::NewSession => {
                    ConnectError::Interrupted { source: self.into() }
                }
                Class::Setup | Class::Fault => ConnectError::Failed { source: self.into() },
            },
        }
    }
}

impl Failure {
    /// Converts a failure while a schema is migrated, when a missing table is not a sign of a missing
    /// migration.
    pub(crate) fn migrating(self, opening: &Opening<'_>) -> ConnectError {
        match &self {
            Self::Server { code, fatal: false, .. } if class(code) == Class::Setup && code != "42501" => {
                ConnectError::Failed { source: self.into() }
            }
            _ => self.opening(opening),
        }
    }
}

/// What is being opened, for the error message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    pub(crate) address: &'a str,
    pub(crate) user: &'a str,
    pub(crate) database: &'a str,
    pub(crate) schema: &'a str,
    pub(crate) needed: i32,
    pub(crate) connected: bool,
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        if failure.is_lost() {
            return Self::Unavailable { source: failure.into() };
        }
        let Failure::Server { code, .. } = &failure else {
            return Self::Backend { source: failure.into(), retryable: false };
        };
        match (class(code), code.as_str()) {
            (_, "25P01") => Self::NoTransaction,
            (Class::Scarce | Class::NewSession, _) => Self::Unavailable { source: failure.into() },
            (Class::Retry, _) => Self::Backend { source: failure.into(), retryable: true },
            (Class::Setup, _) => Self::Setup { source: failure.into() },
            (Class::Fault, _) => Self::Backend { source: failure.into(), retryable: false },
        }
    }
}

/// The error of an answer that is not what the store's functions return.
#[cold]
pub(crate) fn unexpected(error: impl Into<BoxError>) -> StoreError {
    StoreError::Backend { source: error.into(), retryable: false }
}
