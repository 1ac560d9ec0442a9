//! The point at which an application is looked at.

use std::fmt;
use std::str::FromStr;

use es_core::Revision;
use es_core::time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The point at which an application is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum At {
    /// After its last event.
    #[default]
    End,
    /// After this event.
    Revision(Revision),
    /// After what had occurred by then.
    Time(OffsetDateTime),
}

/// Text that is neither a revision nor a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a revision from 1 on, or a time by RFC 3339 such as 2011-10-01T12:00:00+02:00")]
pub struct InvalidAt;

impl At {
    pub(super) fn covers(self, revision: Revision, occurred: OffsetDateTime) -> bool {
        match self {
            Self::End => true,
            Self::Revision(last) => revision <= last,
            Self::Time(time) => occurred <= time,
        }
    }
}

impl FromStr for At {
    type Err = InvalidAt;

    fn from_str(text: &str) -> Result<Self, InvalidAt> {
        if let Ok(number) = text.parse::<u64>() {
            return if number > 0 { Ok(Self::Revision(Revision::new(number))) } else { Err(InvalidAt) };
        }
        OffsetDateTime::parse(text, &Rfc3339).map(Self::Time).map_err(|_| InvalidAt)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => Ok(()),
            Self::Revision(revision) => write!(f, " up to revision {revision}"),
            Self::Time(time) => write!(f, " as of {}", time.format(&Rfc3339).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_revision_or_a_time() {
        assert_eq!("7".parse(), Ok(At::Revision(Revision::new(7))));
        let time = time::macros::datetime!(2011-10-01 12:00 +2);
        assert_eq!("2011-10-01T12:00:00+02:00".parse(), Ok(At::Time(time)));
        for bad in ["0", "-1", "", "yesterday", "2011-10-01"] {
            assert_eq!(bad.parse::<At>(), Err(InvalidAt));
        }
    }
}
