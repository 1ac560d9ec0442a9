//! The current meaning of a stored payload: the events that its readers make of it.

use super::code::{Code, Entry};
use super::file;
use super::published::Published;
use super::reader::{Reader, Written, as_version, replayed};
use crate::codec::Exact;

/// What each reader makes of one stored payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Today(Vec<(Reader, Vec<Written>)>);

/// Why it has no current meaning.
#[derive(Debug)]
pub(super) enum Unclear {
    /// A reader cannot read it.
    Unread(String),
    /// It is not deterministic.
    Unsteady(Reader, String),
}

impl Today {
    /// Reads twice: a result that differs is not locked.
    pub(super) fn of(code: &Code, entries: &[&Entry], stored: &Written) -> Result<Self, Unclear> {
        let mut all = Vec::new();
        for (reader, replay) in entries.iter().flat_map(|entry| &entry.readers) {
            let read = || {
                let written = replayed(*reader, *replay, stored).map_err(Unclear::Unread)?;
                Ok(written.into_iter().map(|written| code.in_order(written)).collect::<Vec<_>>())
            };
            let (once, again) = (read()?, read()?);
            if let Some(difference) = difference(&once, &again) {
                return Err(Unclear::Unsteady(*reader, difference));
            }
            all.push((*reader, once));
        }
        all.sort_by_key(|(reader, _)| *reader);
        Ok(Self(all))
    }

    /// The first event of the first reader, where every reader makes this one event of it and nothing else.
    fn itself(&self, name: &str) -> Option<&Written> {
        let [first, others @ ..] = &self.0[..] else { return None };
        let [written] = &first.1[..] else { return None };
        let is_same = others.iter().all(|other| other.1 == first.1);
        (written.name == name && is_same).then_some(written)
    }

    /// Everything that a reader makes of it, as it is written.
    pub(super) fn written(&self) -> impl Iterator<Item = &Written> {
        self.0.iter().flat_map(|(_, written)| written)
    }

    /// What is read, where it should be the same, of what the code writes: how that differs, in words.
    pub(super) fn read_again(&self, code: &Code, entries: &[&Entry]) -> Option<String> {
        let events = self.0.iter().flat_map(|(reader, written)| {
            written.iter().map(|written| (Some(reader.in_file()), written.clone()))
        });
        let written = LockedPayload { itself: false, events: events.collect() };
        match written.read(code, entries) {
            Ok(again) => again.difference_from(&written).map(|difference| difference.text),
            Err(Unclear::Unread(problem)) => Some(problem),
            Err(Unclear::Unsteady(_, difference)) => Some(difference),
        }
    }

    /// As it stands in a file: the payload with its version, or else a list of events.
    pub(super) fn in_file(&self, name: &str) -> (Exact, Option<u32>) {
        if let Some(written) = self.itself(name) {
            return (written.payload.clone(), Some(written.version));
        }
        let all_same = self.0.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let readers = if all_same { self.0.get(..1).unwrap_or_default() } else { &self.0[..] };
        let events = readers.iter().flat_map(|(reader, events)| {
            events.iter().map(move |Written { name, version, payload }| {
                let reader = (!all_same).then(|| ("reader", Exact::from(&*reader.in_file())));
                let event = [
                    ("name", name.as_str().into()),
                    ("version", (*version).into()),
                    ("payload", payload.clone()),
                ];
                event.into_iter().chain(reader).collect::<Exact>()
            })
        });
        (events.collect(), None)
    }

    /// How this differs from what was locked, in words.
    pub(super) fn difference_from(&self, locked: &LockedPayload) -> Option<Difference> {
        self.0.iter().find_map(|(reader, now)| {
            let before = locked.of(*reader);
            let text = difference(&before, now)?;
            let payload = |written: &[Written]| match written {
                [one] => one.payload.clone(),
                several => several.iter().map(Written::in_file).collect(),
            };
            Some(Difference { reader: *reader, text, meant: payload(&before), means: payload(now) })
        })
    }
}

/// A meaning that has changed.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) reader: Reader,
    /// The first difference, in words.
    pub(super) text: String,
    pub(super) meant: Exact,
    pub(super) means: Exact,
}

/// What was locked of one payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LockedPayload {
    /// The event itself, in its earlier version.
    itself: bool,
    /// The events, each for one reader or for all.
    events: Vec<(Option<String>, Written)>,
}

impl LockedPayload {
    pub(super) fn itself(name: &str, version: u32, payload: Exact) -> Self {
        Self { itself: true, events: vec![(None, Written { name: name.to_owned(), version, payload })] }
    }

    /// A list as it stands in a file.
    pub(super) fn events(list: &Exact) -> Option<Self> {
        let event = |event: &Exact| {
            let text = |key: &str| Some(event.get(key)?.as_str()?.to_owned());
            let version = event.get("version")?.as_u32()?;
            let payload = event.get("payload")?.clone();
            Some((text("reader"), Written { name: text("name")?, version, payload }))
        };
        let events = list.as_array()?.iter().map(event).collect::<Option<Vec<_>>>()?;
        Some(Self { itself: false, events })
    }

    /// With sets in order, so that it can be compared.
    pub(super) fn in_order(self, code: &Code) -> Self {
        let events = self.events.into_iter().map(|(reader, written)| (reader, code.in_order(written)));
        Self { events: events.collect(), ..self }
    }

