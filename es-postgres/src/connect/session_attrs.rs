//! Which servers are suitable: libpq's `target_session_attrs`.

use std::str::FromStr;

use es_core::record::BoxError;

use crate::connect::error::ConnectError;

/// The parameter that says which servers are suitable.
pub(crate) const ATTRS: &str = "target_session_attrs";

/// How a store uses its servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Reads and appends.
    Write,
}

/// The values of `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// The role of a server, as a session sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) standby: bool,
    pub(crate) read_only: bool,
}

/// Whether a session is the best match, or only used if there is no better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Best,
    SecondBest,
}

impl FromStr for Wanted {
    type Err = BoxError;

    fn from_str(name: &str) -> Result<Self, BoxError> {
        let all =
            [Self::Any, Self::ReadWrite, Self::ReadOnly, Self::Primary, Self::Standby, Self::PreferStandby];
        let found = all.into_iter().find(|wanted| wanted.name() == name);
        found.ok_or_else(|| {
            let names = all.map(Self::name).join(", ");
            format!("{ATTRS} is {name:?}, but must be one of {names}").into()
        })
    }
}

impl Wanted {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        }
    }

    /// Whether a store that writes can be opened with it.
    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Any | Self::ReadWrite | Self::Primary)
    }

    /// Whether at most one server is suitable at a time, so that the order does not matter.
    pub(crate) const fn is_of_one(self) -> bool {
        matches!(self, Self::ReadWrite | Self::Primary)
    }

    /// Whether a session is suitable.
    pub(crate) fn takes(self, role: Role) -> Result<Fit, ConnectError> {
        match (self, role) {
            (Self::ReadWrite | Self::Primary, Role { standby: true, .. }) => Err(ConnectError::Standby),
            (Self::ReadWrite, Role { read_only: true, .. }) => Err(ConnectError::ReadOnly),
            (Self::ReadOnly, Role { standby: false, read_only: false })
            | (Self::Standby, Role { standby: false, .. }) => {
                Err(ConnectError::NotWanted { wanted: self.name() })
            }
            (Self::PreferStandby, Role { standby: false, .. }) => Ok(Fit::SecondBest),
            _ => Ok(Fit::Best),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_session_is_suitable_for_the_right_values() {
        let primary = Role { standby: false, read_only: false };
        let fenced = Role { standby: false, read_only: true };
        let standby = Role { standby: true, read_only: true };
        for (wanted, takes) in [
            (Wanted::Any, [true, true, true]),
            (Wanted::ReadWrite, [true, false, false]),
            (Wanted::ReadOnly, [false, true, true]),
            (Wanted::Primary, [true, true, false]),
            (Wanted::Standby, [false, false, true]),
        ] {
            let taken = [primary, fenced, standby].map(|role| wanted.takes(role).is_ok());
            assert_eq!(taken, takes, "{wanted:?}");
        }
        let fits = [primary, standby].map(|role| Wanted::PreferStandby.takes(role).ok());
        assert_eq!(fits, [Some(Fit::SecondBest), Some(Fit::Best)]);
    }
}
