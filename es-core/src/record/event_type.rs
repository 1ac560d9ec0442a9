//! Name and version of an event.

/// Name and version of one event type, as written by the running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct EventType {
    /// The wire name.
    pub name: &'static str,
    /// The version.
    pub version: u32,
    /// The version under which it is stored: the same or, with `write_as`, the previous one.
    pub written: u32,
}
