//! Reading the whole store: which events, how many at once, and how far a page went.

use std::borrow::Cow;

use super::Checkpoint;
use crate::model::{Aggregate, Event};

/// Which events of the whole store to read. Conditions of one kind are alternatives; both kinds must hold.
///
/// ```
/// # use es_core::store::Filter;
/// # use es_core::event;
///
/// #[event(name = "account.opened", was("account.created"))]
/// pub struct Opened { pub owner: String }
///
/// let openings = Filter::new().event::<Opened>();
/// assert!(openings.takes("account", "account.created"));
/// assert!(!openings.takes("account", "account.closed"));
/// assert!(Filter::new().takes("account", "account.closed"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// The categories, each with its former names. None: all categories.
    pub categories: Vec<CategoryNames>,
    /// The names of the events, former names included, in every version. None: all events.
    pub events: Vec<Cow<'static, str>>,
}

/// A category under all its names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CategoryNames {
    /// The name under which its streams are returned.
    pub name: Cow<'static, str>,
    /// Its former names.
    pub was: Cow<'static, [&'static str]>,
}

impl CategoryNames {
    /// Whether this is one of its names.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.name == name || self.was.contains(&name)
    }

    /// All its names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.name).chain(self.was.iter().copied())
    }
}

impl Filter {
    /// All events.
    #[must_use]
    pub const fn new() -> Self {
        Self { categories: Vec::new(), events: Vec::new() }
    }

    /// Also the streams of this category.
    #[must_use]
    pub fn category(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.categories.push(CategoryNames { name: name.into(), was: Cow::Borrowed(&[]) });
        self
    }

    /// Also the streams of this aggregate, under each of its names.
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.categories.push(CategoryNames { name: A::NAME.into(), was: A::WAS.into() });
        self
    }

    /// Also the events of this name, in every version.
    #[must_use]
    pub fn event_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.events.push(name.into());
        self
    }

    /// Also this event, under each of its names, in every version.
    #[must_use]
    pub fn event<E: Event>(mut self) -> Self {
        self.events.push(E::NAME.into());
        self.events.extend(E::WAS.iter().map(|was| Cow::Borrowed(*was)));
        self
    }

    /// Whether an event of this stored name, in a stream of this category, matches.
    #[must_use]
    pub fn takes(&self, category: &str, event: &str) -> bool {
        let category_fits = || self.categories.iter().any(|names| names.has(category));
        (self.events.is_empty() || self.events.iter().any(|name| name == event))
            && (self.categories.is_empty() || category_fits())
    }
}

/// The query of [`ReadAll::read_all`](super::ReadAll::read_all).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AllQuery<'a> {
    /// Only what comes after this checkpoint.
    pub after: Checkpoint,
    /// Which events.
    pub filter: &'a Filter,
    /// The maximum number of events.
    pub limit: usize,
    /// The maximum size of payloads and metadata in bytes, if there is more than one event.
    pub bytes: usize,
}

impl<'a> AllQuery<'a> {
    /// The events after a checkpoint, at most 1,000 of them, of any size.
    #[must_use]
    pub const fn after(checkpoint: Checkpoint, filter: &'a Filter) -> Self {
        Self { after: checkpoint, filter, limit: 1_000, bytes: usize::MAX }
    }

    /// At most this many, and at least one.
    #[must_use]
    pub const fn limit(mut self, most: usize) -> Self {
        self.limit = if most == 0 { 1 } else { most };
        self
    }

    /// At most this many bytes of payloads and metadata, and at least one event of any size. A page that ends
    /// for this reason ends with [`Rest::More`].
    #[must_use]
    pub const fn bytes(mut self, most: usize) -> Self {
        self.bytes = most;
        self
    }
}

/// How far a page of the whole store went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllPage {
    /// Where the next page begins: after the last event that was examined, whether it matched or not.
    pub checkpoint: Checkpoint,
    /// How many events were returned.
    pub events: usize,
    /// What comes after it.
    pub rest: Rest,
}

impl AllPage {
    /// A page that reached `checkpoint`.
    #[must_use]
    pub const fn new(checkpoint: Checkpoint, events: usize, rest: Rest) -> Self {
        Self { checkpoint, events, rest }
    }
}

/// What comes after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rest {
    /// There may be more events; continue reading at once.
    More,
    /// Nothing that can be read yet: a pending append holds back what follows it. Read again soon.
    Held,
    /// Nothing: this was the end.
    Nothing,
}
