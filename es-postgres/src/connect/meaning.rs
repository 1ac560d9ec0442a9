//! What an error while connecting means for the caller.

use std::fmt;

use es_core::StoreError;

use crate::connect::error::{ConnectError, TriedHost};

impl fmt::Display for TriedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.error)
    }
}

impl ConnectError {
    /// Whether the server, or one of several, accepts no more connections.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::NoHost { tried, .. } => tried.iter().any(|tried| tried.error.is_busy()),
            error => matches!(error, Self::Busy { .. }),
        }
    }

    /// Whether opening the store can succeed later without any change. Of several servers, one such error is
    /// enough.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        if let Self::NoHost { tried, .. } = self {
            return tried.iter().any(|tried| tried.error.is_retryable());
        }
        matches!(
            self,
            Self::NoServer { .. }
                | Self::NotWanted { .. }
                | Self::Busy { .. }
                | Self::Lost { .. }
                | Self::Interrupted { .. }
                | Self::Standby
                | Self::ReadOnly
        )
    }
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        let error = match error {
            ConnectError::Refused { source } => return *source,
            error => error,
        };
        let retryable = error.is_retryable();
        let source = Box::new(error);
        if retryable { Self::Unavailable { source } } else { Self::Setup { source } }
    }
}