    fn of(&self, reader: Reader) -> Vec<Written> {
        let in_file = reader.in_file();
        let is_of = |of: &Option<String>| of.as_ref().is_none_or(|of| *of == in_file);
        self.events.iter().filter(|(of, _)| is_of(of)).map(|(_, written)| written.clone()).collect()
    }

    /// Whether it is written in versions, or under names, that are not the current ones.
    pub(super) fn is_of_before(&self, code: &Code, entries: &[&Entry]) -> bool {
        let is_retired = entries.iter().any(|entry| entry.is_retired);
        let is_current = |written: &Written| {
            code.newest(&written.name).is_some_and(|(version, _)| version == written.version)
                && code.present(&written.name).any(|name| name == written.name)
        };
        self.itself && is_retired || !self.events.iter().all(|(_, written)| is_current(written))
    }

    /// Whether it holds types that have changed since, as their history says.
    pub(super) fn has_new_history(&self, code: &Code, lock: &file::Locked) -> bool {
        let of = |written: &Written| Published { name: written.name.clone(), version: written.version };
        self.events.iter().any(|(_, written)| code.has_new_history(&of(written), lock))
    }

    /// Whether it is written in a published version that the code does not know.
    pub(super) fn is_beyond(&self, code: &Code, lock: &file::Locked) -> bool {
        self.events.iter().any(|(_, written)| {
            let is_it = |published: &Published| {
                published.version == written.version
                    && code.present(&published.name).eq(code.present(&written.name))
            };
            let newest = code.newest(&written.name);
            newest.is_none_or(|(newest, _)| newest < written.version) && lock.entries.keys().any(is_it)
        })
    }

    /// How a stored payload differs from this, if it is read and written as the earlier version.
    /// `None` where that cannot be asked.
    pub(super) fn again(
        &self,
        code: &Code,
        entries: &[&Entry],
        stored: &Written,
    ) -> Option<Result<Option<Difference>, String>> {
        let [(None, before)] = &self.events[..] else { return None };
        let (reader, _) = entries.iter().flat_map(|entry| &entry.readers).next()?;
        let present = code.present(&before.name).next()?;
        let (published, entry) = code.version_of(present, before.version).filter(|_| self.itself)?;
        let now = as_version(*reader, (published, entry.as_itself?), stored);
        Some(now.map(|now| {
            let now = code.in_order(now);
            let text = first_difference(&before.payload, &now.payload, "")?;
            let meant = before.payload.clone();
            Some(Difference { reader: *reader, text, meant, means: now.payload })
        }))
    }

    /// What it means today if it is read as an event that is stored.
    pub(super) fn read(&self, code: &Code, entries: &[&Entry]) -> Result<Today, Unclear> {
        let mut all = Vec::new();
        for (reader, replay) in entries.iter().flat_map(|entry| &entry.readers) {
            let mut events = Vec::new();
            for written in self.of(*reader) {
                let again = replayed(*reader, *replay, &written).map_err(Unclear::Unread)?;
                events.extend(again.into_iter().map(|written| code.in_order(written)));
            }
            all.push((*reader, events));
        }
        all.sort_by_key(|(reader, _)| *reader);
        Ok(Today(all))
    }
}

impl Written {
    fn in_file(&self) -> Exact {
        let Self { name, version, payload } = self;
        let event =
            [("name", name.as_str().into()), ("version", (*version).into()), ("payload", payload.clone())];
        event.into_iter().collect()
    }
}

/// The stored payload of a published version.
pub(super) fn stored(published: &Published, payload: &Exact) -> Written {
    Written { name: published.name.clone(), version: published.version, payload: payload.clone() }
}

/// The first difference between two lists of events.
fn difference(before: &[Written], now: &[Written]) -> Option<String> {
    let listed = |events: &[Written]| match events {
        [] => "no event".to_owned(),
        events => events.iter().map(|event| format!("`{}`", event.name)).collect::<Vec<_>>().join(", "),
    };
    let of = |events: &[Written]| -> Vec<(String, u32)> {
        events.iter().map(|event| (event.name.clone(), event.version)).collect()
    };
    if of(before) != of(now) {
        let (was, is) = (listed(before), listed(now));
        return Some(match was == is {
            true => "another version".into(),
            false => format!("it was {was} and is {is}"),
        });
    }
    before.iter().zip(now).find_map(|(before, now)| first_difference(&before.payload, &now.payload, ""))
}

/// The path to the first value that differs, and how.
pub(super) fn first_difference(before: &Exact, now: &Exact, way: &str) -> Option<String> {
    let at = |key: &str| if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
    match (before, now) {
        (Exact::Object(before), Exact::Object(now)) => {
            for (key, value) in before {
                let Some(other) = now.get(key) else { return Some(format!("`{}` is gone", at(key))) };
                if let Some(difference) = first_difference(value, other, &at(key)) {
                    return Some(difference);
                }
            }
            let new = now.keys().find(|key| !before.contains_key(*key))?;
            Some(format!("`{}` is new", at(new)))
        }
        (Exact::Array(before), Exact::Array(now)) if before.len() == now.len() => {
            let pairs = before.iter().zip(now).enumerate();
            pairs
                .into_iter()
                .find_map(|(place, (before, now))| first_difference(before, now, &at(&place.to_string())))
        }
        _ if before == now => None,
        // The files are the project's own, generated from shapes, so their values may be shown.
        _ if way.is_empty() => Some(format!("it was {before} and is {now}")),
        _ => Some(format!("`{way}` was {before} and is {now}")),
    }
}
