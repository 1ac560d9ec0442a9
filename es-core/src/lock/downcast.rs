//! What programs read that know only the previous version: with `write_as`, what is written of an event.

use super::code::{Code, Entry};
use super::findings::Finding;
use super::payloads::Folder;
use super::published::Published;
use super::reader::{Written, replayed};
use super::today::{Unclear, first_difference};
use crate::codec::Exact;

/// What is written of one payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Downcast {
    /// The version that it is read as; nothing else is written.
    Itself,
    /// The previous version cannot express it.
    Refused,
    As(Written),
}

impl Downcast {
    /// Downcasts twice: a result that differs is not locked.
    pub(super) fn of(code: &Code, entries: &[&Entry], stored: &Written) -> Result<Self, Unclear> {
        let Some((reader, downcast)) = entries.iter().find_map(|entry| entry.downcast) else {
            return Ok(Self::Itself);
        };
        let read = || match replayed(reader, downcast, stored).map_err(Unclear::Unread)? {
            Some(written) => Ok(Self::As(code.in_order(written))),
            None => Ok(Self::Refused),
        };
        let (once, again) = (read()?, read()?);
        match once.difference_from(&again) {
            Some(difference) => Err(Unclear::Unsteady(reader, difference)),
            None => Ok(once),
        }
    }

    pub(super) const fn written(&self) -> Option<&Written> {
        match self {
            Self::As(written) => Some(written),
            _ => None,
        }
    }

    /// As it stands in a file; nothing where nothing else is written.
    pub(super) fn in_file(&self) -> Option<Exact> {
        match self {
            Self::Itself => None,
            Self::Refused => Some(Exact::NULL),
            Self::As(Written { version, payload, .. }) => {
                Some([("version", (*version).into()), ("payload", payload.clone())].into_iter().collect())
            }
        }
    }

    /// What stands in a file of an event of this name; `None` where that cannot be read.
    pub(super) fn from_file(code: &Code, name: &str, written: Option<&Exact>) -> Option<Self> {
        match written {
            None => Some(Self::Itself),
            Some(null) if *null == Exact::NULL => Some(Self::Refused),
            Some(written) => {
                let (version, payload) = (written.get("version")?.as_u32()?, written.get("payload")?.clone());
                Some(Self::As(code.in_order(Written { name: name.to_owned(), version, payload })))
            }
        }
    }

    /// How something else is written than `before`, in words, for the same readers.
    pub(super) fn difference_from(&self, before: &Self) -> Option<String> {
        match (before, self) {
            (Self::As(before), Self::As(now)) if before.version == now.version => {
                first_difference(&before.payload, &now.payload, "")
            }
            (Self::Refused, Self::As(_)) => Some("it was refused and is written".into()),
            (Self::As(_), Self::Refused) => Some("it was written and is refused".into()),
            _ => None,
        }
    }
}

/// Another thing that is written of payloads of one version, the first of them with its number.
pub(super) fn changed(
    code: &Code,
    published: &Published,
    entries: &[&Entry],
    (at, stored, difference): &(usize, Exact, String),
) -> Finding {
    let file = Folder::name(published);
    let step = entries.first().and_then(|entry| {
        let (version, newest) = entry.newest;
        let (_, before) = code.version_of(entry.shape.name(), version.checked_sub(1)?)?;
        Some(format!("`DowncastTo<{}> for {newest}`", before.shape.struct_name()))
    });
    Finding::new(format!(
        "payload {} of {file} is written differently now for programs that know only the version before: \
         {difference}\n  stored: {stored}\n\
         It comes from {}, or from the code that writes the version before.\n\
         Events that are stored already were written as it was. Put that back.\n\
         If events are to be written like this from now on, `ES_LOCK=update cargo test` writes it into \
         {file}.",
        at + 1,
        step.unwrap_or_else(|| "the step down".into()),
    ))
}
