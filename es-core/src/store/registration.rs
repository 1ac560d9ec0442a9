//! The event versions that a writer registers with its store.

use std::collections::HashMap;

use crate::error::StoreError;
use crate::shape::Fingerprint;

/// A name and a version under which events are stored, with the fingerprint of their shape.
///
/// [`Catalogue::registrations`](crate::catalogue::Catalogue::registrations) makes those of an aggregate.
///
/// ```
/// use es_core::shape::Fingerprint;
/// use es_core::store::Registration;
/// use es_core::{EventStore, MemoryStore, StoreError};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let of = |shape| Registration::new("door.opened", 1).fingerprint(Fingerprint::EMPTY.with(shape));
/// store.register(&[of("payload: struct\n")]).await?;
/// let other = store.register(&[of("payload: struct\n  by: string\n")]).await;
/// assert!(matches!(other, Err(StoreError::SchemaConflict { .. })));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registration {
    /// The wire name.
    pub name: &'static str,
    /// The version.
    pub version: u32,
    /// The hash of the shape; `None` if it is unknown, as a part has no shape.
    pub fingerprint: Option<Fingerprint>,
    /// Whether this is a former name of the event. Events may or may not be stored under it, so it is
    /// compared with what the store has registered, and not registered itself.
    pub former: bool,
}

impl Registration {
    /// An event under its current name, with an unknown shape.
    #[must_use]
    pub const fn new(name: &'static str, version: u32) -> Self {
        Self { name, version, fingerprint: None, former: false }
    }

    /// The same with the hash of its shape.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: impl Into<Option<Fingerprint>>) -> Self {
        self.fingerprint = fingerprint.into();
        self
    }

    /// Rejects two events with one name and version but different fingerprints. For stores, in
    /// [`EventStore::register`](super::EventStore::register).
    ///
    /// # Errors
    ///
    /// [`StoreError::SchemaConflict`].
    pub fn check_all(events: &[Self]) -> Result<(), StoreError> {
        let mut known = HashMap::new();
        for &Self { name, version, fingerprint, .. } in events {
            let Some(found) = fingerprint else { continue };
            let registered = *known.entry((name, version)).or_insert(found);
            if registered != found {
                return Err(StoreError::SchemaConflict { name: name.into(), version, registered, found });
            }
        }
        Ok(())
    }

    /// The same as a former name of the event.
    #[must_use]
    pub const fn former(mut self, former: bool) -> Self {
        self.former = former;
        self
    }
}
