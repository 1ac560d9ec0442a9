//! The first version of the four events that have changed since.

use es_core::event;
use es_core::shape::{Shape, Type, Types};
use serde::{Deserialize, Serialize};

use crate::domain::{Euros, UnknownWorkItem, WorkItem};

/// The customer asked for a loan.
#[event(name = "loan.submitted", version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// How much, in whole euros.
    pub euros: Euros,
}

/// A work item is to be done.
#[event(name = "loan.work.scheduled", version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkScheduled {
    /// Which.
    pub name: DutchName,
}

/// Somebody began with a work item.
#[event(name = "loan.work.started", version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkStarted {
    /// Which.
    pub name: DutchName,
}

/// A work item was done, or closed.
#[event(name = "loan.work.completed", version = 1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCompleted {
    /// Which.
    pub name: DutchName,
}

/// A work item by its Dutch name, which is what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DutchName(pub WorkItem);

impl From<DutchName> for String {
    fn from(name: DutchName) -> Self {
        name.0.dutch().into()
    }
}

impl TryFrom<String> for DutchName {
    type Error = UnknownWorkItem;

    fn try_from(name: String) -> Result<Self, UnknownWorkItem> {
        WorkItem::from_dutch(&name).map(Self)
    }
}

/// Text, as in what today's program reads it into.
impl Shape for DutchName {
    fn shape(types: &mut Types) -> Type {
        String::shape(types)
    }
}
