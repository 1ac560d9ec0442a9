//! What went wrong, as one sentence and an exit code.

use std::fmt::Display;
use std::process::ExitCode;

use es_core::StoreError;
use es_core::projection::ProjectorError;

use super::note::note;
use crate::import::ImportError;
use crate::read_models::FiguresError;
use crate::show::ShowError;

/// Why the program ends without having done what it was asked for.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    message: Option<String>,
}

impl Failure {
    /// The input is at fault.
    pub(super) fn input(message: impl Display) -> Self {
        Self { code: 1, message: Some(message.to_string()) }
    }

    /// The store, or something else around the program, is at fault.
    pub(super) fn unable(message: impl Display) -> Self {
        Self { code: 2, message: Some(message.to_string()) }
    }

    /// Ctrl-C.
    pub(super) const fn interrupted() -> Self {
        Self { code: 130, message: None }
    }

    /// Nobody reads the output any more: nothing is left to do, and nobody is left to tell.
    pub(super) const fn closed_output() -> Self {
        Self { code: 0, message: None }
    }

    /// Says what went wrong.
    pub(super) fn report(&self) -> ExitCode {
        if let Some(message) = &self.message {
            note(&format!("error: {message}"));
        }
        ExitCode::from(self.code)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::unable(error)
    }
}

impl From<ProjectorError> for Failure {
    fn from(error: ProjectorError) -> Self {
        Self::unable(error)
    }
}

impl From<FiguresError> for Failure {
    fn from(error: FiguresError) -> Self {
        Self::unable(error)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Open { .. } | ImportError::Read { .. } | ImportError::Bad { .. } => {
                Self::input(error)
            }
            ImportError::Store { .. } | ImportError::Behind { .. } => Self::unable(error),
        }
    }
}

impl From<ShowError> for Failure {
    fn from(error: ShowError) -> Self {
        match error {
            ShowError::Unknown { .. } | ShowError::NoRevision { .. } => Self::input(error),
            ShowError::Store(error) => error.into(),
        }
    }
}
